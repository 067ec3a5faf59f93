// SPDX-License-Identifier: Apache-2.0
#include "python/wheel.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/limits.h"
#include "tests/unit/python/make_wheel.h"

/* One wheel, made by hand: what is taken, what is refused, and which files come of it. */

#define INFO "all_kinds-1.0.dist-info/"
#define DATA "all_kinds-1.0.data/"
#define FILENAME "all_kinds-1.0-py3-none-any.whl"

static const struct wheel_layout image = {
	.site = "usr/local/lib/python3.11/site-packages",
	.scripts = "usr/local/bin",
	.data = "usr/local",
	.headers = "usr/local/include/python3.11",
	.interpreter = "/usr/local/bin/python3.11",
	.minor = 11,
};

/* Open what was made and lay it out. */
static bool install(struct entry_list *out, struct wheel *w, struct made *m,
		    const struct wheel_layout *layout, bool requested, struct err *err)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(metadata_free) struct metadata metadata = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(auto_free) char *path = NULL;
	struct wheel_name name;

	if (!fs_tmpdir_open(&dir, err))
		fail_msg("%s", err->msg);
	path = made_write(m, dir.path, FILENAME);
	if (!wheel_name_parse(&name, &a, FILENAME, err))
		fail_msg("%s", err->msg);
	if (!wheel_open(w, &metadata, &a, path, &name, err))
		return false;
	w->requested = requested;
	return wheel_entries(out, w, layout, err);
}

static bool read_entry(struct buf *out, const struct entry *e, struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_buf to = sink_buf(out);

	buf_clear(out);
	if (!e->size)
		return true;
	return e->open(e, &from, err) && source_copy(from, &to.sink, NULL, err);
}

static void make_all_kinds(struct made *m)
{
	made_add(m, "all_kinds/__init__.py", "x = 1\n");
	made_add_mode(m, "all_kinds/run.sh", "#!/bin/sh\n", 0755);
	made_add(m, "all_kinds/empty.txt", "");
	made_add(m, "all_kinds/a,b \"c\".txt", "quoted");
	made_add(m, "all_kinds/__pycache__/__init__.cpython-311.pyc", "stale");
	made_add(m, "all_kinds/__init__.pyc", "stale");
	made_add(m, "all_kinds/sourceless.pyc", "kept");
	made_add(m, DATA "purelib/pure.py", "p");
	made_add(m, DATA "platlib/all_kinds/plat.py", "l");
	made_add(m, DATA "scripts/py", "#!python -x\nprint(1)\n");
	made_add(m, DATA "scripts/pyw", "#!pythonw");
	made_add(m, DATA "scripts/sh", "#!/bin/sh\n");
	made_add(m, DATA "scripts/tool", "#!python\nold wrapper");
	made_add(m, DATA "scripts/tool-script.py", "#!python\nold wrapper");
	made_add(m, DATA "headers/h.h", "int x;");
	made_add(m, DATA "data/share/doc/x", "doc");
	made_add(m, INFO "entry_points.txt",
		 "[console_scripts]\ntool = all_kinds:main\n; "
		 "c\n[gui_scripts]\ngui=all_kinds.g:C.run [x]\n"
		 "[other]\nfoo = bar\n");
	made_add(m, INFO "INSTALLER", "pip\n");
	made_add(m, INFO "direct_url.json", "{}");
	made_add_info(m, "all_kinds", "1.0", "Summary: all of it\n");
	made_add_unlisted(m, INFO "RECORD.jws", "sig", 3, 0100644);
	made_add_record(m, INFO "RECORD");
}

static int cmp_entries(const void *a, const void *b)
{
	return strcmp(((const struct entry *)a)->path, ((const struct entry *)b)->path);
}

