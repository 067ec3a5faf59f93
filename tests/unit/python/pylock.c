// SPDX-License-Identifier: Apache-2.0
#include "python/pylock.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/fs.h"
#include "base/mem.h"

/* pylock.toml: what is taken for a target, and what is refused with which words. */

#define H64 "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define HASHES "hashes = {sha256 = '" H64 "'}"
#define TOP "lock-version = '1.0'\ncreated-by = 'test'\n"
#define PKG "[[packages]]\nname = 'a'\nversion = '1.0'\n"
#define WHEEL                                                                                 \
	"{name = 'a-1.0-py3-none-any.whl', url = 'https://h/a-1.0-py3-none-any.whl', size = " \
	"7, " HASHES "}"
#define WHEEL_OF(name) "wheels = [{url = 'https://h/" name "-1.0-py3-none-any.whl', " HASHES "}]\n"
#define ALWAYS WHEEL_OF("always")
#define DEV WHEEL_OF("dev")
#define MAIN WHEEL_OF("main")
#define WHEELS "wheels = [" WHEEL "]\n"

struct example {
	const char *text;
	const char *want; /* "name specifiers [wheel place size]..." of each, ";" between; NULL:
			     refused */
	enum err_code code;
	const char *word, *hint;
	int line;
};

/* clang-format off */
static const struct example examples[] = {
	{ TOP "packages = []\n", "", E_NONE, "", "", 0 },
	{ TOP PKG WHEELS, "a==1.0 [a-1.0-py3-none-any.whl https://h/a-1.0-py3-none-any.whl 7] #1", E_NONE, "", "", 0 },
	{ TOP "extras = []\n[tool.x]\ny = 1\n" PKG WHEELS "[packages.tool.z]\nq = 2\n[[packages.attestation-identities]]\nkind = 'k'\n", "a==1.0 [a-1.0-py3-none-any.whl https://h/a-1.0-py3-none-any.whl 7] #1", E_NONE, "", "", 0 },
	{ TOP PKG "marker = \"python_version < '3'\"\n" WHEELS, "", E_NONE, "", "", 0 },
	{ TOP PKG "marker = \"platform_machine == 'aarch64'\"\n" WHEELS "[[packages]]\nname = 'a'\nversion = '2'\nmarker = \"platform_machine == 'x86_64'\"\nwheels = [{path = 'sub/a-2-py3-none-any.whl', " HASHES "}]\n",
	  "a==2 [a-2-py3-none-any.whl DIR/sub/a-2-py3-none-any.whl -1] #1", E_NONE, "", "", 0 },
	{ TOP "default-groups = ['main']\nextras = ['x']\n" PKG "marker = \"'main' in dependency_groups and 'x' not in extras\"\n" WHEELS,
	  "a==1.0 [a-1.0-py3-none-any.whl https://h/a-1.0-py3-none-any.whl 7] #1", E_NONE, "", "", 0 },
	{ TOP "dependency-groups = ['dev']\n" PKG "marker = \"'dev' in dependency_groups\"\n" WHEELS, "", E_NONE, "", "", 0 },
	{ TOP PKG "wheels = [{url = 'https://h/d/a-1.0-py3-none-any.whl?x#f', hashes = {md5 = '00', sha512 = '" H64 H64 "', sha256 = '" H64 "'}}]\n",
	  "a==1.0 [a-1.0-py3-none-any.whl https://h/d/a-1.0-py3-none-any.whl?x -1] #2", E_NONE, "", "", 0 },
	{ TOP PKG "wheels = [{url = 'file:///w%20x/a-1.0-py3-none-any.whl', " HASHES "}]\n", "a==1.0 [a-1.0-py3-none-any.whl /w x/a-1.0-py3-none-any.whl -1] #1", E_NONE, "", "", 0 },
	{ TOP "[[packages]]\nname = 'a'\narchive = {path = '/w/a-3-py3-none-any.whl', " HASHES "}\n", "a [a-3-py3-none-any.whl /w/a-3-py3-none-any.whl -1] #1", E_NONE, "", "", 0 },
	{ TOP PKG "sdist = {name = 'a-1.0.tar.gz', url = 'https://h/a-1.0.tar.gz', " HASHES "}\n" WHEELS, "a==1.0 [a-1.0-py3-none-any.whl https://h/a-1.0-py3-none-any.whl 7] #1", E_NONE, "", "", 0 },
	{ "lock-version = '1.7'\ncreated-by = 't'\nnew = 1\n" PKG WHEELS, "a==1.0 [a-1.0-py3-none-any.whl https://h/a-1.0-py3-none-any.whl 7] #1", E_NONE, "", "", 0 },
	{ TOP "environments = [\"sys_platform == 'win32'\", \"sys_platform == 'linux'\"]\nrequires-python = '>=3.9'\n" PKG "requires-python = '>=3.8'\n" WHEELS,
	  "a==1.0 [a-1.0-py3-none-any.whl https://h/a-1.0-py3-none-any.whl 7] #1", E_NONE, "", "", 0 },

	{ "", NULL, E_INPUT, "lock-version", "", 0 },
	{ "created-by = 't'\npackages = []\n", NULL, E_INPUT, "lock-version", "", 0 },
	{ "lock-version = '1.0'\npackages = []\n", NULL, E_INPUT, "created-by", "", 0 },
	{ TOP, NULL, E_INPUT, "packages", "", 0 },
	{ TOP "x = \n", NULL, E_INPUT, "", "", 3 },
	{ "lock-version = '2.0'\npackages = 3\n", NULL, E_UNSUPPORTED, "lock-version 2.0", "update", 0 },
	{ TOP "requires-python = '>=3.12'\npackages = []\n", NULL, E_UNSUPPORTED, "requires-python is >=3.12", "lock again", 0 },
	{ TOP "requires-python = 'x'\npackages = []\n", NULL, E_INPUT, "requires-python 'x'", "", 0 },
	{ TOP "environments = [\"sys_platform == 'win32'\"]\npackages = []\n", NULL, E_UNSUPPORTED, "none of its environments", "lock again", 0 },
	{ TOP "environments = ['nonsense']\npackages = []\n", NULL, E_INPUT, "environments: marker 'nonsense'", "", 0 },
	{ TOP "environments = 'x'\npackages = []\n", NULL, E_INPUT, "environments", "", 0 },
	{ TOP "[[packages]]\nversion = '1'\n", NULL, E_INPUT, "name", "", 0 },
	{ TOP "[[packages]]\nname = '-'\n" WHEELS, NULL, E_INPUT, "[0] -", "", 0 },
	{ TOP "[[packages]]\nname = 'a'\nversion = 'x'\n" WHEELS, NULL, E_INPUT, "[0] a", "", 0 },
	{ TOP PKG "requires-python = '<3'\n" WHEELS, NULL, E_UNSUPPORTED, "packages: [0] a: it is not for Python 3.11", "", 0 },
	{ TOP PKG "marker = 'x'\n" WHEELS, NULL, E_INPUT, "marker 'x'", "", 0 },
	{ TOP PKG WHEELS PKG WHEELS, NULL, E_INPUT, "[1] a: two entries", "exclude", 0 },
	{ TOP PKG, NULL, E_INPUT, "no source", "", 0 },
	{ TOP PKG "vcs = {type = 'git', url = 'https://x', commit-id = '0'}\n", NULL, E_UNSUPPORTED, "a repository", "--installer pip", 0 },
	{ TOP PKG "directory = {path = '.'}\n", NULL, E_UNSUPPORTED, "a folder", "--find-links", 0 },
	{ TOP PKG "archive = {url = 'https://h/a-1.0.tar.gz', " HASHES "}\n", NULL, E_UNSUPPORTED, "a source archive", "--find-links", 0 },
	{ TOP PKG "sdist = {url = 'https://h/a-1.0.tar.gz', " HASHES "}\n", NULL, E_UNSUPPORTED, "a source archive alone", "--find-links", 0 },
	{ TOP PKG WHEELS "vcs = {type = 'git', url = 'https://x', commit-id = '0'}\n", NULL, E_INPUT, "more than one source", "", 0 },
	{ TOP PKG "wheels = [{url = 'https://h/a-1.0-py3-none-any.whl'}]\n", NULL, E_INPUT, "hashes", "", 0 },
	{ TOP PKG "wheels = [{url = 'https://h/a-1.0-py3-none-any.whl', hashes = {md5 = '00'}}]\n", NULL, E_INPUT, "none of its hashes", "sha256", 0 },
	{ TOP PKG "wheels = [{url = 'https://h/a-1.0-py3-none-any.whl', hashes = {sha256 = '00'}}]\n", NULL, E_INPUT, "64", "", 0 },
	{ TOP PKG "wheels = [{name = 'b-1.0-py3-none-any.whl', url = 'https://h/x', " HASHES "}]\n", NULL, E_INPUT, "another project", "", 0 },
	{ TOP PKG "wheels = [{name = 'a.whl', url = 'https://h/x', " HASHES "}]\n", NULL, E_INPUT, "a.whl", "", 0 },
	{ TOP PKG "wheels = [{name = 'a-1.0-py3-none-any.whl', " HASHES "}]\n", NULL, E_INPUT, "neither a path nor a URL", "", 0 },
	{ TOP PKG "wheels = [{url = 'git+https://h/a-1.0-py3-none-any.whl', " HASHES "}]\n", NULL, E_INPUT, "neither a path nor an http URL", "", 0 },
};
/* clang-format on */

