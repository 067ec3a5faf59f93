// SPDX-License-Identifier: Apache-2.0
#include "python/requirements.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Requirements files: what is read from them, and where errors are said to be. */

#define H64 "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF"

static bool read_text(struct requirements *r, const char *dir, const char *text, size_t len,
		      struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/req.txt", dir);

	if (!fs_write_path_atomic(path, text, len, 0644, err))
		fail_msg("%s", err->msg);
	return requirements_read(r, path, err);
}

/* "name specifiers [path] #hashes (c) @line" of each, ";" between. */
static void show(struct buf *out, const struct requirements *r)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct requirement_line *line = &r->items[i];

		buf_put(out, i ? "; " : "");
		requirement_format(out, &line->requirement);
		if (line->path)
			buf_putf(out, " path %s", line->path);
		if (line->url)
			buf_putf(out, " url %s", line->url);
		if (line->hash_count)
			buf_putf(out, " #%zu", line->hash_count);
		if (line->is_constraint)
			buf_put(out, " (c)");
		if (line->requirement.marker) {
			buf_put(out, " if ");
			marker_format(out, line->requirement.marker);
		}
		buf_putf(out, " @%d", line->line);
	}
}

static void files_are_read_as_pip_does(void **state)
{
	static const char *const cases[][2] = {
		{ "", "" },
		{ "\n\n  \n# only a comment\n   # another\n", "" },
		{ "a\nb==1\n", "a @1; b==1 @2" },
		{ "a", "a @1" },
		{ "\xef\xbb\xbf"
		  "a\n",
		  "a @1" },
		{ "a\r\nb\rc\n", "a @1; b @2; c @3" },
		{ "a # comment\nb#no-comment-but-bad", NULL },
		{ "a>=1 # x\n", "a>=1 @1" },
		{ "a\t# x\n", "a @1" },
		{ "a>=1,\\\n<2\nb", "a<2,>=1 @1; b @3" },
		{ "a \\\n  # a comment ends it\nb", "a @1; b @3" },
		{ "# comment \\\na", "a @2" },
		{ "a # comment \\\nb", "a @1" },
		{ "a \\", "a @1" },
		{ "  a  ", "a @1" },
		{ "a[x,Y_z]~=1.2 ; python_version < '3'",
		  "a[x,y-z]~=1.2 if python_version < \"3\" @1" },
		{ "a==1 --hash=sha256:" H64 "\n", "a==1 #1 @1" },
		{ "a==1 \\\n  --hash=sha256:" H64 " \\\n  --hash sha384:" H64
		  "00112233445566778899aabbccddeeff\n",
		  "a==1 #2 @1" },
		{ "a==1 ; os_name == 'posix' --hash=sha512:" H64 H64 "\n",
		  "a==1 #1 if os_name == \"posix\" @1" },
		{ "--hash=sha256:" H64 "\na\n", "a @2" },
		{ "a --global-option=x --config-settings 'k=v w' -C x\n", "a @1" },
		{ "./a-1-py3-none-any.whl", "a path ./a-1-py3-none-any.whl @1" },
		{ "sub/a-1-py3-none-any.whl[x] ; os_name == 'posix'",
		  "a[x] path sub/a-1-py3-none-any.whl if os_name == \"posix\" @1" },
		{ "A_b-1-py3-none-any.whl", "A_b path A_b-1-py3-none-any.whl @1" },
		{ "a @ file:///x%20y/a-1-py3-none-any.whl#sha256=" H64 "&egg=a",
		  "a @ file:///x%20y/a-1-py3-none-any.whl#sha256=" H64
		  "&egg=a path /x y/a-1-py3-none-any.whl #1 @1" },
		{ "a@file:///x/a-1-py3-none-any.whl",
		  "a @ file:///x/a-1-py3-none-any.whl path /x/a-1-py3-none-any.whl @1" },
		{ "file:/x/a-1-py3-none-any.whl", "a path /x/a-1-py3-none-any.whl @1" },
		{ "a-1.whl.whl ", NULL },
		{ "a ;\nb [x] @ https://h/d/b-1-py3-none-any.whl?q#sha256=" H64
		  " ; os_name == 'posix'\nhttps://h/c%2D1-py3-none-any.whl; os_name == 'x'",
		  "a @1; b[x] @ https://h/d/b-1-py3-none-any.whl?q#sha256=" H64
		  " url https://h/d/b-1-py3-none-any.whl?q #1 if os_name == \"posix\" @2; "
		  "c url https://h/c%2D1-py3-none-any.whl if os_name == \"x\" @3" },
		{ "a\vb\fc\x1c"
		  "d\xc2\x85"
		  "e",
		  "a @1; b @2; c @3; d @4; e @5" },
		{ "--no-b :all:\n--only-binary=a --no-binary ':none:'\n--index https://h/\na",
		  "a @4" },
		{ "${RTBUILD_TEST_NAME}==${RTBUILD_TEST_VERSION}", "fromenv==7 @1" },
		{ "a ; os_name == '${RTBUILD_TEST_UNSET}${lower}$RTBUILD_TEST_NAME${}'",
		  "a if os_name == \"${RTBUILD_TEST_UNSET}${lower}$RTBUILD_TEST_NAME${}\" @1" },
		{ "--only-binary :all:\n--prefer-binary\n--trusted-host "
		  "x\n--use-feature=truststore\n"
		  "--no-binary :none:\na",
		  "a @6" },
	};

	(void)state;
	setenv("RTBUILD_TEST_NAME", "fromenv", 1);
	setenv("RTBUILD_TEST_VERSION", "7", 1);
	unsetenv("RTBUILD_TEST_UNSET");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		AUTO(requirements_free) struct requirements r = { 0 };
		AUTO(buf_free) struct buf text = BUF_INIT(1 << 16);
		struct err err = { 0 };
		bool ok;

		assert_true(fs_tmpdir_open(&dir, &err));
		ok = read_text(&r, dir.path, cases[i][0], strlen(cases[i][0]), &err);
		if (ok != (cases[i][1] != NULL))
			fail_msg("case %zu: %s", i, err.msg);
		show(&text, &r);
		if (ok && !str_eq(text.ptr, cases[i][1]))
			fail_msg("case %zu: %s", i, text.ptr);
	}
}

