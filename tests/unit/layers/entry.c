// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include <time.h>

/* layers/entry.h: lists, their order, and sources that notice change. */

static char *paths(const struct entry_list *l)
{
	struct buf b = BUF_INIT(1 << 16);

	for (size_t i = 0; i < l->len; i++)
		buf_putf(&b, "%s%s%s%s", i ? " " : "", l->items[i].path,
			 l->items[i].kind == ENTRY_DIR ? "/" : "",
			 l->items[i].kind == ENTRY_HARDLINK ? "=" : "");
	return buf_steal(&b);
}

struct given {
	const char *path;
	enum entry_kind kind;
	const char *link;
};

static void add_all(struct entry_list *l, const struct given *given)
{
	for (; given->path; given++)
		entry_add(l, given->kind, given->path)->link = given->link;
}

static void sort_table(void **state)
{
	static const struct {
		struct given given[6];
		const char *want; /* NULL: E_INPUT */
	} cases[] = {
		{ { { 0 } }, "" },
		{ { { "b", ENTRY_FILE, 0 },
		    { "a/x", ENTRY_FILE, 0 },
		    { "a-b", ENTRY_FILE, 0 },
		    { "a", ENTRY_DIR, 0 } },
		  "a/ a-b a/x b" },
		{ { { "a", ENTRY_FILE, 0 }, { "a", ENTRY_SYMLINK, "b" } }, "a" },
		{ { { "a", ENTRY_DIR, 0 }, { "a", ENTRY_DIR, 0 } }, "a/" },
		{ { { "a", ENTRY_DIR, 0 }, { "a", ENTRY_FILE, 0 } }, NULL },
		{ { { "a", ENTRY_FILE, 0 }, { "a", ENTRY_DIR, 0 } }, NULL },
		{ { { "a", ENTRY_HARDLINK, "z" },
		    { "b", ENTRY_FILE, 0 },
		    { "z", ENTRY_FILE, 0 },
		    { "zz", ENTRY_FILE, 0 } },
		  "b z a= zz" },
		{ { { "a", ENTRY_HARDLINK, "b" },
		    { "b", ENTRY_HARDLINK, "c" },
		    { "c", ENTRY_FILE, 0 } },
		  "c a= b=" },
		{ { { "a", ENTRY_HARDLINK, "b" }, { "b", ENTRY_HARDLINK, "a" } }, NULL },
		{ { { "a", ENTRY_HARDLINK, "d" }, { "d", ENTRY_DIR, 0 } }, NULL },
		{ { { "a", ENTRY_HARDLINK, "elsewhere" } }, "a=" },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(entry_list_free) struct entry_list l = { 0 };
		struct err err = { 0 };
		bool ok;

		add_all(&l, cases[i].given);
		ok = entry_list_sort(&l, &err);
		if (!cases[i].want) {
			assert_false(ok);
			assert_int_equal(err.code, E_INPUT);
			continue;
		}
		AUTO(auto_free) char *got = paths(&l);
		if (!ok || !str_eq(got, cases[i].want))
			fail_msg("case %zu: '%s', not '%s' (%s)", i, got, cases[i].want, err.msg);
	}
}

static void last_of_equal_paths_stays(void **state)
{
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct err err = { 0 };
	(void)state;

	for (int i = 0; i < 100; i++)
		entry_add(&l, ENTRY_FILE, "same")->uid = i;
	MUST(entry_list_sort(&l, &err));
	assert_int_equal(l.len, 1);
	assert_int_equal(l.items[0].uid, 99);
}

static void chain_of_links_leads_to_the_file(void **state)
{
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct err err = { 0 };
	(void)state;

	add_all(&l, (const struct given[]){ { "a", ENTRY_HARDLINK, "b" },
					    { "b", ENTRY_HARDLINK, "c" },
					    { "c", ENTRY_FILE, 0 },
					    { 0 } });
	MUST(entry_list_sort(&l, &err));
	assert_string_equal(l.items[1].link, "c");
	assert_string_equal(l.items[2].link, "c");
}