static struct python_target host_like(void)
{
	struct python_target t = { 0 };
	struct err err = { 0 };
	struct platform p;

	if (!platform_parse(&p, "linux/amd64", &err) ||
	    !python_target_make(&t, "3.11", &p, NULL, &err))
		fail_msg("%s", err.msg);
	return t;
}

static void show(struct buf *out, const struct requirements *r, const char *dir)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct requirement_line *line = &r->items[i];

		assert_true(line->is_locked);
		buf_put(out, i ? "; " : "");
		requirement_format(out, &line->requirement);
		for (size_t k = 0; k < line->wheel_count; k++) {
			const struct locked_wheel *w = &line->wheels[k];
			const char *place = w->path ? w->path : w->file.url;
			size_t len = strlen(dir);
			bool inside = strncmp(place, dir, len) == 0;

			buf_putf(out, " [%s %s%s %lld]", w->file.filename, inside ? "DIR" : "",
				 inside ? place + len : place, (long long)w->file.size);
		}
		buf_putf(out, " #%zu", line->hash_count);
	}
}

static bool read_text(struct requirements *r, const char *dir, const char *text,
		      const struct pylock_choice *choice, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/pylock.toml", dir);
	const struct python_target target = host_like();

	if (!fs_write_path_atomic(path, text, strlen(text), 0644, err))
		fail_msg("%s", err->msg);
	return pylock_read(r, path, &target, choice, err);
}

