// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

/* Slices, buffers, lists, and text in other clothes. */

static void slices(void **state)
{
	struct slice rest, part;

	(void)state;
	assert_true(slice_eq(slice_trim(SLICE_LIT("  a b\t"), " \t"), "a b"));
	assert_int_equal(slice_trim(SLICE_LIT("   "), " ").len, 0);
	assert_int_equal(slice_of(NULL).len, 0);
	part = slice_cut(SLICE_LIT("a=b=c"), '=', &rest);
	assert_true(slice_eq(part, "a"));
	assert_true(slice_eq(rest, "b=c"));
	part = slice_cut(SLICE_LIT("a="), '=', &rest);
	assert_non_null(rest.ptr); /* empty is not absent */
	assert_int_equal(rest.len, 0);
	part = slice_cut(SLICE_LIT("a"), '=', &rest);
	assert_true(slice_eq(part, "a"));
	assert_null(rest.ptr);
	assert_true(slice_has_prefix(SLICE_LIT("abc"), "ab"));
	assert_false(slice_has_prefix(SLICE_LIT("a"), "ab"));
	assert_true(str_has_suffix("layer.zip", ".zip"));
	assert_false(str_has_suffix("zip", ".zip"));
}

static void numbers(void **state)
{
	static const struct {
		const char *text;
		uint64_t max;
		bool ok;
		uint64_t want;
	} cases[] = {
		{ "0", 10, true, 0 },
		{ "10", 10, true, 10 },
		{ "11", 10, false, 0 },
		{ "007", 10, true, 7 },
		{ "18446744073709551615", UINT64_MAX, true, UINT64_MAX },
		{ "18446744073709551616", UINT64_MAX, false, 0 },
		{ "99999999999999999999999", UINT64_MAX, false, 0 },
		{ "", 10, false, 0 },
		{ "-1", 10, false, 0 },
		{ "+1", 10, false, 0 },
		{ " 1", 10, false, 0 },
		{ "1x", 10, false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		uint64_t out = 0;

		if (str_to_u64(&out, slice_of(cases[i].text), cases[i].max) != cases[i].ok)
			fail_msg("'%s'", cases[i].text);
		assert_int_equal(out, cases[i].want);
	}
}

static void nearest_words(void **state)
{
	static const char *const words[] = { "build", "push", "pull", "extend" };
	static const struct {
		const char *word, *want;
	} cases[] = {
		{ "biuld", "build" }, /* one transposition */
		{ "buld", "build" },  { "extendd", "extend" }, { "psuh", "push" }, { "x", NULL },
		{ "xy", NULL },       { "completely", NULL },  { "", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *got = str_nearest(cases[i].word, words, ARRAY_LEN(words));

		if (!got != !cases[i].want || (got && strcmp(got, cases[i].want) != 0))
			fail_msg("'%s' -> %s", cases[i].word, got ? got : "(none)");
	}
	assert_int_equal(str_distance("ca", "abc"), 3); /* optimal string alignment */
	assert_int_equal(str_distance("kitten", "sitting"), 3);
	assert_int_equal(str_distance("", "abc"), 3);
}

static void sizes(void **state)
{
	static const struct {
		uint64_t bytes;
		const char *want;
	} cases[] = {
		{ 0, "0 B" },
		{ 999, "999 B" },
		{ 1000, "1.0 kB" },
		{ 999949, "999.9 kB" },
		{ 999950, "1.0 MB" },
		{ 12345678, "12.3 MB" },
		{ UINT64_MAX, "18.4 EB" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_string_equal(str_format_size(cases[i].bytes).text, cases[i].want);
}

static void a_buffer_keeps_its_maximum(void **state)
{
	struct buf b = BUF_INIT(5);
	struct err err = { 0 };
	char *text;

	(void)state;
	assert_string_equal(b.ptr, "");
	assert_true(buf_append(&b, "1234", 4, &err));
	assert_true(buf_append(&b, "5", 1, &err));
	assert_false(buf_append(&b, "6", 1, &err));
	assert_int_equal(err.code, E_INPUT);
	assert_string_equal(b.ptr, "12345"); /* what was there stays */
	buf_clear(&b);
	assert_string_equal(b.ptr, "");
	assert_true(buf_printf(&b, &err, "%d", 42));
	text = buf_steal(&b);
	assert_string_equal(text, "42");
	free(text);
	assert_int_equal(b.len, 0);
	text = buf_steal(&b); /* of an empty one */
	assert_string_equal(text, "");
	free(text);
	buf_free(&b);
	buf_free(&b);
}

static void lists(void **state)
{
	struct str_list l = { 0 };
	char **argv = str_list_argv(&l);

	(void)state;
	assert_null(argv[0]);
	for (int i = 0; i < 20; i++) {
		char name[4];

		snprintf(name, sizeof(name), "%02d", 19 - i);
		str_list_push(&l, name);
		assert_null(l.items[l.len]); /* an argv at any time */
	}
	str_list_sort(&l);
	assert_string_equal(l.items[0], "00");
	assert_string_equal(l.items[19], "19");
	assert_true(str_list_has(&l, "07"));
	assert_false(str_list_has(&l, "7"));
	str_list_free(&l);
	assert_int_equal(l.len, 0);
}

static void printable_text(void **state)
{
	static const struct {
		const char *in;
		size_t len;
		const char *want;
	} cases[] = {
		{ "plain", 5, "plain" },
		{ "a\tb\nc", 5, "a b c" },
		{ "\033[31mred", 8, "\\x1b[31mred" },
		{ "nul\0!", 5, "nul\\x00!" },
		{ "\x7f", 1, "\\x7f" },
		{ "h\xc3\xa9", 3, "h\xc3\xa9" },
		{ "\xff\xfe", 2, "\\xff\\xfe" },
		{ "\xc3", 1, "\\xc3" },
		{ "\xc0\xaf", 2, "\\xc0\\xaf" },                   /* overlong */
		{ "\xed\xa0\x80", 3, "\\xed\\xa0\\x80" },          /* surrogate */
		{ "\xc2\x9b", 2, "\\xc2\\x9b" },                   /* C1 CSI */
		{ "\xe2\x80\xae", 3, "\\xe2\\x80\\xae" },          /* right-to-left override */
		{ "\xef\xbb\xbf", 3, "\\xef\\xbb\\xbf" },          /* BOM */
		{ "\xf0\x9f\x90\x8d", 4, "\xf0\x9f\x90\x8d" },     /* a snake */
		{ "\xf4\x90\x80\x80", 4, "\\xf4\\x90\\x80\\x80" }, /* beyond Unicode */
	};
	char *cut;

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		char *got = str_printable(cases[i].in, cases[i].len, 100);

		assert_string_equal(got, cases[i].want);
		free(got);
	}
	cut = str_printable("0123456789", 10, 8);
	assert_string_equal(cut, "01234...");
	free(cut);
}

static void base64(void **state)
{
	static const struct { /* RFC 4648, 10 */
		const char *plain, *text;
	} cases[] = { { "", "" },
		      { "f", "Zg==" },
		      { "fo", "Zm8=" },
		      { "foo", "Zm9v" },
		      { "foob", "Zm9vYg==" },
		      { "fooba", "Zm9vYmE=" },
		      { "foobar", "Zm9vYmFy" } };
	static const char *const bad[] = { "A", "Zm9v!", "Zm 9v", "Zg==Zg==" };
	struct err err = { 0 };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct buf out = BUF_INIT(100);
		char *text = str_base64_encode(cases[i].plain, strlen(cases[i].plain));

		assert_string_equal(text, cases[i].text);
		assert_true(str_base64_decode(&out, slice_of(text), &err));
		assert_string_equal(out.ptr, cases[i].plain);
		free(text);
		buf_free(&out);
	}
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		struct buf out = BUF_INIT(100);

		assert_false(str_base64_decode(&out, slice_of(bad[i]), &err));
		assert_int_equal(err.code, E_INPUT);
		buf_free(&out);
	}
}

static void url_and_hex(void **state)
{
	struct buf b = BUF_INIT(100);
	char hex[9];

	(void)state;
	buf_put_urlencoded(&b, "robot$a+b c/~._-\xc3\xa9");
	assert_string_equal(b.ptr, "robot%24a%2Bb%20c%2F~._-%C3%A9");
	buf_clear(&b);
	buf_put_hex(&b, "\x00\xff\x10", 3);
	assert_string_equal(b.ptr, "00ff10");
	hex_format(hex, "\xde\xad\xbe\xef", 4);
	assert_string_equal(hex, "deadbeef");
	buf_free(&b);
}

static void url_decoding(void **state)
{
	static const char *const cases[][2] = {
		{ "plain", "plain" },     { "", "" },         { "a%20b%2Fc", "a b/c" },
		{ "%c3%A9", "\xc3\xa9" }, { "100%", "100%" }, { "%4", "%4" },
		{ "%zz%41", "%zzA" },     { "%%41", "%A" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *text = mem_strdup(cases[i][0]);

		assert_int_equal(str_urldecode(text), strlen(cases[i][1]));
		assert_string_equal(text, cases[i][1]);
	}
	AUTO(auto_free) char *nul = mem_strdup("a%00b");

	assert_int_equal(str_urldecode(nul), 3);
	assert_memory_equal(nul, "a\0b", 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(slices),
		cmocka_unit_test(numbers),
		cmocka_unit_test(nearest_words),
		cmocka_unit_test(sizes),
		cmocka_unit_test(a_buffer_keeps_its_maximum),
		cmocka_unit_test(lists),
		cmocka_unit_test(printable_text),
		cmocka_unit_test(base64),
		cmocka_unit_test(url_and_hex),
		cmocka_unit_test(url_decoding),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
