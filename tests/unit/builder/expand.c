// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "builder/expand.h"

/* Variables: PWD=/home, HEL=hello, EMPTY="", and nothing else. */
static struct map env = MAP_TEXT;

static int set_up(void **state)
{
	(void)state;
	map_put_text(&env, "PWD", "/home");
	map_put_text(&env, "HEL", "hello");
	map_put_text(&env, "EMPTY", "");
	map_put_text(&env, "FILE", "archive.tar.gz");
	map_put_text(&env, "PATHS", "/usr/local/bin:/usr/bin:/bin");
	map_put_text(&env, "STAR", "a*b*c");
	map_put_text(&env, "WORDS", "one two");
	map_put_text(&env, "UTF", "h\xc3\xa9llo");
	map_put_text(&env, "x1", "X");
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	map_free(&env);
	return 0;
}

/* want NULL: an error that holds `bad` at offset `at` */
struct row {
	const char *text, *want, *bad;
	size_t at;
};

static void words(void **state)
{
	/* clang-format off */
	static const struct row rows[] = {
		{ "", "", NULL, 0 },
		{ "hello", "hello", NULL, 0 },
		{ "he'll'o", "hello", NULL, 0 },
		{ "he'llo", NULL, "closing '", 2 },
		{ "he\\'llo", "he'llo", NULL, 0 },
		{ "he\\\\'llo", NULL, "closing '", 4 },
		{ "abc\\tdef", "abctdef", NULL, 0 },
		{ "'abc\\tdef'", "abc\\tdef", NULL, 0 },
		{ "\"abc\\tdef\"", "abc\\tdef", NULL, 0 },
		{ "\"abc\\\"def\"", "abc\"def", NULL, 0 },
		{ "\"abc\\$PWD\"", "abc$PWD", NULL, 0 },
		{ "\"abc\\\\def\"", "abc\\def", NULL, 0 },
		{ "\"abc", NULL, "closing \"", 0 },
		{ "x\"abc", NULL, "closing \"", 1 },
		{ "abc\\", "abc", NULL, 0 },
		{ "a\\ b", "a b", NULL, 0 },
		{ "'a  b'", "a  b", NULL, 0 },
		{ "$PWD", "/home", NULL, 0 },
		{ "${PWD}", "/home", NULL, 0 },
		{ "he$PWD", "he/home", NULL, 0 },
		{ "he${PWD}xx", "he/homexx", NULL, 0 },
		{ "$PWDxx", "", NULL, 0 },
		{ "he$.", "he$.", NULL, 0 },
		{ "he$", "he$", NULL, 0 },
		{ "$", "$", NULL, 0 },
		{ "$$", "", NULL, 0 },
		{ "$1x", "x", NULL, 0 },
		{ "$12x", "x", NULL, 0 },
		{ "a$@b", "ab", NULL, 0 },
		{ "$?", "", NULL, 0 },
		{ "${1}", "", NULL, 0 },
		{ "$x1", "X", NULL, 0 },
		{ "'$PWD'", "$PWD", NULL, 0 },
		{ "\"$PWD\"", "/home", NULL, 0 },
		{ "\"'$PWD'\"", "'/home'", NULL, 0 },
		{ "'\"$PWD\"'", "\"$PWD\"", NULL, 0 },
		{ "\\$PWD", "$PWD", NULL, 0 },
		{ "${}", NULL, "bad substitution", 0 },
		{ "x${}", NULL, "bad substitution", 1 },
		{ "${:x}", NULL, "bad substitution", 0 },
		{ "${{x}", NULL, "bad substitution", 0 },
		{ "${", NULL, "'}' is missing", 0 },
		{ "${PWD", NULL, "'}' is missing", 0 },
		{ "${PWD:", NULL, "'}' is missing", 0 },
		{ "${PWD:-", NULL, "'}' is missing", 0 },
		{ "${PWD:-x$", NULL, "'}' is missing", 0 },
		{ "${PWD!x}", NULL, "unsupported modifier '!'", 0 },
		{ "${PWD:!x}", NULL, "unsupported modifier ':!'", 0 },
		{ "${PWD:3}", NULL, "unsupported modifier ':3'", 0 },
		{ "${NO:-word}", "word", NULL, 0 },
		{ "${NO-word}", "word", NULL, 0 },
		{ "${EMPTY:-word}", "word", NULL, 0 },
		{ "${EMPTY-word}", "", NULL, 0 },
		{ "${PWD:-word}", "/home", NULL, 0 },
		{ "${NO:-}", "", NULL, 0 },
		{ "${NO:-$PWD}", "/home", NULL, 0 },
		{ "${NO:-${ALSO_NO:-deep}}", "deep", NULL, 0 },
		{ "${NO:-'a}b'}", "a}b", NULL, 0 },
		{ "${NO:-\"a}b\"}", "a}b", NULL, 0 },
		{ "${NO:-a\\}b}", "a}b", NULL, 0 },
		{ "${NO:-a:b}", "a:b", NULL, 0 },
		{ "${PWD:+word}", "word", NULL, 0 },
		{ "${PWD+word}", "word", NULL, 0 },
		{ "${EMPTY:+word}", "", NULL, 0 },
		{ "${EMPTY+word}", "word", NULL, 0 },
		{ "${NO:+word}", "", NULL, 0 },
		{ "${NO+word}", "", NULL, 0 },
		{ "${PWD:?msg}", "/home", NULL, 0 },
		{ "${NO:?msg}", NULL, "NO: msg", 0 },
		{ "a${NO?}", NULL, "NO: is not allowed to be unset", 1 },
		{ "${EMPTY:?}", NULL, "EMPTY: is not allowed to be empty", 0 },
		{ "${EMPTY?}", "", NULL, 0 },
		{ "${FILE%.gz}", "archive.tar", NULL, 0 },
		{ "${FILE%.*}", "archive.tar", NULL, 0 },
		{ "${FILE%%.*}", "archive", NULL, 0 },
		{ "${FILE#*.}", "tar.gz", NULL, 0 },
		{ "${FILE##*.}", "gz", NULL, 0 },
		{ "${FILE#x}", "archive.tar.gz", NULL, 0 },
		{ "${FILE%}", "archive.tar.gz", NULL, 0 },
		{ "${FILE##*}", "", NULL, 0 },
		{ "${FILE%%*}", "", NULL, 0 },
		{ "${FILE#??}", "chive.tar.gz", NULL, 0 },
		{ "${FILE%??}", "archive.tar.", NULL, 0 },
		{ "${STAR#a\\*}", "b*c", NULL, 0 },
		{ "${STAR%\\**}", "a*b", NULL, 0 },
		{ "${STAR%%\\**}", "a", NULL, 0 },
		{ "${PATHS%%:*}", "/usr/local/bin", NULL, 0 },
		{ "${PATHS##*:}", "/bin", NULL, 0 },
		{ "${FILE%[g]z}", "archive.tar.gz", NULL, 0 },
		{ "${FILE#\\a}", NULL, "bad escape '\\a'", 0 },
		{ "${FILE:#a}", NULL, "':' cannot stand before", 0 },
		{ "${FILE:%a}", NULL, "':' cannot stand before", 0 },
		{ "${NO#a}", "", NULL, 0 },
		{ "${FILE/ar/XX}", "XXchive.tar.gz", NULL, 0 },
		{ "${FILE//ar/XX}", "XXchive.tXX.gz", NULL, 0 },
		{ "${FILE/./}", "archivetar.gz", NULL, 0 },
		{ "${FILE//./}", "archivetargz", NULL, 0 },
		{ "${FILE/.*/}", "archive", NULL, 0 },
		{ "${FILE/t?r/$HEL}", "archive.hello.gz", NULL, 0 },
		{ "${PATHS//\\//_}", "_usr_local_bin:_usr_bin:_bin", NULL, 0 },
		{ "${FILE/nope/x}", "archive.tar.gz", NULL, 0 },
		{ "${FILE/a", NULL, "'/' is missing", 0 },
		{ "${FILE/a/b", NULL, "'}' is missing", 0 },
		{ "${NO/a/b}", "", NULL, 0 },
		{ "${UTF}", "h\xc3\xa9llo", NULL, 0 },
		{ "\xe4\xba\xac$HEL", "\xe4\xba\xachello", NULL, 0 },
	};
	/* clang-format on */
	struct expand_options opt = { .env = &env, .escape = '\\' };
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(auto_free) char *got = NULL;
		struct err err = { 0 };
		size_t at = 0;
		bool ok = expand_word(&got, rows[i].text, &opt, &at, &err);

		if (ok != (rows[i].want != NULL))
			fail_msg("'%s': %s", rows[i].text, ok ? got : err.msg);
		if (ok && !str_eq(got, rows[i].want))
			fail_msg("'%s': '%s', not '%s'", rows[i].text, got, rows[i].want);
		if (!ok &&
		    (err.code != E_INPUT || !strstr(err.msg, rows[i].bad) || at != rows[i].at))
			fail_msg("'%s': '%s' at %zu, not '%s' at %zu", rows[i].text, err.msg, at,
				 rows[i].bad, rows[i].at);
	}
}

