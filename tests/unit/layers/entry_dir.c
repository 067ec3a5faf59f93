// SPDX-License-Identifier: Apache-2.0
#include "layers/entry_dir.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/mem.h"

/* Entries as files, whole or not at all. */

static void check_stat(int dir, const char *path, mode_t mode)
{
	struct err err = { 0 };
	struct stat st;

	if (!fs_stat(&st, dir, path, FS_BENEATH_NOLINK, &err))
		fail_msg("%s", err.msg);
	assert_int_equal(st.st_mode, mode);
	assert_int_equal(st.st_mtime, CLOCK_EPOCH_1980);
}

static bool fail_open(const struct entry *e, struct source **out, struct err *err)
{
	(void)e;
	(void)out;
	return err_set(err, E_INTEGRITY, "spoilt");
}

static void files_with_modes_and_times(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(64);
	AUTO(auto_free) char *path = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	entry_add_bytes(&l, "a/b/c.py", "x = 1\n", 6);
	entry_add_bytes(&l, "bin/run", "#!", 2)->mode = 0755;
	entry_add_bytes(&l, "empty", "", 0);
	assert_true(entry_list_add_parents(&l, &err));
	path = mem_printf("%s/./out/", dir.path);
	if (!entry_dir_write(&l, path, &err))
		fail_msg("%s", err.msg);
	check_stat(dir.fd, "out", S_IFDIR | 0755);
	check_stat(dir.fd, "out/a/b", S_IFDIR | 0755);
	check_stat(dir.fd, "out/a/b/c.py", S_IFREG | 0644);
	check_stat(dir.fd, "out/bin/run", S_IFREG | 0755);
	check_stat(dir.fd, "out/empty", S_IFREG | 0644);
	assert_true(fs_read(&text, dir.fd, "out/a/b/c.py", 64, FS_BENEATH_NOLINK, &err));
	assert_string_equal(text.ptr, "x = 1\n");
}

/* Nothing of a failure is left, and what was there stays. */
static void whole_or_not_at_all(void **state)
{
	static const enum entry_kind others[] = { ENTRY_SYMLINK, ENTRY_HARDLINK, ENTRY_FIFO };
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_free) char *path = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	path = mem_printf("%s/out", dir.path);
	for (size_t i = 0; i < ARRAY_LEN(others) + 2; i++) {
		AUTO(entry_list_free) struct entry_list l = { 0 };

		entry_add_bytes(&l, "first", "1", 1);
		if (i < ARRAY_LEN(others))
			entry_add(&l, others[i], "second")->link = "first";
		else if (i == ARRAY_LEN(others))
			entry_add_bytes(&l, "second", "2", 1)->open = fail_open;
		else
			entry_add_bytes(&l, "../second", "2", 1);
		err_clear(&err);
		assert_false(entry_dir_write(&l, path, &err));
		assert_true(err.code != E_NONE && str_has_prefix(err.msg, path));
	}
	assert_true(fs_list(&names, dir.fd, ".", FS_BENEATH_NOLINK, &err));
	assert_int_equal(names.len, 0);
}

static void only_an_empty_directory_is_replaced(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(entry_list_free) struct entry_list l = { 0 };
	AUTO(auto_free) char *path = NULL;
	AUTO(auto_free) char *file = NULL;
	struct err err = { 0 };

	(void)state;
	assert_true(fs_tmpdir_open(&dir, &err));
	entry_add_bytes(&l, "f", "1", 1);
	path = mem_printf("%s/out", dir.path);
	file = mem_printf("%s/f", path);
	assert_true(fs_mkdir_p(dir.fd, "out", 0700, FS_BENEATH_NOLINK, &err));
	assert_true(entry_dir_write(&l, path, &err));
	assert_false(entry_dir_write(&l, path, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_non_null(strstr(err.msg, "not empty"));
	err_clear(&err);
	assert_false(entry_dir_write(&l, file, &err));
	assert_non_null(strstr(err.msg, "no directory"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(files_with_modes_and_times),
		cmocka_unit_test(whole_or_not_at_all),
		cmocka_unit_test(only_an_empty_directory_is_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