static void parents_table(void **state)
{
	static const struct {
		struct given given[5];
		const char *want;
	} cases[] = {
		{ { { "a/b/c", ENTRY_FILE, 0 } }, "a/ a/b/ a/b/c" },
		{ { { "a/b/c", ENTRY_FILE, 0 }, { "a", ENTRY_DIR, 0 } }, "a/ a/b/ a/b/c" },
		{ { { "x", ENTRY_FILE, 0 }, { "", ENTRY_DIR, 0 } }, "/ x" },
		{ { { "a", ENTRY_FILE, 0 }, { "a/b", ENTRY_FILE, 0 } }, NULL },
		{ { { "a", ENTRY_SYMLINK, "b" }, { "a/b/c", ENTRY_FILE, 0 } }, NULL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(entry_list_free) struct entry_list l = { 0 };
		struct err err = { 0 };
		bool ok;

		add_all(&l, cases[i].given);
		ok = entry_list_add_parents(&l, &err);
		assert_int_equal(ok, cases[i].want != NULL);
		if (!ok) {
			assert_int_equal(err.code, E_INPUT);
			continue;
		}
		AUTO(auto_free) char *got = paths(&l);
		assert_string_equal(got, cases[i].want);
	}
}

static void parents_have_standard_modes(void **state)
{
	static const struct {
		const char *path;
		mode_t mode;
	} want[] = {
		{ "root", 0700 }, { "tmp", 01777 },     { "usr", 0755 },
		{ "var", 0755 },  { "var/tmp", 01777 },
	};
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct err err = { 0 };
	size_t found = 0;
	(void)state;

	add_all(&l, (const struct given[]){ { "tmp/a", ENTRY_FILE, 0 },
					    { "var/tmp/a", ENTRY_FILE, 0 },
					    { "root/a", ENTRY_FILE, 0 },
					    { "usr/a", ENTRY_FILE, 0 },
					    { 0 } });
	MUST(entry_list_add_parents(&l, &err));
	for (size_t i = 0; i < l.len; i++)
		for (size_t k = 0; k < ARRAY_LEN(want); k++)
			if (str_eq(l.items[i].path, want[k].path)) {
				assert_int_equal(l.items[i].mode, want[k].mode);
				assert_int_equal(l.items[i].mtime, 315532800);
				assert_int_equal(l.items[i].uid, 0);
				found++;
			}
	assert_int_equal(found, ARRAY_LEN(want));
}

/* --- files that change --- */

static bool read_all(const struct entry *e, size_t piece, void (*between)(int dir), struct err *err)
{
	AUTO(auto_source_close) struct source *s = NULL;
	char bytes[64];
	size_t len;

	if (!e->open(e, &s, err))
		return false;
	do {
		if (!source_read(s, bytes, piece, &len, err))
			return false;
		if (between)
			between(e->dir);
		between = NULL;
	} while (len);
	return true;
}

static void put(int dir, const char *text)
{
	int fd = openat(dir, "f", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
}

static void grow(int dir)
{
	int fd = openat(dir, "f", O_WRONLY | O_APPEND);

	assert_int_equal(write(fd, "more", 4), 4);
	close(fd);
}

static void shrink(int dir)
{
	int fd = openat(dir, "f", O_WRONLY);

	assert_int_equal(ftruncate(fd, 5), 0);
	close(fd);
}

static void rewrite(int dir)
{
	struct timespec tick = { .tv_nsec = 20000000 };

	nanosleep(&tick, NULL);
	put(dir, "0123456789");
}

static void files_that_change_are_refused(void **state)
{
	static void (*const changes[])(int) = { grow, shrink, rewrite };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	struct err err = { 0 };
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	for (size_t i = 0; i < ARRAY_LEN(changes); i++) {
		AUTO(entry_list_free) struct entry_list l = { 0 };
		const struct entry *e = entry_add_file(&l, "f", dir.fd, "f", 10);

		put(dir.fd, "0123456789");
		MUST(read_all(e, 4, NULL, &err));
		MUST_FAIL(read_all(e, 4, changes[i], &err), E_IO);
		put(dir.fd, "012345678");
		MUST_FAIL(read_all(e, 4, NULL, &err), E_IO);
	}
}

static void odd_files_are_refused(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	struct err err = { 0 };
	(void)state;

	MUST(fs_tmpdir_open(&dir, &err));
	put(dir.fd, "x");
	assert_int_equal(symlinkat("f", dir.fd, "link"), 0);
	assert_int_equal(symlinkat("/etc", dir.fd, "out"), 0);
	assert_int_equal(mkfifoat(dir.fd, "fifo", 0600), 0);
	MUST_FAIL(read_all(entry_add_file(&l, "a", dir.fd, "link", 1), 9, NULL, &err), E_INPUT);
	MUST_FAIL(read_all(entry_add_file(&l, "a", dir.fd, "out/passwd", 1), 9, NULL, &err),
		  E_INPUT);
	MUST_FAIL(read_all(entry_add_file(&l, "a", dir.fd, "../x", 1), 9, NULL, &err), E_INPUT);
	MUST_FAIL(read_all(entry_add_file(&l, "a", dir.fd, "fifo", 0), 9, NULL, &err), E_IO);
	MUST_FAIL(read_all(entry_add_file(&l, "a", dir.fd, "none", 0), 9, NULL, &err), E_NOT_FOUND);
	MUST(read_all(entry_add_file(&l, "a", dir.fd, "f", 1), 9, NULL, &err));
	MUST(read_all(entry_add_bytes(&l, "a", "abc", 3), 2, NULL, &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sort_table),
		cmocka_unit_test(last_of_equal_paths_stays),
		cmocka_unit_test(chain_of_links_leads_to_the_file),
		cmocka_unit_test(parents_table),
		cmocka_unit_test(parents_have_standard_modes),
		cmocka_unit_test(files_that_change_are_refused),
		cmocka_unit_test(odd_files_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
