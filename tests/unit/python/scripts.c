// SPDX-License-Identifier: Apache-2.0
#include "python/scripts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"

/* Entry points and the programs made of them. */
static void entry_points_are_read(void **state)
{
	static const char text[] = "stray = line\n# comment\n[console_scripts]\r\n"
				   "one = a.b:c\r\n two=a:b.c [x, y]\n; more\n\none = z : main\n"
				   "[other]\nthree = not read at all\n[gui_scripts]\nfour=_a1:f\n";
	static const char *const want[][3] = { { "one", "z", "main" },
					       { "two", "a", "b.c" },
					       { "four", "_a1", "f" } };
	AUTO(entry_points_free) struct entry_points e = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	struct err err = { 0 };

	(void)state;
	if (!entry_points_parse(&e, &a, slice_of(text), &err))
		fail_msg("%s", err.msg);
	assert_int_equal(e.len, 3);
	for (size_t i = 0; i < e.len; i++) {
		assert_string_equal(e.items[i].name, want[i][0]);
		assert_string_equal(e.items[i].module, want[i][1]);
		assert_string_equal(e.items[i].object, want[i][2]);
	}
	assert_ptr_equal(entry_points_find(&e, "four"), &e.items[2]);
	assert_null(entry_points_find(&e, "three"));
}

static void bad_entry_points_are_refused(void **state)
{
	static const char *const lines[] = {
		"x",         "= a:b",      "x =",        "x = a",      "x = :b",
		"x = a:",    "x = a:b:c",  "x = a..b:c", "x = a:b.",   "x = a b:c",
		"x = a:b()", "x = a:b [x", "x = a:b x]", "x = 1a:b",   "../x = a:b",
		". = a:b",   ".. = a:b",   "a/b = a:b",  "a\\b = a:b", "x\t\x01 = a:b",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
		AUTO(auto_free) char *text = mem_printf("[console_scripts]\n%s\n", lines[i]);
		AUTO(entry_points_free) struct entry_points e = { 0 };
		AUTO(arena_free) struct arena a = { 0 };
		struct err err = { 0 };

		if (entry_points_parse(&e, &a, slice_of(text), &err))
			fail_msg("'%s' was taken", lines[i]);
		assert_int_equal(err.code, E_INPUT);
	}
}

static void too_many_entry_points_are_refused(void **state)
{
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
	struct err err = { 0 };

	(void)state;
	buf_put(&text, "[console_scripts]\n");
	for (int i = 0; i <= LIMIT_ENTRY_POINTS; i++) {
		AUTO(entry_points_free) struct entry_points e = { 0 };
		AUTO(arena_free) struct arena a = { 0 };
		bool fits = i < LIMIT_ENTRY_POINTS;

		buf_putf(&text, "x%d = a:b\n", i);
		if (i >= LIMIT_ENTRY_POINTS - 1)
			assert_int_equal(entry_points_parse(&e, &a, slice_of(text.ptr), &err),
					 fits);
	}
	assert_int_equal(err.code, E_INPUT);
}

static void pip_gets_its_own_names(void **state)
{
	static const char text[] =
		"[console_scripts]\npip = p:main\npip3 = p:main\npip3.8 = p:main\n"
		"pipx = q:main\npip-audit = r:main\n";
	static const char *const want[] = { "pipx", "pip-audit", "pip", "pip3", "pip3.11" };

	(void)state;
	for (int minor = 0; minor <= 11; minor += 11) {
		AUTO(entry_points_free) struct entry_points e = { 0 };
		AUTO(arena_free) struct arena a = { 0 };
		struct err err = { 0 };

		assert_true(entry_points_parse(&e, &a, slice_of(text), &err));
		entry_points_fix_pip(&e, &a, minor);
		assert_int_equal(e.len, minor ? 5 : 4);
		for (size_t i = 0; i < e.len; i++)
			assert_string_equal(e.items[i].name, want[i]);
		assert_string_equal(e.items[e.len - 1].module, "p");
	}
}

static void shebangs_fit_the_kernel(void **state)
{
	char just[126], over[127];
	const struct {
		const char *interpreter;
		bool simple;
	} cases[] = {
		{ "/usr/bin/python3", true },
		{ "/usr/bin/env python3", true },
		{ "/opt/my python/bin/python", false },
		{ just, true },
		{ over, false },
	};

	(void)state;
	memset(just, 'x', sizeof(just));
	memset(over, 'x', sizeof(over));
	just[0] = over[0] = '/';
	just[124] = over[125] = '\0';
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf out = BUF_INIT(1024);
		AUTO(auto_free) char *simple = mem_printf("#!%s\n", cases[i].interpreter);

		script_put_shebang(&out, cases[i].interpreter);
		assert_int_equal(str_eq(out.ptr, simple), cases[i].simple);
		if (!cases[i].simple)
			assert_true(str_has_prefix(out.ptr, "#!/bin/sh\n'''exec' "));
	}
}

static void blanks_in_the_interpreter_are_quoted(void **state)
{
	AUTO(buf_free) struct buf out = BUF_INIT(1024);

	(void)state;
	script_put_shebang(&out, "/opt/my python/bin/python");
	assert_string_equal(
		out.ptr,
		"#!/bin/sh\n'''exec' \"/opt/my python/bin/python\" \"$0\" \"$@\"\n' '''\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entry_points_are_read),
		cmocka_unit_test(bad_entry_points_are_refused),
		cmocka_unit_test(too_many_entry_points_are_refused),
		cmocka_unit_test(pip_gets_its_own_names),
		cmocka_unit_test(shebangs_fit_the_kernel),
		cmocka_unit_test(blanks_in_the_interpreter_are_quoted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
