// SPDX-License-Identifier: Apache-2.0
#include "sandbox/space.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/mem.h"

/* Ranges of /etc/subuid as arguments of newuidmap. Entering namespaces is tested by run.c. */
static void ranges(void **state)
{
	static const struct {
		const char *file, *name, *args;
		uint64_t count;
	} cases[] = {
		{ "", "me", "0 1000 1", 1 },
		{ "other:100000:65536\n", "me", "0 1000 1", 1 },
		{ "me:100000:65536\n", "me", "0 1000 1 1 100000 65536", 65537 },
		{ "me:100000:65536", "me", "0 1000 1 1 100000 65536", 65537 },
		{ "1001:100000:65536\n", "me", "0 1000 1 1 100000 65536", 65537 }, /* by number */
		{ "1000:100000:65536\n", "me", "0 1000 1",
		  1 }, /* the group's number is not the user's */
		{ "me:100000:10\nx:1:2\nme:200000:20\n", "me", "0 1000 1 1 100000 10 11 200000 20",
		  31 },
		{ "me:100000:0\nme:abc:3\nme:5\nme:\n:1:1\nme:1:-1\n", "me", "0 1000 1", 1 },
		{ "me:100000:65536:extra\n", "me", "0 1000 1", 1 },
		{ "me2:100000:65536\n", "me", "0 1000 1", 1 },
		{ "me:100000:65536\n", NULL, "0 1000 1", 1 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf got = BUF_INIT(4096);
		struct space_map map = { 0 };

		space_map_parse(&map, slice_of(cases[i].file), cases[i].name, 1001, 1000);
		for (size_t j = 0; j < map.args.len; j++)
			buf_putf(&got, "%s%s", j ? " " : "", map.args.items[j]);
		if (!str_eq(got.ptr, cases[i].args) || map.count != cases[i].count)
			fail_msg("case %zu: '%s', %llu ids", i, got.ptr,
				 (unsigned long long)map.count);
		str_list_free(&map.args);
	}
}

static void many_ranges(void **state)
{
	AUTO(buf_free) struct buf file = BUF_INIT(64 * 1024);
	struct space_map map = { 0 };
	(void)state;

	for (int i = 0; i < 400; i++)
		buf_putf(&file, "me:%d:1\n", 100000 + i);
	space_map_parse(&map, slice_of(file.ptr), "me", 1001, 1000);
	assert_int_equal(map.args.len, 3 * 32); /* the kernel takes 340 lines */
	str_list_free(&map.args);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ranges),
		cmocka_unit_test(many_ranges),
	};

	return cmocka_run_group_tests_name("sandbox/space", tests, NULL, NULL);
}
