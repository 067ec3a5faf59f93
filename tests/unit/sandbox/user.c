// SPDX-License-Identifier: Apache-2.0
#include "sandbox/user.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

static const char passwd[] = "root:x:0:0:root:/root:/bin/sh\n"
			     "\n"
			     "broken\n"
			     "toolarge:x:2147483648:0::/:\n"
			     "app:x:1000:1001:App,,,:/home/app:/bin/sh\n"
			     "1234:x:77:78::/odd:\n"
			     "nohome:x:5:6\n"
			     "app:x:9:9::/second:\n";
static const char group[] = "root:x:0:\n"
			    "wheel:x:10:root,app\n"
			    "audio:x:29:app\n"
			    "apps:x:1001:other,apple\n"
			    "huge:x:4294967296:app\n"
			    "last:x:30:other,app";

static void forms(void **state)
{
	static const struct {
		const char *spec;
		enum err_code code;
		uint32_t uid, gid;
		const char *home;
		size_t groups;
	} cases[] = {
		{ "", E_NONE, 0, 0, "/root", 1 },
		{ "root", E_NONE, 0, 0, "/root", 1 },
		{ "0", E_NONE, 0, 0, "/root", 1 },
		{ "app", E_NONE, 1000, 1001, "/home/app", 3 },
		{ "1000", E_NONE, 1000, 1001, "/home/app", 3 },
		{ "app:wheel", E_NONE, 1000, 10, "/home/app", 0 },
		{ "app:10", E_NONE, 1000, 10, "/home/app", 0 },
		{ "app:4000", E_NONE, 1000, 4000, "/home/app", 0 },
		{ "app:", E_NONE, 1000, 1001, "/home/app", 3 },
		{ ":wheel", E_NONE, 0, 10, "/root", 0 },
		{ "4242", E_NONE, 4242, 0, "/", 0 },
		{ "4242:17", E_NONE, 4242, 17, "/", 0 },
		{ "1234", E_NONE, 77, 78, "/odd", 0 }, /* a name first */
		{ "nohome", E_NONE, 5, 6, "/", 0 },
		{ "2147483647", E_NONE, 2147483647, 0, "/", 0 },
		{ "2147483648", E_NOT_FOUND, 0, 0, "", 0 },
		{ "-1", E_NOT_FOUND, 0, 0, "", 0 },
		{ "toolarge", E_NOT_FOUND, 0, 0, "", 0 },
		{ "nobody", E_NOT_FOUND, 0, 0, "", 0 },
		{ "app:nogroup", E_NOT_FOUND, 0, 0, "", 0 },
		{ "app:huge", E_NOT_FOUND, 0, 0, "", 0 },
		{ "broken", E_NOT_FOUND, 0, 0, "", 0 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct user u;
		bool ok = user_find_in(&u, passwd, group, cases[i].spec, &err);

		if (ok != (cases[i].code == E_NONE) || err.code != cases[i].code)
			fail_msg("'%s': %s (%s)", cases[i].spec, err_name(err.code), err.msg);
		if (!ok)
			continue;
		if (u.uid != cases[i].uid || u.gid != cases[i].gid ||
		    !str_eq(u.home, cases[i].home) || u.group_count != cases[i].groups)
			fail_msg("'%s': %u:%u %s, %zu groups", cases[i].spec, u.uid, u.gid, u.home,
				 u.group_count);
	}
}

static void names_are_told(void **state)
{
	struct err err = { 0 };
	struct user u;
	(void)state;

	assert_false(user_find_in(&u, passwd, group, "nobody", &err));
	assert_string_equal(err.msg, "user 'nobody' is not in the image's /etc/passwd");
	err_clear(&err);
	assert_false(user_find_in(&u, "", "", "1:staff", &err));
	assert_string_equal(err.msg, "group 'staff' is not in the image's /etc/group");
}

static void too_many_groups(void **state)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB);
	struct err err = { 0 };
	struct user u;
	(void)state;

	for (int i = 0; i < USER_GROUPS_MAX; i++)
		buf_putf(&text, "g%d:x:%d:app\n", i, 100 + i);
	assert_true(user_find_in(&u, passwd, text.ptr, "app", &err));
	assert_int_equal(u.group_count, USER_GROUPS_MAX);
	buf_put(&text, "more:x:999:app\n");
	assert_false(user_find_in(&u, passwd, text.ptr, "app", &err));
	assert_int_equal(err.code, E_INPUT);
}

static void put(int dir, const char *path, const char *text)
{
	struct err err = { 0 };

	assert_true(fs_write_atomic(dir, path, text, strlen(text), 0644, &err));
}

/* The files of a tree: absent, a link inside, a link that would leave, no regular file, too large.
 */
static void files(void **state)
{
	AUTO(fs_tmpdir_close) struct fs_tmpdir dir = FS_TMPDIR_INIT;
	AUTO(auto_close) int etc = -1;
	AUTO(auto_free) char *large = mem_alloc(LIMIT_PASSWD + 2);
	struct err err = { 0 };
	struct user u;
	(void)state;

	assert_true(fs_tmpdir_open(&dir, &err));
	assert_true(user_find(&u, dir.fd, "12", &err));
	assert_int_equal(u.uid, 12);
	assert_false(user_find(&u, dir.fd, "app", &err));
	assert_int_equal(err.code, E_NOT_FOUND);
	err_clear(&err);

	assert_int_equal(mkdirat(dir.fd, "etc", 0755), 0);
	assert_true(fs_open(&etc, dir.fd, "etc", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH, &err));
	put(etc, "real", passwd);
	assert_int_equal(symlinkat("/etc/real", etc, "passwd"), 0);
	assert_true(user_find(&u, dir.fd, "app", &err));
	assert_int_equal(u.uid, 1000);

	/* The host has a root in /etc/passwd too, but this tree must not show it. */
	assert_int_equal(unlinkat(etc, "passwd", 0), 0);
	assert_int_equal(symlinkat("../../../../../../../../etc/nosuch", etc, "passwd"), 0);
	assert_false(user_find(&u, dir.fd, "root", &err));
	assert_int_equal(err.code, E_NOT_FOUND);
	err_clear(&err);

	assert_int_equal(unlinkat(etc, "passwd", 0), 0);
	assert_int_equal(mkfifoat(etc, "passwd", 0644), 0);
	assert_false(user_find(&u, dir.fd, "root", &err));
	assert_int_equal(err.code, E_INPUT);
	err_clear(&err);

	assert_int_equal(unlinkat(etc, "passwd", 0), 0);
	memset(large, '\n', LIMIT_PASSWD + 1);
	put(etc, "passwd", large);
	assert_false(user_find(&u, dir.fd, "0", &err));
	assert_int_equal(err.code, E_INPUT);
	err_clear(&err);
	large[LIMIT_PASSWD] = '\0';
	put(etc, "passwd", large);
	assert_true(user_find(&u, dir.fd, "0", &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forms),
		cmocka_unit_test(names_are_told),
		cmocka_unit_test(too_many_groups),
		cmocka_unit_test(files),
	};

	return cmocka_run_group_tests_name("sandbox/user", tests, NULL, NULL);
}
