// SPDX-License-Identifier: Apache-2.0
#include "python/version.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"

/* PEP 440 versions. The tables were made with packaging 23.0, which the expectations are. */

/* clang-format off */
/* Strictly ascending. */
static const char *const ascending[] = {
		"0", "0.0.1", "0.9", "0.9.9", "0.10", "0.10.1", "1.dev0", "1.0.dev456", "1.0a1",
		"1.0a2.dev456", "1.0a12.dev456", "1.0a12", "1.0b1.dev456", "1.0b2", "1.0b2.post345.dev456",
		"1.0b2.post345", "1.0rc1.dev456", "1.0rc1", "1.0", "1.0+abc.5", "1.0+abc.7", "1.0+5",
		"1.0.post456.dev34", "1.0.post456", "1.0.15", "1.1.dev1", "1.1", "1.1.0.1", "1.2.dev0",
		"1.2a1.dev1", "1.2a1", "1.2a1.post1.dev2", "1.2a1.post1", "1.2b0", "1.2rc9", "1.2rc10",
		"1.2", "1.2.post0", "1.2.post1.dev0", "1.2.post1", "1.2.post9", "1.2.post10", "1.9",
		"1.10", "1.99999999999999999998", "1.99999999999999999999", "1.100000000000000000000", "2",
		"2.0.0+a", "2.0.0+ubuntu", "2.0.0+ubuntu.a", "2.0.0+ubuntu.1", "2.0.0+ubuntu.1.2",
		"2.0.0+z", "2.0.0+0", "2.0.0+1", "2.0.0+1.a", "2.0.0+1.0", "2.0.0+9", "2.0.0+9.deadbeef",
		"2.0.0+10", "2.0.1", "2012.4", "20240101123456", "20240101123457", "1!1.0.dev456",
		"1!1.0a1", "1!1.0a2.dev456", "1!1.0a12.dev456", "1!1.0a12", "1!1.0b1.dev456", "1!1.0b2",
		"1!1.0b2.post345.dev456", "1!1.0b2.post345", "1!1.0rc1.dev456", "1!1.0rc1", "1!1.0",
		"1!1.0+abc.5", "1!1.0+abc.7", "1!1.0+5", "1!1.0.post456.dev34", "1!1.0.post456",
		"1!1.1.dev1", "2!0.1", "10!0.0.0.1", "99999999999999999999!1",
};

