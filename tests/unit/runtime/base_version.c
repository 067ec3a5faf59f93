// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/mem.h"
#include "runtime/base_version.h"

/* Versions in the bytes of interpreters and C libraries. */

#define BYTES(text)                    \
	{                              \
		text, sizeof(text) - 1 \
	}

static void texts(void **state)
{
	static const struct {
		const char *text;
		int minor, patch;
	} cases[] = {
		{ "3.11.9", 11, 9 },    { "3.11", 11, -1 },    { "3.13.0rc1", 13, 0 },
		{ "3.14.0a7+", 14, 0 }, { "3.9.x", 9, -1 },    { "3.", -1, -1 },
		{ "3", -1, -1 },        { "2.7.18", -1, -1 },  { "3.100", -1, -1 },
		{ "3.11.123", 11, -1 }, { "latest", -1, -1 },  { "", -1, -1 },
		{ NULL, -1, -1 },       { "3.-1.2", -1, -1 },  { "3..2", -1, -1 },
		{ "33.11.2", -1, -1 },  { " 3.11.2", -1, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		int minor, patch;

		base_version_of_text(&minor, &patch, cases[i].text);
		if (minor != cases[i].minor || patch != cases[i].patch)
			fail_msg("'%s': %d.%d", cases[i].text, minor, patch);
	}
}

static void patches(void **state)
{
	static const struct {
		struct slice program;
		int minor, want;
	} cases[] = {
		{ BYTES("\x7f"
			"ELF\0"
			"3.11.2\0"),
		  11, 2 },
		{ BYTES("\0"
			"3.11.2+\0"),
		  11, 2 },
		{ BYTES("libpython3.11.so.1.0\0lib 3.11.7\0"
			"3.11.4"),
		  11, 4 },
		{ BYTES("\0"
			"3.12.1\0"
			"3.11.9\0"),
		  11, 9 },
		{ BYTES("\0"
			"3.1.5\0"
			"3.11.2"),
		  1, 5 },
		{ BYTES("\0"
			"3.11.\0"
			"3.11.x\0"
			"3.11.8"),
		  11, 8 },
		{ BYTES("3.11.2"), 11, -1 }, /* no text begins there */
		{ BYTES("\0"
			"3.11."),
		  11, -1 }, /* cut off */
		{ BYTES("\0"
			"3.11.456\0"),
		  11, -1 }, /* not Python's */
		{ BYTES("\0"
			"3.11.1234567890123456789012"),
		  11, -1 },
		{ BYTES(""), 11, -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(base_version_patch(cases[i].program, cases[i].minor),
				 cases[i].want);
}

static void libraries(void **state)
{
	static const struct {
		bool (*find)(uint64_t *out, struct slice bytes);
		struct slice bytes;
		int want; /* -1: not found */
	} cases[] = {
		{ base_version_glibc,
		  BYTES("GNU C Library (Debian GLIBC 2.36-9) stable release version 2.36.\nC"),
		  36 },
		{ base_version_glibc,
		  BYTES("GNU C Library (GNU libc) stable release version 2.26, by"), 26 },
		/* the banner goes before symbols, of which the newest counts */
		{ base_version_glibc, BYTES("\0GLIBC_2.38\0release version 2.36."), 36 },
		{ base_version_glibc,
		  BYTES("\0GLIBC_2.2.5\0GLIBC_2.34\0GLIBC_2.17\0GLIBC_PRIVATE\0"), 34 },
		{ base_version_glibc, BYTES("release version 2.x\0GLIBC_2.9"), 9 },
		{ base_version_glibc, BYTES("GLIBC_2.17"), -1 },
		{ base_version_glibc, BYTES("release version 3.1"), -1 },
		{ base_version_glibc, BYTES("release version 2."), -1 },
		{ base_version_glibc, BYTES("release version 2.99999999999999999999"), -1 },
		{ base_version_glibc, BYTES("musl libc"), -1 },
		{ base_version_glibc, BYTES(""), -1 },
		{ base_version_musl,
		  BYTES("musl libc (x86_64)\nVersion %s\0"
			"1.2.4_git20230717\0"),
		  2 },
		{ base_version_musl,
		  BYTES("\0"
			"1.\0"
			"1.0\0"
			"1.1.24\0"),
		  1 },
		{ base_version_musl, BYTES("musl libc\nVersion 1.2.3\n"), 2 },
		{ base_version_musl,
		  BYTES("\0"
			"1.2"),
		  -1 },
		{ base_version_musl, BYTES("Version 2.1"), -1 },
		{ base_version_musl, BYTES(""), -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t got = 0;
		bool found = cases[i].find(&got, cases[i].bytes);

		if (found != (cases[i].want >= 0) || (found && (int)got != cases[i].want))
			fail_msg("case %zu: %d %d", i, found, (int)got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(patches),
		cmocka_unit_test(libraries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