static void options_are_noted(void **state)
{
	static const char text[] =
		"-i https://one/simple\n--extra-index-url=https://two/simple\n"
		"-f https://three/wheels -f wheels\n--find-links '/abs dir'\n"
		"--find-links=file:///x%20y\n-fnot-beside\n --pre\n"
		"--all-releases b,C_d --only-final e\na --pre\n--require-hashes\n";
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(requirements_free) struct requirements r = { 0 };
	AUTO(auto_free) char *beside = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	beside = mem_printf("%s/wheels", dir.path);
	assert_true(fs_mkdir_p(dir.fd, "wheels", 0755, FS_BENEATH, &err));
	if (!read_text(&r, dir.path, text, strlen(text), &err))
		fail_msg("%s", err.msg);
	assert_string_equal(r.index_url, "https://one/simple");
	assert_int_equal(r.extra_indexes.len, 1);
	assert_string_equal(r.extra_indexes.items[0], "https://two/simple");
	assert_int_equal(r.find_links.len, 5);
	assert_string_equal(r.find_links.items[0], "https://three/wheels");
	assert_string_equal(r.find_links.items[1], beside);
	assert_string_equal(r.find_links.items[2], "/abs dir");
	assert_string_equal(r.find_links.items[3], "/x y");
	assert_string_equal(r.find_links.items[4], "not-beside");
	assert_true(!r.no_index && r.prereleases && r.require_hashes);
	assert_int_equal(requirements_prereleases(&r, "c-d"), PRERELEASES_ALLOWED);
	assert_int_equal(requirements_prereleases(&r, "e"), PRERELEASES_REFUSED);
	assert_int_equal(requirements_prereleases(&r, "z"), PRERELEASES_ALLOWED);
	assert_int_equal(r.notes.len, 1);
	assert_non_null(strstr(r.notes.items[0], "--pre is ignored behind a requirement"));
}