static void other_escape(void **state)
{
	struct expand_options opt = { .env = &env, .escape = '`' };
	AUTO(auto_free) char *got = NULL;
	struct err err = { 0 };
	(void)state;

	assert_true(expand_word(&got, "c:\\dir`$PWD\\$PWD", &opt, NULL, &err));
	assert_string_equal(got, "c:\\dir$PWD\\/home");
}

static void split(void **state)
{
	static const struct {
		const char *text;
		const char *want[5];
	} rows[] = {
		{ "a b", { "a", "b" } },
		{ "  a   b  ", { "a", "b" } },
		{ "'a b' c", { "a b", "c" } },
		{ "a\\ b c", { "a b", "c" } },
		{ "$WORDS", { "one", "two" } },
		{ "\"$WORDS\" x", { "one two", "x" } },
		{ "x$WORDS", { "xone", "two" } },
		{ "$NO a", { "a" } },
		{ "$NO", { NULL } },
	};
	struct expand_options opt = { .env = &env, .escape = '\\' };
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		AUTO(str_list_free) struct str_list got = { 0 };
		struct err err = { 0 };
		size_t count = 0;

		assert_true(expand_words(&got, rows[i].text, &opt, NULL, &err));
		while (rows[i].want[count])
			count++;
		assert_int_equal(got.len, count);
		for (size_t k = 0; k < count; k++)
			assert_string_equal(got.items[k], rows[i].want[k]);
	}
}

