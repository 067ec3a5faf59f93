// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/err.h"

/* The error value: texts, places, the table of codes. */

static void codes_have_the_documented_exit_statuses(void **state)
{
	static const struct {
		enum err_code code;
		int status;
		bool retryable;
	} cases[] = {
		{ E_NONE, 0, false },      { E_NEGATIVE, 1, false },  { E_USAGE, 2, false },
		{ E_INPUT, 3, false },     { E_NETWORK, 4, true },    { E_AUTH, 5, false },
		{ E_NOT_FOUND, 6, false }, { E_INTEGRITY, 7, false }, { E_UNSUPPORTED, 8, false },
		{ E_IO, 9, false },        { E_STEP, 10, false },     { E_CANCELLED, 130, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		assert_int_equal(err_exit_status(cases[i].code), cases[i].status);
		assert_int_equal(err_is_retryable(cases[i].code), cases[i].retryable);
		assert_non_null(err_meaning(cases[i].code));
	}
	assert_string_equal(err_name(E_INPUT), "E_INPUT");
}

static void messages_wrap_from_the_inside_out(void **state)
{
	struct err err = { 0 };

	(void)state;
	assert_false(err_set(&err, E_AUTH, "HTTP %d", 403));
	assert_false(err_wrap(&err, "blob %s", "x"));
	assert_false(err_wrap(&err, "push"));
	assert_string_equal(err.msg, "push: blob x: HTTP 403");
	assert_int_equal(err.code, E_AUTH);
}

static void a_message_that_is_too_long_is_cut(void **state)
{
	struct err err = { 0 };
	char long_text[2 * ERR_MSG_MAX];

	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	err_set(&err, E_IO, "%s", long_text);
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
	err_wrap(&err, "w");
	assert_int_equal(strlen(err.msg), ERR_MSG_MAX - 1);
	assert_int_equal(strncmp(err.msg, "w: aaa", 6), 0);
}

static void errno_decides_the_code(void **state)
{
	static const struct {
		int number;
		enum err_code want;
	} cases[] = { { ENOENT, E_NOT_FOUND }, { EACCES, E_IO }, { ENOSPC, E_IO }, { EIO, E_IO } };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };

		errno = cases[i].number;
		assert_false(err_set_errno(&err, "open %s", "f"));
		assert_int_equal(err.code, cases[i].want);
		assert_non_null(strstr(err.msg, strerror(cases[i].number)));
		assert_int_equal(err.hint[0] != '\0', cases[i].number == ENOSPC);
	}
}

static void the_first_hint_and_place_stay(void **state)
{
	struct err err = { 0 };

	(void)state;
	err_set(&err, E_INPUT, "m");
	err_hint(&err, "first");
	err_hint(&err, "second");
	err_at(&err, "Dockerfile", 3, 7, "RUN  x", 6);
	err_at(&err, "other", 1, 1, "", 0);
	assert_string_equal(err.hint, "first");
	assert_string_equal(err.at.file, "Dockerfile");
	assert_string_equal(err.at.text, "RUN  x");
	assert_int_equal(err.at.line, 3);
	err_set(&err, E_INPUT, "new"); /* a new failure has neither */
	assert_string_equal(err.hint, "");
	assert_int_equal(err.at.line, 0);
	err_clear(&err);
	assert_int_equal(err.code, E_NONE);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(codes_have_the_documented_exit_statuses),
		cmocka_unit_test(messages_wrap_from_the_inside_out),
		cmocka_unit_test(a_message_that_is_too_long_is_cut),
		cmocka_unit_test(errno_decides_the_code),
		cmocka_unit_test(the_first_hint_and_place_stay),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