/* "mode path size" of each, sorted. */
static char *listing(struct entry_list *l)
{
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);

	qsort(l->items, l->len, sizeof(*l->items), cmp_entries);
	for (size_t i = 0; i < l->len; i++)
		buf_putf(&text, "%o %s\n", (unsigned int)l->items[i].mode, l->items[i].path);
	return buf_steal(&text);
}

static const struct entry *find(const struct entry_list *l, const char *path)
{
	for (size_t i = 0; i < l->len; i++)
		if (str_eq(l->items[i].path, path))
			return &l->items[i];
	fail_msg("there is no %s", path);
	return NULL;
}

#define SITE "usr/local/lib/python3.11/site-packages/"

static void every_kind_has_its_place(void **state)
{
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_free) char *text = NULL;
	struct err err = { 0 };

	(void)state;
	make_all_kinds(&m);
	if (!install(&l, &w, &m, &image, true, &err))
		fail_msg("%s", err.msg);
	assert_string_equal(w.summary, "all of it");
	text = listing(&l);
	assert_string_equal(text, "755 usr/local/bin/gui\n"
				  "755 usr/local/bin/py\n"
				  "755 usr/local/bin/pyw\n"
				  "755 usr/local/bin/sh\n"
				  "755 usr/local/bin/tool\n"
				  "644 usr/local/include/python3.11/all-kinds/h.h\n"
				  "644 " SITE "all_kinds-1.0.dist-info/INSTALLER\n"
				  "644 " SITE "all_kinds-1.0.dist-info/METADATA\n"
				  "644 " SITE "all_kinds-1.0.dist-info/RECORD\n"
				  "644 " SITE "all_kinds-1.0.dist-info/REQUESTED\n"
				  "644 " SITE "all_kinds-1.0.dist-info/WHEEL\n"
				  "644 " SITE "all_kinds-1.0.dist-info/entry_points.txt\n"
				  "644 " SITE "all_kinds/__init__.py\n"
				  "644 " SITE "all_kinds/a,b \"c\".txt\n"
				  "644 " SITE "all_kinds/empty.txt\n"
				  "644 " SITE "all_kinds/plat.py\n"
				  "755 " SITE "all_kinds/run.sh\n"
				  "644 " SITE "all_kinds/sourceless.pyc\n"
				  "644 " SITE "pure.py\n"
				  "644 usr/local/share/doc/x\n");
	for (size_t i = 0; i < l.len; i++) {
		assert_int_equal(l.items[i].mtime, 315532800);
		assert_int_equal(l.items[i].uid, 0);
		assert_int_equal(l.items[i].gid, 0);
		assert_int_equal(l.items[i].kind, ENTRY_FILE);
	}
}