/* NULL: not a version. */
static const struct {
	const char *text, *normal;
} spellings[] = {
		{ "1.0", "1.0" },
		{ "v1.0", "1.0" },
		{ "V1.0", "1.0" },
		{ "\n1.0", "1.0" },
		{ " 1.0 ", "1.0" },
		{ "01.002.0003", "1.2.3" },
		{ "1.0a1", "1.0a1" },
		{ "1.0A1", "1.0a1" },
		{ "1.0.a1", "1.0a1" },
		{ "1.0-a1", "1.0a1" },
		{ "1.0_a1", "1.0a1" },
		{ "1.0a.1", "1.0a1" },
		{ "1.0a-1", "1.0a1" },
		{ "1.0a_1", "1.0a1" },
		{ "1.0-a-1", "1.0a1" },
		{ "1.0a", "1.0a0" },
		{ "1.0alpha", "1.0a0" },
		{ "1.0Alpha3", "1.0a3" },
		{ "1.0.alpha-3", "1.0a3" },
		{ "1.0b2", "1.0b2" },
		{ "1.0beta2", "1.0b2" },
		{ "1.0.BETA.2", "1.0b2" },
		{ "1.0c3", "1.0rc3" },
		{ "1.0rc3", "1.0rc3" },
		{ "1.0pre3", "1.0rc3" },
		{ "1.0preview3", "1.0rc3" },
		{ "1.0-PREVIEW-3", "1.0rc3" },
		{ "1.0RC", "1.0rc0" },
		{ "1.0-1", "1.0.post1" },
		{ "1.0-0", "1.0.post0" },
		{ "1.0-01", "1.0.post1" },
		{ "1.0post", "1.0.post0" },
		{ "1.0post1", "1.0.post1" },
		{ "1.0.post1", "1.0.post1" },
		{ "1.0-post1", "1.0.post1" },
		{ "1.0_post-1", "1.0.post1" },
		{ "1.0rev4", "1.0.post4" },
		{ "1.0.r4", "1.0.post4" },
		{ "1.0-r", "1.0.post0" },
		{ "1.0.dev", "1.0.dev0" },
		{ "1.0dev3", "1.0.dev3" },
		{ "1.0-dev-3", "1.0.dev3" },
		{ "1.0_DEV3", "1.0.dev3" },
		{ "1.0a1.post2.dev3", "1.0a1.post2.dev3" },
		{ "1.0a1-2dev3", "1.0a1.post2.dev3" },
		{ "1.0-rc.1-post.2_dev.3", "1.0rc1.post2.dev3" },
		{ "1.0+local", "1.0+local" },
		{ "1.0+LOCAL", "1.0+local" },
		{ "1.0+a.b-c_d", "1.0+a.b.c.d" },
		{ "1.0+001.a01", "1.0+1.a01" },
		{ "1.0+ubuntu-1", "1.0+ubuntu.1" },
		{ "0!1.0", "1.0" },
		{ "00!1.0", "1.0" },
		{ "1!1.0", "1!1.0" },
		{ "01!2.0a1", "1!2.0a1" },
		{ "1.0a.", "1.0a0" },
		{ "1.0.post-", "1.0.post0" },
		{ "1.0.dev_", "1.0.dev0" },
		{ "1.0+0", "1.0+0" },
		{ "20240101123456.0", "20240101123456.0" },
		{ "99999999999999999999999999999.000", "99999999999999999999999999999.0" },
		{ "1.0a00000", "1.0a0" },
		{ "0.0.0", "0.0.0" },
		{ "1.0.0", "1.0.0" },
		{ "1.0rc1+abc", "1.0rc1+abc" },
		{ "1.0--1", NULL },
		{ "", NULL },
		{ "1.", NULL },
		{ ".1", NULL },
		{ "a", NULL },
		{ "1.0.x", NULL },
		{ "1..0", NULL },
		{ "1.0+", NULL },
		{ "1.0+a..b", NULL },
		{ "1.0+.a", NULL },
		{ "1.0+a.", NULL },
		{ "1.0a1a1", NULL },
		{ "1.0.dev1.post1", NULL },
		{ "1.0.post1.a1", NULL },
		{ "1 .0", NULL },
		{ "1.0 a1", NULL },
		{ "1.0!1", NULL },
		{ "!1.0", NULL },
		{ "1!", NULL },
		{ "1.0*", NULL },
		{ "1.0.*", NULL },
		{ "french toast", NULL },
		{ "1.0+a+b", NULL },
		{ "1.0é", NULL },
		{ "-1", NULL },
		{ "1.0a1b1", NULL },
		{ "1.0.post1.post2", NULL },
		{ "1.0-1-2", NULL },
		{ "vv1", NULL },
		{ "1.0;", NULL },
		{ "1.0_", NULL },
		{ "1.0-", NULL },
		{ "2012-13-01", NULL },
};
/* clang-format on */

static void every_pair_is_in_order(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct version v[ARRAY_LEN(ascending)];
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(ascending); i++)
		if (!version_parse(&v[i], &a, slice_of(ascending[i]), &err))
			fail_msg("%s: %s", ascending[i], err.msg);
	for (size_t i = 0; i < ARRAY_LEN(v); i++) {
		for (size_t k = 0; k < ARRAY_LEN(v); k++) {
			int c = version_cmp(&v[i], &v[k]);
			int want = (i > k) - (i < k);

			if ((c > 0) - (c < 0) != want)
				fail_msg("%s against %s: %d", v[i].text, v[k].text, c);
		}
	}
}

static void spellings_become_normal(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(spellings); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		const char *want = spellings[i].normal;
		struct err err = { 0 };
		struct version v;
		bool ok = version_parse(&v, &a, slice_of(spellings[i].text), &err);

		if (ok != (want != NULL) || (!ok && err.code != E_INPUT))
			fail_msg("'%s': %s", spellings[i].text, ok ? v.text : err.msg);
		if (ok && !str_eq(v.text, want))
			fail_msg("'%s' became '%s', not '%s'", spellings[i].text, v.text, want);
	}
}

