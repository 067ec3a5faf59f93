// SPDX-License-Identifier: Apache-2.0
#include "python/wheel_name.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* Wheel file names and their rank for a target. */
static void names_are_read(void **state)
{
	static const struct {
		const char *file, *key, *version, *build, *tags;
	} cases[] = {
		{ "pip-23.0-py3-none-any.whl", "pip", "23.0", "", "py3/none/any" },
		{ "Zope.Interface_x-1.0.0-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64."
		  "whl",
		  "zope-interface-x", "1.0.0", "",
		  "cp311/cp311/manylinux_2_17_x86_64.manylinux2014_x86_64" },
		{ "foo-1.0-1-py3-none-any.whl", "foo", "1.0", "1", "py3/none/any" },
		{ "foo-1.0-010abc-py2.py3-none-any.whl", "foo", "1.0", "10", "py2.py3/none/any" },
		{ "foo-1.0rc1.post2+local.1-py3-none-any.whl", "foo", "1.0rc1.post2+local.1", "",
		  "py3/none/any" },
		{ "foo-1.0.ALPHA-py3-none-any.whl", "foo", "1.0a0", "", "py3/none/any" },
		{ "7zip-1-py3-none-any.whl", "7zip", "1", "", "py3/none/any" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		struct wheel_name n;
		struct err err = { 0 };
		const char *tags;

		if (!wheel_name_parse(&n, &a, cases[i].file, &err))
			fail_msg("%s", err.msg);
		assert_string_equal(n.key, cases[i].key);
		assert_string_equal(n.version.text, cases[i].version);
		assert_true(slice_eq(n.build_number, cases[i].build));
		tags = arena_printf(&a, SLICE_FMT "/" SLICE_FMT "/" SLICE_FMT, SLICE_ARG(n.python),
				    SLICE_ARG(n.abi), SLICE_ARG(n.platform));
		assert_string_equal(tags, cases[i].tags);
	}
}

#define X100                                                                                       \
	"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx" \
	"xxxxxxxxxxxx"

static void bad_names_are_refused(void **state)
{
	static const char *const cases[] = {
		X100 X100 X100 "-1.0-py3-none-any.whl", /* no file system holds it */
		"",
		"foo.whl",
		"foo-1.0.whl",
		"foo-1.0-py3-none.whl",
		"foo-1.0-py3-none-any",
		"foo-1.0-py3-none-any.zip",
		"foo-1.0-py3-none-any.whl.exe",
		"foo-1.0-x-py3-none-any.whl",
		"foo-1.0-1-2-py3-none-any.whl",
		"foo-french-py3-none-any.whl",
		"foo-1.0_1-py3-none-any.whl",
		"foo__bar-1.0-py3-none-any.whl",
		"-1.0-py3-none-any.whl",
		"foo-1.0--none-any.whl",
		"foo-1.0-py3-none-.whl",
		"foo-1.0-py3.-none-any.whl",
		"foo/bar-1.0-py3-none-any.whl",
		"foo-1.0-1/2-py3-none-any.whl",
		"fo o-1.0-py3-none-any.whl",
		"foo-1.0-py3-none-any.WHL",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		struct wheel_name n;
		struct err err = { 0 };

		if (wheel_name_parse(&n, &a, cases[i], &err))
			fail_msg("'%s' was taken", cases[i]);
		assert_int_equal(err.code, E_INPUT);
	}
}

static struct tag_ranks ranks_of(const char *python, const char *platform, const char *libc)
{
	struct python_target t;
	struct tag_ranks r;
	struct err err = { 0 };
	struct platform p;

	if (!platform_parse(&p, platform, &err) || !python_target_make(&t, python, &p, libc, &err))
		fail_msg("%s", err.msg);
	tag_ranks_make(&r, &t);
	return r;
}

/* Each list is in the order of preference; "!" in front: not usable. */
static void ranks_order_wheels(void **state)
{
	static const char *const files[] = {
		"foo-1-cp311-cp311-manylinux_2_36_x86_64.whl",
		"foo-1-cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64.whl",
		"foo-1-cp311-cp311-manylinux2014_x86_64.whl",
		"foo-1-cp311-cp311-manylinux_2_5_x86_64.whl",
		"foo-1-cp311-cp311-linux_x86_64.whl",
		"foo-1-cp311-abi3-manylinux_2_28_x86_64.whl",
		"foo-1-cp311-none-manylinux_2_28_x86_64.whl",
		"foo-1-cp38-abi3-manylinux_2_36_x86_64.whl",
		"foo-1-cp36.cp37-abi3-manylinux1_x86_64.whl",
		"foo-1-py3-none-manylinux_2_36_x86_64.whl",
		"foo-1-cp311-none-any.whl",
		"foo-1-PY3-none-ANY.whl",
		"foo-1-py2.py30-none-any.whl",
		"!foo-1-py2-none-any.whl",
		"!foo-1-cp311-cp311-manylinux_2_37_x86_64.whl",
		"!foo-1-cp311-cp311-manylinux_2_17_aarch64.whl",
		"!foo-1-cp312-abi3-manylinux_2_17_x86_64.whl",
		"!foo-1-cp310-cp310-manylinux_2_17_x86_64.whl",
		"!foo-1-cp311-cp311-musllinux_1_1_x86_64.whl",
		"!foo-1-cp311-cp311-win_amd64.whl",
		"!foo-1-py3-none-manylinux.whl",
	};
	AUTO(tag_ranks_free) struct tag_ranks ranks = ranks_of("3.11", "linux/amd64", NULL);
	size_t before = 0;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(files); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		bool usable = files[i][0] != '!';
		struct wheel_name n;
		struct err err = { 0 };
		size_t rank;

		if (!wheel_name_parse(&n, &a, files[i] + !usable, &err))
			fail_msg("%s", err.msg);
		if (wheel_name_rank(&rank, &n, &ranks) != usable)
			fail_msg("%s: usable %d", files[i], !usable);
		if (usable && i > 0 && rank < before)
			fail_msg("%s is preferred to the one before", files[i]);
		before = rank;
	}
}

static void builds_break_ties(void **state)
{
	static const char *const ascending[] = { "",    "0-",  "1-",
						 "1a-", "1b-", "2-",
						 "9-",  "10-", "99999999999999999999999-" };
	AUTO(arena_free) struct arena a = { 0 };
	struct wheel_name n[ARRAY_LEN(ascending)];
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(n); i++) {
		const char *file = arena_printf(&a, "foo-1.0-%spy3-none-any.whl", ascending[i]);

		if (!wheel_name_parse(&n[i], &a, file, &err))
			fail_msg("%s", err.msg);
	}
	for (size_t i = 0; i < ARRAY_LEN(n); i++) {
		for (size_t k = 0; k < ARRAY_LEN(n); k++) {
			int c = wheel_name_cmp_build(&n[i], &n[k]);

			if ((c > 0) - (c < 0) != (i > k) - (i < k))
				fail_msg("'%s' against '%s'", ascending[i], ascending[k]);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_are_read),
		cmocka_unit_test(bad_names_are_refused),
		cmocka_unit_test(ranks_order_wheels),
		cmocka_unit_test(builds_break_ties),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