static void builds_are_refused_by_name(void **state)
{
	static const struct {
		const char *text, *refused; /* of a, b and c */
		int line;
	} cases[] = {
		{ "", "", 0 },
		{ "\n--no-binary :all:\n", "abc", 2 },
		{ "--no-binary A\n", "a", 1 },
		{ "--no-binary a,b\n--only-binary b\n", "a", 1 },
		{ "--no-binary :all:\n--only-binary b\n", "ac", 1 },
		{ "--no-binary :all:\n--only-binary :all:\n", "", 0 },
		{ "--no-binary :all:\n--no-binary :none:\n", "", 0 },
		{ "--no-binary :all:,:none:,c\n", "c", 1 },
		{ "--no-binary a,:all:,b\n", "abc", 1 },
		{ "--only-binary :all:\n--no-binary b\n", "b", 2 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		AUTO(requirements_free) struct requirements r = { 0 };
		struct err err = { 0 };

		assert_true(fs_tmpdir_open(&dir, &err));
		if (!read_text(&r, dir.path, cases[i].text, strlen(cases[i].text), &err))
			fail_msg("%s", err.msg);
		for (const char *key = "abc"; *key; key++) {
			const char name[] = { *key, '\0' };
			bool refused = strchr(cases[i].refused, *key) != NULL;

			err_clear(&err);
			if (requirements_check_binary(&r, name, &err) == refused)
				fail_msg("%s: %s", cases[i].text, name);
			assert_int_equal(err.at.line, refused ? cases[i].line : 0);
			assert_int_equal(err.code, refused ? E_UNSUPPORTED : E_NONE);
		}
	}
}

/* What a server would send. */
static bool fetch_text(void *arg, struct buf *out, const char *url, struct err *err)
{
	static const struct {
		const char *url, *text;
	} pages[] = {
		{ "https://h/d/r.txt", "a\n-r sub/s.txt\n-c /c.txt\n-f wheels\n" },
		{ "https://h/d/sub/s.txt", "b\n-r http://other/o.txt\n-r ../r.txt\n" },
		{ "http://other/o.txt", "o\n-r file:///etc/passwd\n" },
		{ "https://h/loop.txt", "-r loop.txt" },
		{ "https://h/plain.txt", "p" },
		{ "https://h/c.txt", "a<2" },
	};

	*(size_t *)arg += 1;
	for (size_t i = 0; i < ARRAY_LEN(pages); i++)
		if (str_eq(url, pages[i].url))
			return buf_append(out, pages[i].text, strlen(pages[i].text), err);
	return err_set(err, E_NOT_FOUND, "%s: nothing", url);
}

static void files_come_from_servers(void **state)
{
	static const struct {
		const char *text, *want;
		enum err_code code;
		const char *word;
		int line;
		size_t fetched;
	} cases[] = {
		{ "-r https://h/plain.txt\nz", "p @1; z @2", E_NONE, "", 0, 1 },
		{ "-r https://h/d/r.txt", NULL, E_INPUT, "cannot name 'file:///etc/passwd'", 2, 3 },
		{ "-r https://h/loop.txt", NULL, E_INPUT, "includes itself", 1, 1 },
		{ "\n-c https://h/none.txt", NULL, E_NOT_FOUND, "none.txt", 2, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		size_t fetched = 0;
		AUTO(requirements_free)
		struct requirements r = { .fetch = fetch_text, .fetch_arg = &fetched };
		AUTO(buf_free) struct buf text = BUF_INIT(1 << 16);
		struct err err = { 0 };

		assert_true(fs_tmpdir_open(&dir, &err));
		if (read_text(&r, dir.path, cases[i].text, strlen(cases[i].text), &err) !=
		    (cases[i].want != NULL))
			fail_msg("%s: %s", cases[i].text, err.msg);
		show(&text, &r);
		if (cases[i].want)
			assert_string_equal(text.ptr, cases[i].want);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(err.at.line, cases[i].line);
		assert_non_null(strstr(err.msg, cases[i].word));
		assert_int_equal(fetched, cases[i].fetched);
	}
}

static void files_name_other_files(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(requirements_free) struct requirements r = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 16);
	static const char main_file[] = "a\n-r sub/more.txt\n-c sub/limits.txt\nz\n";
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	assert_true(fs_mkdir_p(dir.fd, "sub", 0755, FS_BENEATH, &err));
	AUTO(auto_free) char *more = mem_printf("%s/sub/more.txt", dir.path);
	AUTO(auto_free) char *limits = mem_printf("%s/sub/limits.txt", dir.path);
	AUTO(auto_free) char *last = mem_printf("%s/last.txt", dir.path);
	assert_true(fs_write_path_atomic(more, "b\n-r ../last.txt\n", 17, 0644, &err));
	assert_true(fs_write_path_atomic(limits, "\nb<2\n", 5, 0644, &err));
	assert_true(fs_write_path_atomic(last, "c", 1, 0644, &err));
	if (!read_text(&r, dir.path, main_file, strlen(main_file), &err))
		fail_msg("%s", err.msg);
	show(&text, &r);
	assert_string_equal(text.ptr, "a @1; b @1; c @1; b<2 (c) @2; z @4");
	assert_string_equal(r.items[1].file, more);
}

static void errors_have_a_place(void **state)
{
	static const struct {
		const char *text;
		enum err_code want;
		int line, column;
		const char *word, *hint;
	} cases[] = {
		{ "a\n  b=1\n", E_INPUT, 2, 4, "=1", "==" },
		{ "a\nb>=1, \\\n  =2\n", E_INPUT, 3, 3, "=2", "==" },
		{ "foo bar", E_INPUT, 1, 5, "bar", "" },
		{ "requirements.txt extra", E_INPUT, 1, 18, "extra", "" },
		{ "a ; os_nam == 'x'", E_INPUT, 1, 5, "os_nam", "os_name" },
		{ "a ; python_version > '3", E_INPUT, 1, 22, "quote", "" },
		{ "a[x", E_INPUT, 1, 2, "[", "" },
		{ "--no-such x", E_INPUT, 1, 1, "--no-such", "" },
		{ "--no-indx", E_INPUT, 1, 1, "--no-indx", "--no-index" },
		{ "-z", E_INPUT, 1, 1, "-z", "" },
		{ "--no-index=x", E_INPUT, 1, 1, "takes no value", "" },
		{ "-r", E_INPUT, 1, 1, "needs a value", "" },
		{ "-f 'x", E_INPUT, 1, 4, "quote", "" },
		{ "--pre x", E_INPUT, 1, 7, "'x'", "" },
		{ "a --hash=md5:00", E_INPUT, 1, 3, "md5", "sha256" },
		{ "a --hash sha256:00", E_INPUT, 1, 10, "64", "" },
		{ "a --hash=sha256:" H64 "0", E_INPUT, 1, 3, "65", "" },
		{ "a --hash=sha256:"
		  "g0112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
		  E_INPUT, 1, 3, "hexadecimal", "" },
		{ "a --hash=" H64, E_INPUT, 1, 3, "--hash=sha256", "" },
		{ "a --hsh=x", E_INPUT, 1, 3, "--hsh", "--hash" },
		{ "\n-e .", E_UNSUPPORTED, 2, 4, "editable", "wheel" },
		{ "-e git+https://x/y#egg=z", E_UNSUPPORTED, 1, 4, "editable", "wheel" },
		{ "git+https://u:secret@x/y@main#egg=z", E_UNSUPPORTED, 1, 1, "repository",
		  "wheel" },
		{ "z @ git+ssh://x/y", E_UNSUPPORTED, 1, 5, "repository", "wheel" },
		{ "ftp://x.org/a-1-py3-none-any.whl", E_UNSUPPORTED, 1, 1, "not fetched",
		  "download" },
		{ "a @ https://u:secret@x.org/a.whl", E_INPUT, 1, 5, "a.whl", "" },
		{ "a @ https://u:secret@x.org/a-1.tar.gz", E_UNSUPPORTED, 1, 5, "source archive",
		  "wheel" },
		{ "b @ https://u:secret@x.org/a-1-py3-none-any.whl?t=secret", E_INPUT, 1, 5,
		  "not of b", "" },
		{ "https://x.org/", E_INPUT, 1, 1, "no wheel", "" },
		{ "https://x.org/..%2fa-1-py3-none-any.whl", E_INPUT, 1, 1, "names no file", "" },
		{ "a.ZIP", E_UNSUPPORTED, 1, 1, "source archive", "wheel" },
		{ "--find-lnks x", E_INPUT, 1, 1, "--find-lnks", "--find-links" },
		{ "--no x", E_INPUT, 1, 1, "may be --no-index or --no-binary", "" },
		{ "--use-feature fast-dep", E_INPUT, 1, 15, "fast-dep", "fast-deps" },
		{ "--no-binary -x", E_INPUT, 1, 13, "-x", "" },
		{ "-f x\\ # c", E_INPUT, 1, 5, "backslash", "" },
		{ "./a-1.tar.gz", E_UNSUPPORTED, 1, 1, "source archive", "wheel" },
		{ ".", E_UNSUPPORTED, 1, 1, "folder", "wheel" },
		{ "./nothing", E_INPUT, 1, 1, "neither", "" },
		{ "./bad.whl", E_INPUT, 1, 1, "bad.whl", "" },
		{ "b @ file:///x/a-1-py3-none-any.whl", E_INPUT, 1, 5, "not of b", "" },
		{ "a @ file://elsewhere/x/a-1-py3-none-any.whl", E_INPUT, 1, 5, "no file of this",
		  "" },
		{ "a\n-r missing.txt", E_NOT_FOUND, 2, 4, "missing.txt", "" },
		{ "a\n-r req.txt", E_INPUT, 2, 4, "includes itself", "" },
		{ "-r https://x.org/req.txt", E_UNSUPPORTED, 1, 4, "not fetched", "" },
		{ "-c ./req.txt", E_INPUT, 1, 4, "includes itself", "" },
		{ "=1", E_INPUT, 1, 1, "begins with a name", "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		AUTO(requirements_free) struct requirements r = { 0 };
		struct err err = { 0 };

		assert_true(fs_tmpdir_open(&dir, &err));
		if (read_text(&r, dir.path, cases[i].text, strlen(cases[i].text), &err))
			fail_msg("'%s' was taken", cases[i].text);
		if (err.code != cases[i].want || err.at.line != cases[i].line ||
		    err.at.column != cases[i].column || !strstr(err.msg, cases[i].word) ||
		    !strstr(err.hint, cases[i].hint))
			fail_msg("'%s': %s: %d:%d: %s (%s)", cases[i].text, err_name(err.code),
				 err.at.line, err.at.column, err.msg, err.hint);
		assert_true(str_has_suffix(err.at.file, "/req.txt"));
		assert_null(strstr(err.msg, "secret"));
		assert_null(strstr(err.at.text, "secret"));
	}
}

static void the_line_is_shown(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(requirements_free) struct requirements r = { 0 };
	static const char text[] = "a>=1, \\\n  =2  # two\nb\n";
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	assert_false(read_text(&r, dir.path, text, strlen(text), &err));
	assert_string_equal(err.at.text, "  =2  # two");
}

static void encodings_are_found_as_pip_does(void **state)
{
	static const struct {
		const char *bytes;
		size_t len;
		const char *want; /* NULL: refused */
		enum err_code code;
		const char *word;
		int line;
	} cases[] = {
		{ "\xff\xfe"
		  "a\0\n\0b\0",
		  8, "a @1; b @2", E_NONE, "", 0 },
		{ "\xfe\xff\0a", 4, "a @1", E_NONE, "", 0 },
		{ "\xff\xfe\0\0a\0\0\0", 8, "a @1", E_NONE, "", 0 },
		{ "\0\0\xfe\xff\0\0\0a", 8, "a @1", E_NONE, "", 0 },
		{ "\xef\xbb\xbf"
		  "a",
		  4, "a @1", E_NONE, "", 0 },
		{ "# -*- coding: latin-1 -*-\na # \xe9\n", 32, "a @2", E_NONE, "", 0 },
		{ "\n# vim: set fileencoding=cp1252 :\na # \x80\n", 40, "a @3", E_NONE, "", 0 },
		{ "\xc2\xa0"
		  "a\xc2\xa0# x\xe2\x80\xa8z",
		  12, "a @1; z @2", E_NONE, "", 0 },
		{ "a\nb # \xe9\n", 8, NULL, E_INPUT, "not UTF-8", 2 },
		{ "# coding: nonsense\na", 20, NULL, E_UNSUPPORTED, "'nonsense'", 0 },
		{ "# coding: ascii\na # \xe9", 21, NULL, E_INPUT, "not in the encoding", 0 },
		{ "a\0b", 3, NULL, E_INPUT, "not a text file", 0 },
		{ "\xff\xfe"
		  "a",
		  3, NULL, E_INPUT, "not in the encoding", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		AUTO(requirements_free) struct requirements r = { 0 };
		AUTO(buf_free) struct buf text = BUF_INIT(1 << 16);
		struct err err = { 0 };

		assert_true(fs_tmpdir_open(&dir, &err));
		if (read_text(&r, dir.path, cases[i].bytes, cases[i].len, &err) !=
		    (cases[i].want != NULL))
			fail_msg("case %zu: %s", i, err.msg);
		show(&text, &r);
		if (cases[i].want && !str_eq(text.ptr, cases[i].want))
			fail_msg("case %zu: %s", i, text.ptr);
		assert_int_equal(err.code, cases[i].code);
		assert_int_equal(err.at.line, cases[i].line);
		assert_non_null(strstr(err.msg, cases[i].word));
	}
}

static void limits_hold(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(requirements_free) struct requirements deep = { 0 };
	AUTO(requirements_free) struct requirements many = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
	AUTO(auto_free) char *first = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	for (int i = 0; i <= LIMIT_REQUIREMENTS_DEPTH + 1; i++) {
		AUTO(auto_free) char *path = mem_printf("%s/%d.txt", dir.path, i);
		AUTO(auto_free) char *line = mem_printf("-r %d.txt\n", i + 1);

		assert_true(fs_write_path_atomic(path, line, strlen(line), 0644, &err));
	}
	first = mem_printf("%s/0.txt", dir.path);
	assert_false(requirements_read(&deep, first, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_non_null(strstr(err.msg, "deep"));
	err_clear(&err);
	for (int i = 0; i <= LIMIT_REQUIREMENTS_ENTRIES; i++)
		buf_put(&text, "a\n");
	assert_false(read_text(&many, dir.path, text.ptr, text.len, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_int_equal(err.at.line, LIMIT_REQUIREMENTS_ENTRIES + 1);
	err_clear(&err);
	buf_clear(&text);
	requirements_free(&many);
	for (int i = 0; i < LIMIT_REQUIREMENTS_FILES; i++)
		buf_putf(&text, "-r %d.txt\n", LIMIT_REQUIREMENTS_DEPTH + 2);
	free(first);
	first = mem_printf("%s/%d.txt", dir.path, LIMIT_REQUIREMENTS_DEPTH + 2);
	assert_true(fs_write_path_atomic(first, "", 0, 0644, &err));
	assert_false(read_text(&many, dir.path, text.ptr, text.len, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_int_equal(err.at.line, LIMIT_REQUIREMENTS_FILES);
}

static void single_requirements_have_no_options(void **state)
{
	static const struct {
		const char *text;
		enum err_code want;
	} cases[] = {
		{ "numpy>=1.20", E_NONE },
		{ " a[x] ; os_name == 'posix' ", E_NONE },
		{ "/x/a-1-py3-none-any.whl", E_NONE },
		{ "", E_INPUT },
		{ "--pre", E_INPUT },
		{ "a --hash=sha256:" H64, E_INPUT },
		{ "requirements.txt/", E_INPUT },
		{ "git+https://x/y", E_UNSUPPORTED },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(requirements_free) struct requirements r = { 0 };
		struct err err = { 0 };
		bool ok = requirements_add(&r, cases[i].text, &err);

		if (ok != (cases[i].want == E_NONE) || err.code != cases[i].want)
			fail_msg("'%s': %s: %s", cases[i].text, err_name(err.code), err.msg);
		assert_int_equal(err.at.line, 0);
	}
}

static void a_forgotten_r_is_guessed(void **state)
{
	AUTO(requirements_free) struct requirements r = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_false(requirements_add(&r, "/x/requirements.txt", &err));
	assert_non_null(strstr(err.hint, "-r /x/requirements.txt"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_are_read_as_pip_does),
		cmocka_unit_test(options_are_noted),
		cmocka_unit_test(builds_are_refused_by_name),
		cmocka_unit_test(files_come_from_servers),
		cmocka_unit_test(files_name_other_files),
		cmocka_unit_test(errors_have_a_place),
		cmocka_unit_test(the_line_is_shown),
		cmocka_unit_test(encodings_are_found_as_pip_does),
		cmocka_unit_test(limits_hold),
		cmocka_unit_test(single_requirements_have_no_options),
		cmocka_unit_test(a_forgotten_r_is_guessed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