static void modes(void **state)
{
	static const struct {
		const char *text, *want;
		bool raw, keep, plain;
	} rows[] = {
		{ "'a' \"b\"", "'a' \"b\"", true, false, false },
		{ "a\\b", "a\\b", true, false, false },
		{ "$NO ${NO} ${NO:-x} ${NO#y} ${NO/a/b}", "$NO ${NO} ${NO:-x} ${NO#y} ${NO/a/b}",
		  false, true, false },
		{ "${PWD}", "/home", false, true, false },
		{ "it's $HEL \"q\"", "it's hello \"q\"", false, false, true },
		{ "\\$HEL", "$HEL", false, false, true },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct expand_options opt = { .env = &env,
					      .escape = '\\',
					      .raw_quotes = rows[i].raw,
					      .raw_escapes = rows[i].raw,
					      .keep_unset = rows[i].keep,
					      .no_quotes = rows[i].plain };
		AUTO(auto_free) char *got = NULL;
		struct err err = { 0 };

		if (!expand_word(&got, rows[i].text, &opt, NULL, &err))
			fail_msg("'%s': %s", rows[i].text, err.msg);
		assert_string_equal(got, rows[i].want);
	}
}

static void second_map_and_unset(void **state)
{
	AUTO(map_free) struct map args = MAP_TEXT;
	AUTO(str_list_free) struct str_list unset = { 0 };
	struct expand_options opt = {
		.env = &env, .also = &args, .escape = '\\', .unset_out = &unset
	};
	AUTO(auto_free) char *got = NULL;
	struct err err = { 0 };
	(void)state;

	map_put_text(&args, "PWD", "hidden");
	map_put_text(&args, "ARG", "arg");
	assert_true(expand_word(&got, "$PWD $ARG $NO $NO $ALSO", &opt, NULL, &err));
	assert_string_equal(got, "/home arg   ");
	assert_int_equal(unset.len, 2);
	assert_string_equal(unset.items[0], "NO");
}

static void limits(void **state)
{
	AUTO(buf_free) struct buf deep = BUF_INIT(1 << 20);
	AUTO(buf_free) struct buf stars = BUF_INIT(1 << 20);
	AUTO(map_free) struct map big = MAP_TEXT;
	struct expand_options opt = { .env = &big, .escape = '\\' };
	AUTO(auto_free) char *got = NULL;
	AUTO(auto_free) char *half = mem_alloc((1 << 19) + 8);
	struct err err = { 0 };
	(void)state;

	for (int i = 0; i < 100; i++)
		buf_put(&deep, "${a:-");
	assert_false(expand_word(&got, deep.ptr, &opt, NULL, &err));
	assert_non_null(strstr(err.msg, "nested too deep"));
	memset(half, 'x', 1 << 19);
	map_put_text(&big, "half", half);
	err = (struct err){ 0 };
	assert_false(expand_word(&got, "$half$half$half", &opt, NULL, &err));
	assert_non_null(strstr(err.msg, "longer than"));
	buf_put(&stars, "${half//");
	for (int i = 0; i < 200; i++)
		buf_put(&stars, "*y");
	buf_put(&stars, "/z}");
	err = (struct err){ 0 };
	assert_false(expand_word(&got, stars.ptr, &opt, NULL, &err));
	assert_non_null(strstr(err.msg, "steps"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words),
		cmocka_unit_test(other_escape),
		cmocka_unit_test(split),
		cmocka_unit_test(modes),
		cmocka_unit_test(second_map_and_unset),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