/* Packages by the markers that extras and groups have. */
static void what_is_chosen(void **state)
{
	static const char text[] =
		TOP "extras = ['Fast_IO', 'slow']\ndependency-groups = ['dev', 'docs']\n"
		    "default-groups = ['main']\n"
		    "[[packages]]\nname = 'always'\n" ALWAYS
		    "[[packages]]\nname = 'a'\nmarker = \"'fast-io' in extras\"\n" WHEELS
		    "[[packages]]\nname = 'dev'\nmarker = \"'dev' in dependency_groups\"\n" DEV
		    "[[packages]]\nname = 'main'\nmarker = \"'main' in dependency_groups\"\n" MAIN;
	/* clang-format off */
	static const struct {
		const char *extra, *group;
		bool no_default_groups;
		const char *want, *msg, *hint;
	} cases[] = {
		{ NULL, NULL, false, "always main ", "", "" },
		{ "fast.io", NULL, false, "always a main ", "", "" },
		{ NULL, "DEV", false, "always dev main ", "", "" },
		{ NULL, NULL, true, "always ", "", "" },
		{ "Fast_IO", "main", true, "always a main ", "", "" },
		{ "dev", NULL, false, NULL, "it has no extra 'dev'", "it has fast-io, slow" },
		{ NULL, "fast-io", false, NULL, "it has no dependency group 'fast-io'", "it has dev, docs, main" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		AUTO(requirements_free) struct requirements r = { 0 };
		AUTO(buf_free) struct buf got = BUF_INIT(SIZE_MAX);
		struct pylock_choice choice = { .no_default_groups = cases[i].no_default_groups };
		struct err err = { 0 };
		bool ok;

		if (cases[i].extra)
			str_list_push(&choice.extras, cases[i].extra);
		if (cases[i].group)
			str_list_push(&choice.groups, cases[i].group);
		assert_true(fs_tmpdir_open(&dir, &err));
		ok = read_text(&r, dir.path, text, &choice, &err);
		assert_int_equal(ok, cases[i].want != NULL);
		for (size_t k = 0; ok && k < r.len; k++)
			buf_putf(&got, "%s ", r.items[k].requirement.key);
		assert_string_equal(got.ptr, cases[i].want ? cases[i].want : "");
		assert_non_null(strstr(err.msg, cases[i].msg));
		assert_string_equal(err.hint, cases[i].hint);
		str_list_free(&choice.extras);
		str_list_free(&choice.groups);
	}
}

static void test_examples(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(examples); i++) {
		const struct example *e = &examples[i];
		AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
		AUTO(requirements_free) struct requirements r = { 0 };
		AUTO(buf_free) struct buf text = BUF_INIT(1 << 16);
		struct err err = { 0 };
		bool ok;

		assert_true(fs_tmpdir_open(&dir, &err));
		ok = read_text(&r, dir.path, e->text, NULL, &err);
		if (ok != (e->want != NULL) || err.code != e->code || !strstr(err.msg, e->word) ||
		    !strstr(err.hint, e->hint) || err.at.line != e->line)
			fail_msg("example %zu: %s:%d: %s (%s)", i, err_name(err.code), err.at.line,
				 err.msg, err.hint);
		show(&text, &r, dir.path);
		if (ok && !str_eq(text.ptr, e->want))
			fail_msg("example %zu: %s", i, text.ptr);
		assert_int_equal(r.notes.len, ok && strstr(e->text, "1.7") ? 1 : 0);
	}
}

