// SPDX-License-Identifier: Apache-2.0
#include "python/requirement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "python/name.h"

/* PEP 508 requirements and names. */
static void requirements_are_read(void **state)
{
	/* name|extras|specifiers|url|marker */
	static const char *const cases[][2] = {
		{ "foo", "foo||||" },
		{ "  Foo.Bar_baz  ", "Foo.Bar_baz||||" },
		{ "foo>=1.0", "foo||>=1.0||" },
		{ "foo >= 1.0 , < 2", "foo||<2,>=1.0||" },
		{ "foo(>=1.0,<2)", "foo||<2,>=1.0||" },
		{ "foo (>=1.0,)", "foo||>=1.0||" },
		{ "foo ()", "foo||||" },
		{ "foo>=1.0,", "foo||>=1.0||" },
		{ "foo[a]", "foo|a|||" },
		{ "foo [ B_x , a,a ] ~=1.2", "foo|a,b-x|~=1.2||" },
		{ "foo[]", "foo||||" },
		{ "foo;os_name=='a'", "foo||||os_name == \"a\"" },
		{ "foo>=1;os_name=='a'", "foo||>=1||os_name == \"a\"" },
		{ "foo===1.0;os_name=='a'", "foo||===1.0||os_name == \"a\"" },
		{ "foo===any-thing", "foo||===any-thing||" },
		{ "foo @ https://x.org/a.whl", "foo|||https://x.org/a.whl|" },
		{ "foo@https://x.org/a.whl#sha256=1", "foo|||https://x.org/a.whl#sha256=1|" },
		{ "foo[a] @ git+https://x/y@z ; os_name=='a'",
		  "foo|a||git+https://x/y@z|os_name == \"a\"" },
		{ "foo @ https://x.org/a;os_name=='a'", "foo|||https://x.org/a;os_name=='a'|" },
		{ "foo @ file:///a/b.whl", "foo|||file:///a/b.whl|" },
		{ "requests [security,tests] >= 2.8.1, == 2.8.* ; python_version < \"2.7\"",
		  "requests|security,tests|==2.8.*,>=2.8.1||python_version < \"2.7\"" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		AUTO(buf_free) struct buf text = BUF_INIT(512);
		struct requirement r;
		struct err err = { 0 };

		if (!requirement_parse(&r, &a, slice_of(cases[i][0]), NULL, &err))
			fail_msg("%s: %s", cases[i][0], err.msg);
		buf_putf(&text, "%s|", r.name);
		for (size_t k = 0; k < r.extra_count; k++)
			buf_putf(&text, "%s%s", k ? "," : "", r.extras[k]);
		buf_put(&text, "|");
		specifier_set_format(&text, &r.specifiers);
		buf_putf(&text, "|%s|", r.url ? r.url : "");
		marker_format(&text, r.marker);
		assert_string_equal(text.ptr, cases[i][1]);
	}
}

static void bad_ones_are_pointed_at(void **state)
{
	static const struct {
		const char *text;
		size_t at;
		const char *hint;
	} cases[] = {
		{ "", 0, "" },
		{ "-foo", 0, "" },
		{ "foo-", 0, "" },
		{ "_foo", 0, "" },
		{ "foo bar", 4, "" },
		{ "foo=1.0", 3, "an exact version is asked for by ==" },
		{ "foo = 1.0", 4, "an exact version is asked for by ==" },
		{ "foo>=", 3, "" },
		{ "foo>=1.0 <2", 3, "" },
		{ "foo>=1.0,,<2", 9, "" },
		{ "foo,", 3, "" },
		{ "foo>=1.0, =2", 10, "" },
		{ "foo(>=1.0", 3, "" },
		{ "foo(>=1.0) x", 11, "" },
		{ "foo[a", 3, "" },
		{ "foo[a b]", 6, "" },
		{ "foo[a,]", 6, "" },
		{ "foo[,a]", 4, "" },
		{ "foo[a]]", 6, "" },
		{ "foo @", 5, "" },
		{ "foo @ nowhere", 6, "" },
		{ "foo @ http://", 6, "" },
		{ "foo @ https://x.org/a x", 22, "" },
		{ "foo; os_name", 12, "" },
		{ "foo ; os_nam == 'a'", 6, "did you mean os_name?" },
		{ "foo>=1.0;", 9, "" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		struct requirement r;
		struct err err = { 0 };
		size_t at = 999;

		if (requirement_parse(&r, &a, slice_of(cases[i].text), &at, &err))
			fail_msg("'%s' was taken", cases[i].text);
		if (err.code != E_INPUT || at != cases[i].at)
			fail_msg("'%s': at %zu: %s", cases[i].text, at, err.msg);
		if (cases[i].hint[0])
			assert_string_equal(err.hint, cases[i].hint);
	}
}

static void requirements_are_written(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(512);
	struct requirement r;
	struct err err = { 0 };

	(void)state;
	assert_true(
		requirement_parse(&r, &a, slice_of("Foo[b,A] >=1, <2; os_name=='a'"), NULL, &err));
	requirement_format(&text, &r);
	assert_string_equal(text.ptr, "Foo[a,b]<2,>=1");
	assert_string_equal(r.key, "foo");
}

static void names_are_made_alike(void **state)
{
	static const char *const cases[][2] = {
		{ "Foo", "foo" },
		{ "foo.bar", "foo-bar" },
		{ "foo_bar", "foo-bar" },
		{ "A-_.b", "a-b" },
		{ "x", "x" },
		{ "ZOPE.Interface", "zope-interface" },
		{ "a__b--c", "a-b-c" },
	};
	static const char *const bad[] = { "",   "-a",  "a-",  ".a",      "a.",
					   "_a", "a b", "a/b", "\xc3\xa9" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena a = { 0 };

		assert_true(name_is_valid(slice_of(cases[i][0])));
		assert_string_equal(name_normalize(&a, slice_of(cases[i][0])), cases[i][1]);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++)
		assert_false(name_is_valid(slice_of(bad[i])));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requirements_are_read),
		cmocka_unit_test(bad_ones_are_pointed_at),
		cmocka_unit_test(requirements_are_written),
		cmocka_unit_test(names_are_made_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
