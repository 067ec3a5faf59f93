// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cleanup.h"
#include "registry/pattern.h"
#include "registry/scope.h"

/* Patterns of tags, their order, and the scopes that deleting needs. */

static bool matches(const char *pattern, const char *tag)
{
	AUTO(tag_patterns_free) struct tag_patterns p = { 0 };
	struct err err = { 0 };

	if (!tag_patterns_add(&p, pattern, &err))
		fail_msg("%s: %s", pattern, err.msg);
	return tag_patterns_match(&p, tag);
}

static void patterns_match(void **state)
{
	/* clang-format off */
	static const struct {
		const char *pattern, *tag;
		bool yes;
	} cases[] = {
		{ "1.*", "1.2", true },           { "1.*", "11.2", false },
		{ "3.1?-slim", "3.11-slim", true }, { "[!a]*", "abc", false },
		{ "latest", "latest", true },     { "latest", "latest2", false },
		{ "/^v[0-9]+$/", "v12", true },   { "/^v[0-9]+$/", "v1.2", false },
		{ "/slim/", "3.11-slim-bookworm", true },
		{ ">=1.2 <2", "1.2.0", true },    { ">=1.2 <2", "1.10", true },
		{ ">=1.2 <2", "2.0.0", false },   { ">=1.2,<2", "v1.9.3", true },
		{ ">=1.2 <2", "1.5.0-rc1", false }, { ">=1.5.0-rc1", "1.5.0-rc2", true },
		{ ">=1.5.0-rc2", "1.5.0-rc10", false }, { ">=1.5.0-rc.2", "1.5.0-rc.10", true },
		{ "^1.4.2", "1.9", true },        { "^1.4.2", "1.4.1", false },
		{ "^1.4.2", "2.0", false },       { "^0.3.1", "0.3.9", true },
		{ "^0.3.1", "0.4.0", false },     { "^0.0.3", "0.0.4", false },
		{ "~1.4.2", "1.4.9", true },      { "~1.4.2", "1.5.0", false },
		{ "~3", "3.99", true },           { "=1.2", "1.2.7", true },
		{ "=1.2.7", "1.2.7", true },      { "=1.2.7", "1.2.8", false },
		{ "!=1.2.7 >=1", "1.2.7", false }, { ">1", "latest", false },
		{ ">1", "3.11-slim", false },     { ">1", "99999999999999999999", false },
		{ ">=1", "1.2.3+build", true },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		if (matches(cases[i].pattern, cases[i].tag) != cases[i].yes)
			fail_msg("%s against %s", cases[i].pattern, cases[i].tag);
}

static void patterns_refused(void **state)
{
	static const char *const cases[] = { "",      "/",         "//",     "/[/",  "/open",
					     ">=one", ">=1.2.3.4", "^",      "~ 1",  ">= 1.2-",
					     "<",     ">=1 two",   "=1.2.x", "^1..2" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(tag_patterns_free) struct tag_patterns p = { 0 };
		struct err err = { 0 };

		if (tag_patterns_add(&p, cases[i], &err))
			fail_msg("'%s' was taken", cases[i]);
		assert_int_equal(err.code, E_INPUT);
	}
}

static void no_pattern_matches_nothing(void **state)
{
	const struct tag_patterns none = { 0 };

	(void)state;
	assert_false(tag_patterns_match(&none, "latest"));
}

static void tags_in_order(void **state)
{
	static const char *const sorted[] = { "1",    "1.2", "1.9",  "1.10",  "01.10.1", "1.10.1",
					      "2-rc", "10",  "a1b2", "a1b10", "latest" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sorted); i++)
		for (size_t k = 0; k < ARRAY_LEN(sorted); k++) {
			int order = tag_compare(sorted[i], sorted[k]);

			if ((order < 0) != (i < k) || (order > 0) != (i > k))
				fail_msg("%s against %s: %d", sorted[i], sorted[k], order);
		}
}

static void scopes_of_delete(void **state)
{
	AUTO(scopes_free) struct scopes have = { 0 };
	AUTO(scopes_free) struct scopes need = { 0 };
	AUTO(str_list_free) struct str_list text = { 0 };

	(void)state;
	scopes_add_text(&need, "repository:a/b:delete");
	scopes_add(&have, "a/b", ACCESS_PUSH);
	assert_false(scopes_cover(&have, &need));
	scopes_add(&have, "a/b", ACCESS_DELETE);
	assert_true(scopes_cover(&have, &need));
	scopes_add(&have, "c", ACCESS_PULL);
	scopes_add(&have, "d", ACCESS_PUSH);
	scopes_text(&text, &have);
	assert_int_equal(text.len, 3);
	assert_string_equal(text.items[0], "repository:a/b:pull,push,delete");
	assert_string_equal(text.items[1], "repository:d:pull,push");
	assert_string_equal(text.items[2], "repository:c:pull");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(patterns_match),
		cmocka_unit_test(patterns_refused),
		cmocka_unit_test(no_pattern_matches_nothing),
		cmocka_unit_test(tags_in_order),
		cmocka_unit_test(scopes_of_delete),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
