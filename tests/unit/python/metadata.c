// SPDX-License-Identifier: Apache-2.0
#include "python/metadata.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"

/* METADATA and WHEEL as build tools write them, and as they should not. */

#define NAMED "Metadata-Version: 2.1\nName: a\nVersion: 1\n"

static void fields_are_read(void **state)
{
	static const char text[] =
		"Metadata-Version: 2.3\r\nNAME: Zope.Interface\r\nversion:1.0 \r\n"
		"Summary: one\r\nno field\r\nRequires-Python: >=3.8\r\n"
		"Requires-Dist: b (>=1,\r\n\t<2)\r\n"
		"requires-dist: c ; extra == 'X_y'\r\nProvides-Extra: X_y\r\n"
		"Name: another\r\nRequires-Python: <3\r\n"
		"\r\nName: of the body\r\nRequires-Dist: not-this\r\n";
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(metadata_free) struct metadata m = { 0 };
	struct err err = { 0 };

	(void)state;
	if (!metadata_parse(&m, &a, slice_of(text), &err))
		fail_msg("%s", err.msg);
	assert_string_equal(m.name, "Zope.Interface");
	assert_string_equal(m.version, "1.0");
	assert_string_equal(m.summary, "one");
	assert_string_equal(m.requires_python, ">=3.8");
	assert_int_equal(m.requires_dist.len, 2);
	assert_string_equal(m.requires_dist.items[0], "b (>=1,\r\n\t<2)");
	assert_string_equal(m.requires_dist.items[1], "c ; extra == 'X_y'");
	assert_int_equal(m.extras.len, 1);
	assert_string_equal(m.extras.items[0], "x-y");
}

static void what_is_absent(void **state)
{
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(metadata_free) struct metadata m = { 0 };
	struct err err = { 0 };

	(void)state;
	assert_true(metadata_parse(&m, &a, slice_of(NAMED "Summary: UNKNOWN"), &err));
	assert_string_equal(m.summary, "");
	assert_null(m.requires_python);
	assert_int_equal(m.requires_dist.len + m.extras.len, 0);
}

static void metadata_that_is_refused(void **state)
{
	static const struct {
		struct slice text;
		enum err_code code;
		const char *says;
	} cases[] = {
#define TEXT(s) { s, sizeof(s) - 1 }
		{ TEXT(""), E_INPUT, "no Name" },
		{ TEXT("Name: a\n\nVersion: 1\n"), E_INPUT, "no Version" },
		{ TEXT("Version: 1\n"), E_INPUT, "no Name" },
		{ TEXT(NAMED "Requires-Dist: b\0c\n"), E_INPUT, "NUL" },
		{ TEXT("Metadata-Version: 3.0\nName: a\nVersion: 1\n"), E_UNSUPPORTED, "3.0" },
		{ TEXT("Metadata-Version: x\nName: a\nVersion: 1\n"), E_INPUT, "'x' is not" },
		{ TEXT("Metadata-Version: 2.x\nName: a\nVersion: 1\n"), E_INPUT, "'2.x' is not" },
#undef TEXT
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena a = { 0 };
		AUTO(metadata_free) struct metadata m = { 0 };
		struct err err = { 0 };

		assert_false(metadata_parse(&m, &a, cases[i].text, &err));
		assert_int_equal(err.code, cases[i].code);
		if (!strstr(err.msg, cases[i].says))
			fail_msg("'%s' does not say '%s'", err.msg, cases[i].says);
	}
}

static void it_is_the_files(void **state)
{
	static const struct {
		const char *text;
		enum err_code code; /* E_NONE: it is */
	} cases[] = {
		{ "Name: foo.BAR\nVersion: 1.0.0\n", E_NONE },
		{ "Name: foobar\nVersion: 1.0\n", E_INTEGRITY },
		{ "Name: foo-bar\nVersion: 1.1\n", E_INTEGRITY },
		{ "Name: foo-bar\nVersion: one\n", E_INPUT },
	};
	AUTO(arena_free) struct arena a = { 0 };
	struct wheel_name name;
	struct err err = { 0 };

	(void)state;
	assert_true(wheel_name_parse(&name, &a, "Foo_Bar-1.0-py3-none-any.whl", &err));
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(metadata_free) struct metadata m = { 0 };

		err = (struct err){ 0 };
		assert_true(metadata_parse(&m, &a, slice_of(cases[i].text), &err));
		assert_int_equal(metadata_check_name(&m, &a, &name, &err), !cases[i].code);
		assert_int_equal(err.code, cases[i].code);
	}
}

static void versions_of_wheels(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
	} cases[] = {
		{ "Wheel-Version: 1.0\nTag: py3-none-any\n", E_NONE },
		{ "Generator: x\nwheel-version: 1.9\n", E_NONE },
		{ "Wheel-Version: 2.0\n", E_UNSUPPORTED },
		{ "Wheel-Version: one\n", E_INPUT },
		{ "Generator: x\n", E_INPUT },
		{ "\nWheel-Version: 1.0\n", E_INPUT },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };

		assert_int_equal(metadata_check_wheel(slice_of(cases[i].text), &err),
				 !cases[i].code);
		assert_int_equal(err.code, cases[i].code);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fields_are_read),          cmocka_unit_test(what_is_absent),
		cmocka_unit_test(metadata_that_is_refused), cmocka_unit_test(it_is_the_files),
		cmocka_unit_test(versions_of_wheels),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