static struct version parsed(struct arena *a, const char *text)
{
	struct err err = { 0 };
	struct version v;

	if (!version_parse(&v, a, slice_of(text), &err))
		fail_msg("%s", err.msg);
	return v;
}

static void equal_versions_are_equal(void **state)
{
	static const char *const same[][2] = {
		{ "1", "1.0.0" },       { "1.0a1", "1.0.0alpha1" },   { "1.0+a.1", "1+A-01" },
		{ "0!1", "1" },         { "1.0.post0", "1.0-0" },     { "1.0rc0", "1c" },
		{ "01.02", "1.2.0.0" }, { "1.0.dev0", "1.0.00.DEV" },
	};
	AUTO(arena_free) struct arena a = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(same); i++) {
		struct version left = parsed(&a, same[i][0]), right = parsed(&a, same[i][1]);

		if (version_cmp(&left, &right) != 0 || version_cmp(&right, &left) != 0)
			fail_msg("%s and %s differ", same[i][0], same[i][1]);
	}
}

static void parts_are_told(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct version v = parsed(&a, "1!2.0.3rc4.post5.dev6+ubuntu.7");
	struct version plain = parsed(&a, "2.0");

	(void)state;
	assert_true(slice_eq(v.epoch, "1") && slice_eq(v.release, "2.0.3"));
	assert_int_equal(v.pre_kind, VERSION_CANDIDATE);
	assert_true(slice_eq(v.pre, "4") && slice_eq(v.post, "5") && slice_eq(v.dev, "6"));
	assert_true(slice_eq(v.local, "ubuntu.7"));
	assert_int_equal(version_release_parts(&v), 3);
	assert_true(version_is_prerelease(&v));
	assert_true(slice_eq(plain.epoch, "0"));
	assert_null(plain.pre.ptr);
	assert_null(plain.post.ptr);
	assert_null(plain.dev.ptr);
	assert_null(plain.local.ptr);
	assert_int_equal(version_release_parts(&plain), 2);
	assert_false(version_is_prerelease(&plain));
}

static void prefixes_are_padded(void **state)
{
	static const struct {
		const char *version, *prefix;
		size_t parts;
		bool want;
	} cases[] = {
		{ "1.2.3", "1.2", 2, true },      { "1.2.3", "1.2.3.4", 3, true },
		{ "1.2.3", "1.2.3.4", 4, false }, { "1", "1.0.0", 3, true },
		{ "1.20", "1.2", 2, false },      { "1!1.2", "1.2", 2, false },
		{ "1!1.2", "1!1", 1, true },      { "1.2a1", "1.2.0", 3, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		struct version v = parsed(&a, cases[i].version), p = parsed(&a, cases[i].prefix);

		if (version_has_prefix(&v, &p, cases[i].parts) != cases[i].want)
			fail_msg("%s in %zu of %s", cases[i].version, cases[i].parts,
				 cases[i].prefix);
	}
}

static void local_and_base_are_set_aside(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct version local = parsed(&a, "1.0+x"), plain = parsed(&a, "1.0.0");
	struct version candidate = parsed(&a, "1rc1"), other = parsed(&a, "1.1");

	(void)state;
	assert_int_equal(version_cmp_public(&local, &plain), 0);
	assert_true(version_cmp(&local, &plain) > 0);
	assert_true(version_same_base(&candidate, &plain));
	assert_false(version_same_base(&candidate, &other));
}

static void long_ones_are_refused(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(auto_free) char *text = mem_alloc(1026);
	struct err err = { 0 };
	struct version v;

	(void)state;
	for (size_t i = 0; i < 1025; i++)
		text[i] = '1';
	assert_false(version_parse(&v, &a, slice_of(text), &err));
	assert_int_equal(err.code, E_INPUT);
	text[1024] = '\0';
	err_clear(&err);
	assert_true(version_parse(&v, &a, slice_of(text), &err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_pair_is_in_order),
		cmocka_unit_test(spellings_become_normal),
		cmocka_unit_test(equal_versions_are_equal),
		cmocka_unit_test(parts_are_told),
		cmocka_unit_test(prefixes_are_padded),
		cmocka_unit_test(local_and_base_are_set_aside),
		cmocka_unit_test(long_ones_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