static void contents_are_right(void **state)
{
	static const char *const rows[][2] = {
		{ "usr/local/bin/py", "#!/usr/local/bin/python3.11\nprint(1)\n" },
		{ "usr/local/bin/pyw", "#!/usr/local/bin/python3.11\n" },
		{ "usr/local/bin/sh", "#!/bin/sh\n" },
		{ "usr/local/bin/gui",
		  "#!/usr/local/bin/python3.11\n# -*- coding: utf-8 -*-\nimport re\nimport sys\n"
		  "from all_kinds.g import C\nif __name__ == '__main__':\n"
		  "    sys.argv[0] = re.sub(r'(-script\\.pyw|\\.exe)?$', '', sys.argv[0])\n"
		  "    sys.exit(C.run())\n" },
		{ SITE "all_kinds/__init__.py", "x = 1\n" },
		{ SITE "all_kinds/empty.txt", "" },
		{ SITE "all_kinds-1.0.dist-info/INSTALLER", "rtbuild\n" },
		{ SITE "all_kinds-1.0.dist-info/REQUESTED", "" },
		{ "usr/local/share/doc/x", "doc" },
	};
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
	struct err err = { 0 };

	(void)state;
	make_all_kinds(&m);
	if (!install(&l, &w, &m, &image, true, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (!read_entry(&text, find(&l, rows[i][0]), &err))
			fail_msg("%s", err.msg);
		assert_string_equal(text.ptr, rows[i][1]);
	}
}

/* The new RECORD lists exactly the files there are, with the hashes they have. */
static void record_tells_the_truth(void **state)
{
	static const char site[] = SITE;
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
	AUTO(record_free) struct record r = { 0 };
	struct err err = { 0 };

	(void)state;
	make_all_kinds(&m);
	if (!install(&l, &w, &m, &image, true, &err) ||
	    !read_entry(&text, find(&l, SITE "all_kinds-1.0.dist-info/RECORD"), &err) ||
	    !record_parse(&r, (struct slice){ text.ptr, text.len }, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(r.len, l.len);
	for (size_t i = 0; i < r.len; i++) {
		AUTO(auto_free) char *path = fs_join(site, r.items[i].path);
		const struct entry *e = find(&l, path);
		unsigned char hash[SHA256_SIZE];

		if (str_has_suffix(path, "/RECORD")) {
			assert_string_equal(r.items[i].hash_text, "");
			continue;
		}
		assert_int_equal(r.items[i].size, e->size);
		if (!wheel_entry_hash(hash, e, &err))
			fail_msg("%s", err.msg);
		assert_memory_equal(hash, r.items[i].hash, sizeof(hash));
		assert_true(i == 0 || strcmp(r.items[i - 1].path, r.items[i].path) < 0);
	}
	assert_non_null(record_find(&r, "../../../bin/tool"));
	assert_non_null(record_find(&r, "../../../share/doc/x"));
	assert_non_null(strstr(text.ptr, "\n\"all_kinds/a,b \"\"c\"\".txt\",sha256="));
}

/* As `pip install --target` lays it out, without programs. */
static void layers_have_no_programs(void **state)
{
	static const struct wheel_layout layer = { .site = "python" };
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_free) char *text = NULL;
	struct err err = { 0 };

	(void)state;
	make_all_kinds(&m);
	if (!install(&l, &w, &m, &layer, false, &err))
		fail_msg("%s", err.msg);
	text = listing(&l);
	assert_string_equal(text, "644 python/all_kinds-1.0.dist-info/INSTALLER\n"
				  "644 python/all_kinds-1.0.dist-info/METADATA\n"
				  "644 python/all_kinds-1.0.dist-info/RECORD\n"
				  "644 python/all_kinds-1.0.dist-info/WHEEL\n"
				  "644 python/all_kinds-1.0.dist-info/entry_points.txt\n"
				  "644 python/all_kinds/__init__.py\n"
				  "644 python/all_kinds/a,b \"c\".txt\n"
				  "644 python/all_kinds/empty.txt\n"
				  "644 python/all_kinds/plat.py\n"
				  "755 python/all_kinds/run.sh\n"
				  "644 python/all_kinds/sourceless.pyc\n"
				  "644 python/pure.py\n"
				  "644 python/share/doc/x\n");
}

/* PEP 610: where it came from, and nothing that must not be known. */
static void urls_are_recorded_without_secrets(void **state)
{
	static const char *const rows[][2] = {
		{ "https://example.com/w/all.whl", "\"https://example.com/w/all.whl\"" },
		{ "https://me:pa%40ss@example.com/all.whl?sig=secret",
		  "\"https://example.com/all.whl\"" },
		{ "https://a@b:c@example.com:8443/x@y.whl",
		  "\"https://example.com:8443/x@y.whl\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(made_free) struct made m = MADE_INIT;
		AUTO(wheel_close) struct wheel w = { .fd = -1 };
		AUTO(entry_list_free) struct entry_list l = { 0 }, named = { 0 };
		AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
		struct err err = { 0 };

		make_all_kinds(&m);
		if (!install(&named, &w, &m, &image, true, &err))
			fail_msg("%s", err.msg);
		for (size_t k = 0; k < named.len; k++)
			assert_false(str_has_suffix(named.items[k].path, "direct_url.json"));
		w.url = mem_strdup(rows[i][0]);
		if (!wheel_entries(&l, &w, &image, &err) ||
		    !read_entry(&text, find(&l, SITE INFO "direct_url.json"), &err))
			fail_msg("%s", err.msg);
		assert_non_null(strstr(text.ptr, rows[i][1]));
		assert_non_null(strstr(text.ptr, "\"sha256\":\"0000"));
		assert_null(strstr(text.ptr, "pa%40ss"));
		assert_null(strstr(text.ptr, "secret"));
	}
}

/* Ways to spoil a wheel. Each puts in what it wants instead of, or besides, the sound parts. */
static void no_info(struct made *m)
{
	made_add(m, "a.py", "a");
}

static void two_infos(struct made *m)
{
	made_add_info(m, "all_kinds", "1.0", "");
	made_add(m, "other-1.0.dist-info/WHEEL", "x");
	made_add_record(m, INFO "RECORD");
}

static void foreign_info(struct made *m)
{
	made_add_info(m, "other", "1.0", "");
	made_add_record(m, "other-1.0.dist-info/RECORD");
}

static void other_version(struct made *m)
{
	made_add_info(m, "all_kinds", "1.1", "");
	made_add_record(m, "all_kinds-1.1.dist-info/RECORD");
}

static void metadata_name(struct made *m)
{
	made_add(m, INFO "WHEEL", "Wheel-Version: 1.0\n");
	made_add(m, INFO "METADATA", "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n");
	made_add_record(m, INFO "RECORD");
}

static void metadata_version(struct made *m)
{
	made_add(m, INFO "WHEEL", "Wheel-Version: 1.0\n");
	made_add(m, INFO "METADATA", "Metadata-Version: 2.1\nName: all-kinds\nVersion: 2.0\n");
	made_add_record(m, INFO "RECORD");
}

static void metadata_empty(struct made *m)
{
	made_add(m, INFO "WHEEL", "Wheel-Version: 1.0\n");
	made_add(m, INFO "METADATA", "\nName: all-kinds\nVersion: 1.0\n");
	made_add_record(m, INFO "RECORD");
}

static void metadata_newer(struct made *m)
{
	made_add(m, INFO "WHEEL", "Wheel-Version: 1.0\n");
	made_add(m, INFO "METADATA", "Metadata-Version: 3.0\nName: all-kinds\nVersion: 1.0\n");
	made_add_record(m, INFO "RECORD");
}

static void wheel_newer(struct made *m)
{
	made_add(m, INFO "WHEEL", "Wheel-Version: 2.0\n");
	made_add(m, INFO "METADATA", "Metadata-Version: 2.1\nName: all-kinds\nVersion: 1.0\n");
	made_add_record(m, INFO "RECORD");
}

static void wheel_silent(struct made *m)
{
	made_add(m, INFO "WHEEL", "Generator: x\n");
	made_add(m, INFO "METADATA", "Metadata-Version: 2.1\nName: all-kinds\nVersion: 1.0\n");
	made_add_record(m, INFO "RECORD");
}

static void no_wheel(struct made *m)
{
	made_add(m, INFO "METADATA", "Metadata-Version: 2.1\nName: all-kinds\nVersion: 1.0\n");
	made_add_record(m, INFO "RECORD");
}

static void no_record(struct made *m)
{
	made_add_info(m, "all_kinds", "1.0", "");
}

static void sound_but(struct made *m)
{
	made_add_info(m, "all_kinds", "1.0", "");
	made_add_record(m, INFO "RECORD");
}

static void extra_file(struct made *m)
{
	made_add_unlisted(m, "evil.pth", "import os", 9, 0100644);
	sound_but(m);
}

static void missing_file(struct made *m)
{
	record_add_bytes(&m->record, "gone.py", "x", 1);
	sound_but(m);
}

static void wrong_size(struct made *m)
{
	made_add_unlisted(m, "a.py", "ab", 2, 0100644);
	record_add_bytes(&m->record, "a.py", "a", 1);
	sound_but(m);
}

static void wrong_empty_hash(struct made *m)
{
	made_add_unlisted(m, "a.py", "", 0, 0100644);
	record_add(&m->record, "a.py", "sha256=YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE", 0);
	sound_but(m);
}

static void wrong_script_hash(struct made *m)
{
	made_add_unlisted(m, DATA "scripts/x", "#!python\n", 9, 0100644);
	record_add(&m->record, DATA "scripts/x",
		   "sha256=YWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWFhYWE", 9);
	sound_but(m);
}

static void no_hash(struct made *m)
{
	made_add_unlisted(m, "a.py", "a", 1, 0100644);
	record_add(&m->record, "a.py", "", 1);
	sound_but(m);
}

static void weak_hash(struct made *m)
{
	made_add_unlisted(m, "a.py", "a", 1, 0100644);
	record_add(&m->record, "a.py", "md5=DMF1ucDxtqgxw5niaXcmYQ", 1);
	sound_but(m);
}

static void short_hash(struct made *m)
{
	made_add_unlisted(m, "a.py", "a", 1, 0100644);
	record_add(&m->record, "a.py", "sha256=YWFh", 1);
	sound_but(m);
}

static void row_twice(struct made *m)
{
	made_add(m, "a.py", "a");
	record_add_bytes(&m->record, "a.py", "a", 1);
	sound_but(m);
}

static void escape(struct made *m)
{
	made_add(m, "../evil.py", "a");
	sound_but(m);
}

static void data_escape(struct made *m)
{
	made_add(m, DATA "data/../../../etc/passwd", "a");
	sound_but(m);
}

static void absolute(struct made *m)
{
	made_add(m, "/etc/passwd", "a");
	sound_but(m);
}

static void link_member(struct made *m)
{
	made_add_unlisted(m, "link", "/etc/passwd", 11, 0120777);
	record_add_bytes(&m->record, "link", "/etc/passwd", 11);
	sound_but(m);
}

static void member_twice(struct made *m)
{
	made_add(m, "a.py", "a");
	made_add_unlisted(m, "a.py", "b", 1, 0100644);
	sound_but(m);
}

static void unknown_data_key(struct made *m)
{
	made_add(m, DATA "stdlib/os.py", "a");
	sound_but(m);
}

static void bare_data_file(struct made *m)
{
	made_add(m, DATA "scripts", "a");
	sound_but(m);
}

static void foreign_data(struct made *m)
{
	made_add(m, "other-1.0.data/scripts/x", "a");
	sound_but(m);
}

static void entry_point_escape(struct made *m)
{
	made_add(m, INFO "entry_points.txt", "[console_scripts]\n../../evil = a:b\n");
	sound_but(m);
}

static void entry_point_code(struct made *m)
{
	made_add(m, INFO "entry_points.txt", "[console_scripts]\nx = os;import evil:b\n");
	sound_but(m);
}

static void entry_point_without_object(struct made *m)
{
	made_add(m, INFO "entry_points.txt", "[console_scripts]\nx = a\n");
	sound_but(m);
}

static void two_ways_to_one_place(struct made *m)
{
	made_add(m, "a.py", "a");
	made_add(m, DATA "purelib/a.py", "b");
	sound_but(m);
}

static void broken_wheels_are_refused(void **state)
{
	static const struct {
		void (*spoil)(struct made *m);
		enum err_code want;
		const char *word; /* in the message */
	} cases[] = {
		{ no_info, E_INPUT, "no .dist-info" },
		{ two_infos, E_INPUT, "two .dist-info" },
		{ foreign_info, E_INTEGRITY, "other-1.0.dist-info" },
		{ other_version, E_INTEGRITY, "all_kinds-1.1.dist-info" },
		{ metadata_name, E_INTEGRITY, "evil" },
		{ metadata_version, E_INTEGRITY, "2.0" },
		{ metadata_empty, E_INPUT, "Name" },
		{ metadata_newer, E_UNSUPPORTED, "3.0" },
		{ wheel_newer, E_UNSUPPORTED, "2.0" },
		{ wheel_silent, E_INPUT, "Wheel-Version" },
		{ no_wheel, E_INPUT, "WHEEL" },
		{ no_record, E_INPUT, "RECORD" },
		{ extra_file, E_INTEGRITY, "evil.pth" },
		{ missing_file, E_INTEGRITY, "gone.py" },
		{ wrong_size, E_INTEGRITY, "a.py has 2 bytes" },
		{ wrong_empty_hash, E_INTEGRITY, "a.py" },
		{ wrong_script_hash, E_INTEGRITY, "scripts/x" },
		{ no_hash, E_INTEGRITY, "no hash of a.py" },
		{ weak_hash, E_INTEGRITY, "md5" },
		{ short_hash, E_INTEGRITY, "is not a hash" },
		{ row_twice, E_INTEGRITY, "twice" },
		{ escape, E_INTEGRITY, "evil.py" },
		{ data_escape, E_INTEGRITY, "passwd" },
		{ absolute, E_INTEGRITY, "passwd" },
		{ link_member, E_INTEGRITY, "link" },
		{ member_twice, E_INTEGRITY, "a.py" },
		{ unknown_data_key, E_INPUT, "stdlib" },
		{ bare_data_file, E_INPUT, "directly" },
		{ foreign_data, E_INPUT, "something else" },
		{ entry_point_escape, E_INPUT, "../../evil" },
		{ entry_point_code, E_INPUT, "os;import evil" },
		{ entry_point_without_object, E_INPUT, "module:object" },
		{ two_ways_to_one_place, E_INPUT, "both become" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(made_free) struct made m = MADE_INIT;
		AUTO(wheel_close) struct wheel w = { .fd = -1 };
		AUTO(entry_list_free) struct entry_list l = { 0 };
		struct err err = { 0 };

		cases[i].spoil(&m);
		if (install(&l, &w, &m, &image, false, &err))
			fail_msg("case %zu (%s) was taken", i, cases[i].word);
		if (err.code != cases[i].want || !strstr(err.msg, cases[i].word) ||
		    !strstr(err.msg, FILENAME))
			fail_msg("case %zu (%s): %s: %s", i, cases[i].word, err_name(err.code),
				 err.msg);
	}
}

/* Bytes that are not those of RECORD are found while they are read, before the last one is handed
 * out. */
static void hashes_are_checked_while_reading(void **state)
{
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_source_close) struct source *from = NULL;
	const struct entry *e;
	struct err err = { 0 };
	char bytes[8];
	size_t len;

	(void)state;
	made_add_unlisted(&m, "a.py", "evil", 4, 0100644);
	record_add_bytes(&m.record, "a.py", "good", 4);
	sound_but(&m);
	if (!install(&l, &w, &m, &image, false, &err))
		fail_msg("%s", err.msg);
	e = find(&l, SITE "a.py");
	assert_true(e->open(e, &from, &err));
	assert_true(source_read(from, bytes, 3, &len, &err));
	assert_int_equal(len, 3);
	assert_false(source_read(from, bytes, 1, &len, &err));
	assert_int_equal(err.code, E_INTEGRITY);
	assert_non_null(strstr(err.msg, "a.py"));
}

static void other_strong_hashes_are_checked_too(void **state)
{
	/* of "good" */
	static const char sha512[] =
		"sha512=ECWb_"
		"hpBBY5GcdBaO5Yrd0xLFpRrQEC8BVBZ0YWdXxXsTX8Byj91YWMtAK3WEi0zcCKhURdOW5zr9DAlS46fpw";
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
	unsigned char hash[SHA256_SIZE], want[SHA256_SIZE];
	struct err err = { 0 };

	(void)state;
	made_add_unlisted(&m, "a.py", "good", 4, 0100644);
	record_add(&m.record, "a.py", sha512, 4);
	made_add_unlisted(&m, "b.py", "evil", 4, 0100644);
	record_add(&m.record, "b.py", sha512, 4);
	sound_but(&m);
	if (!install(&l, &w, &m, &image, false, &err) ||
	    !read_entry(&text, find(&l, SITE "a.py"), &err) ||
	    !wheel_entry_hash(hash, find(&l, SITE "a.py"), &err))
		fail_msg("%s", err.msg);
	sha256_of(want, "good", 4);
	assert_memory_equal(hash, want, sizeof(hash));
	assert_false(read_entry(&text, find(&l, SITE "b.py"), &err));
	assert_int_equal(err.code, E_INTEGRITY);
}

static void sources_can_be_read_again(void **state)
{
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_source_close) struct source *from = NULL;
	const struct entry *e;
	struct err err = { 0 };
	char bytes[8];
	size_t len;

	(void)state;
	made_add(&m, "a.py", "good");
	sound_but(&m);
	if (!install(&l, &w, &m, &image, false, &err))
		fail_msg("%s", err.msg);
	e = find(&l, SITE "a.py");
	assert_true(e->open(e, &from, &err));
	assert_true(source_read(from, bytes, 2, &len, &err));
	assert_true(from->rewind(from, &err));
	assert_true(source_read(from, bytes, 8, &len, &err));
	assert_int_equal(len, 4);
	assert_memory_equal(bytes, "good", 4);
	assert_true(source_read(from, bytes, 8, &len, &err));
	assert_int_equal(len, 0);
}

/* A file that two of its parts agree on is one file. */
static void equal_files_of_one_wheel_are_one(void **state)
{
	AUTO(made_free) struct made m = MADE_INIT;
	AUTO(wheel_close) struct wheel w = { .fd = -1 };
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct err err = { 0 };
	size_t count = 0;

	(void)state;
	made_add(&m, "a.py", "a");
	made_add(&m, DATA "purelib/a.py", "a");
	sound_but(&m);
	if (!install(&l, &w, &m, &image, false, &err))
		fail_msg("%s", err.msg);
	for (size_t i = 0; i < l.len; i++)
		count += str_eq(l.items[i].path, SITE "a.py");
	assert_int_equal(count, 1);
}

static void what_is_no_wheel_is_refused(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(metadata_free) struct metadata metadata = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(auto_free) char *path = NULL;
	struct wheel w = { .fd = -1 };
	struct wheel_name name;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	path = mem_printf("%s/%s", dir.path, FILENAME);
	assert_true(wheel_name_parse(&name, &a, FILENAME, &err));
	assert_false(wheel_open(&w, &metadata, &a, path, &name, &err));
	assert_int_equal(err.code, E_NOT_FOUND);
	assert_false(wheel_open(&w, &metadata, &a, dir.path, &name, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_true(fs_write_path_atomic(path, "PK", 2, 0644, &err));
	assert_false(wheel_open(&w, &metadata, &a, path, &name, &err));
	assert_int_equal(err.code, E_INTEGRITY);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_has_its_place),
		cmocka_unit_test(contents_are_right),
		cmocka_unit_test(record_tells_the_truth),
		cmocka_unit_test(layers_have_no_programs),
		cmocka_unit_test(urls_are_recorded_without_secrets),
		cmocka_unit_test(broken_wheels_are_refused),
		cmocka_unit_test(hashes_are_checked_while_reading),
		cmocka_unit_test(other_strong_hashes_are_checked_too),
		cmocka_unit_test(sources_can_be_read_again),
		cmocka_unit_test(equal_files_of_one_wheel_are_one),
		cmocka_unit_test(what_is_no_wheel_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