static void test_names(void **state)
{
	static const struct {
		const char *path;
		bool is;
	} cases[] = {
		{ "pylock.toml", true },           { "d/pylock.dev.toml", true },
		{ "https://h/pylock.toml", true }, { "pylock.a.b.toml", false },
		{ "xpylock.toml", false },         { "pylock..toml", false },
		{ "pylocktoml", false },           { "lock.txt", false },
		{ "pylock.toml/x", false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (pylock_is_name(cases[i].path) != cases[i].is)
			fail_msg("%s", cases[i].path);
}

static void test_versions(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(requirements_free) struct requirements r = { 0 };
	AUTO(map_free) struct map versions = MAP_TEXT;
	AUTO(auto_free) char *path = NULL;
	AUTO(auto_free) char *absent = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	(void)!read_text(&r, dir.path,
			 TOP "[[packages]]\nname = 'A.b'\nversion = '1.0'\nmarker = \"os_name == "
			     "'nt'\"\n" WHEELS,
			 NULL, &err);
	path = mem_printf("%s/pylock.toml", dir.path);
	absent = mem_printf("%s/none/pylock.toml", dir.path);
	err_clear(&err);
	assert_true(pylock_read_versions(&versions, path, &err));
	assert_string_equal(map_text(&versions, "a-b"), "1.0");
	assert_true(pylock_read_versions(&versions, absent, &err));
	assert_int_equal(versions.len, 1);
}

static bool fetch_text(void *arg, struct buf *out, const char *url, struct err *err)
{
	assert_string_equal(url, "https://h/pylock.toml");
	return buf_append(out, arg, strlen(arg), err);
}

static void test_from_a_server(void **state)
{
	static char remote[] = TOP PKG WHEELS,
		    local[] = TOP PKG "wheels = [{path = 'a-1.0-py3-none-any.whl', " HASHES "}]\n";
	const struct python_target target = host_like();
	struct requirements r = { .fetch = fetch_text, .fetch_arg = remote };
	struct err err = { 0 };

	(void)state;
	assert_true(pylock_read(&r, "https://h/pylock.toml", &target, NULL, &err));
	assert_int_equal(r.len, 1);
	r.fetch_arg = local;
	assert_false(pylock_read(&r, "https://h/pylock.toml", &target, NULL, &err));
	assert_non_null(strstr(err.msg, "cannot name"));
	err_clear(&err);
	r.fetch = NULL;
	assert_false(pylock_read(&r, "https://h/pylock.toml", &target, NULL, &err));
	assert_int_equal(err.code, E_UNSUPPORTED);
	requirements_free(&r);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_examples),      cmocka_unit_test(what_is_chosen),
		cmocka_unit_test(test_names),         cmocka_unit_test(test_versions),
		cmocka_unit_test(test_from_a_server),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
