// SPDX-License-Identifier: Apache-2.0
#include "builder/dockerfile.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "builder/duration.h"
#include "builder/owner.h"
#include "builder/ports.h"
#include "builder/quote.h"

/* What a text-file case cannot say: bytes, limits, and the small parsers. */

static void parse(struct dockerfile *d, const char *text)
{
	struct err err = { 0 };

	if (!dockerfile_parse(d, "F", text, strlen(text), &err))
		fail_msg("%d:%d: %s", err.at.line, err.at.column, err.msg);
}

static void mark_and_line_ends(void **state)
{
	AUTO(dockerfile_free) struct dockerfile d = { 0 };
	(void)state;

	parse(&d, "\xef\xbb\xbf# escape=`\r\nFROM a\r\nRUN b `\r\n c\r\nCOPY <<E "
		  "/x\r\none\r\nE\r\nUSER 1");
	assert_int_equal(d.escape, '`');
	assert_int_equal(d.instruction_count, 4);
	assert_string_equal(d.instructions[1].words[0].text, "b  c");
	assert_int_equal(d.instructions[1].place.line, 3);
	assert_string_equal(d.instructions[2].heredocs[0].content, "one\r\n");
	assert_int_equal(d.instructions[3].place.line, 8);
}

static void places(void **state)
{
	AUTO(dockerfile_free) struct dockerfile d = { 0 };
	const struct instruction *in;
	(void)state;

	parse(&d, "FROM a\n  COPY  --chown=1   --chmod=2 \\\n  one \\\n# x\n\ttwo  /three\nCMD [ "
		  "\"a\" , \"b\\\"\", \"c\" ]\n"
		  "ENV a=1  b='2 3'\nHEALTHCHECK --retries=1 CMD  x y\n");
	in = &d.instructions[1];
	assert_int_equal(in->place.column, 3);
	assert_int_equal(in->flags[1].place.line, 2);
	assert_int_equal(in->flags[1].place.column, 21);
	assert_int_equal(in->word_count, 3);
	assert_int_equal(in->words[0].place.line, 3);
	assert_int_equal(in->words[0].place.column, 3);
	assert_int_equal(in->words[1].place.line, 5);
	assert_int_equal(in->words[1].place.column, 2);
	assert_int_equal(in->words[2].place.column, 7);
	in = &d.instructions[2];
	assert_true(in->json);
	assert_string_equal(in->words[1].text, "b\"");
	assert_int_equal(in->words[1].place.column, 13);
	assert_int_equal(in->words[2].place.column, 20);
	in = &d.instructions[3];
	assert_string_equal(in->words[3].text, "'2 3'");
	assert_int_equal(in->words[3].place.column, 12);
	in = &d.instructions[4];
	assert_string_equal(in->words[1].text, "x y");
	assert_int_equal(in->words[1].place.column, 30);
	assert_string_equal(instruction_find_flag(in, "retries")->value, "1");
	assert_null(instruction_find_flag(in, "interval"));
}

static void line_shown(void **state)
{
	AUTO(dockerfile_free) struct dockerfile d = { 0 };
	static const char text[] = "FROM a\r\nCOPY \\\r\n   --x=1 b c\r\n";
	struct err err = { 0 };
	(void)state;

	assert_false(dockerfile_parse(&d, "dir/F", text, strlen(text), &err));
	assert_string_equal(err.at.file, "dir/F");
	assert_int_equal(err.at.line, 3);
	assert_int_equal(err.at.column, 4);
	assert_int_equal(err.at.width, 5);
	assert_string_equal(err.at.text, "   --x=1 b c");
}

static void refuse(const char *text, size_t len, int line, const char *want)
{
	AUTO(dockerfile_free) struct dockerfile d = { 0 };
	struct err err = { 0 };

	assert_false(dockerfile_parse(&d, "F", text, len, &err));
	assert_int_equal(err.code, E_INPUT);
	if (!strstr(err.msg, want) || err.at.line != line)
		fail_msg("line %d: %s", err.at.line, err.msg);
}

static void limits(void **state)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_DOCKERFILE + 16);
	(void)state;

	refuse("FROM a\nUSER x\0y\n", 16, 2, "NUL");
	buf_put(&text, "FROM a\nRUN ");
	while (text.len < LIMIT_DOCKERFILE_LINE + 16)
		buf_put(&text, "0123456789abcdef");
	refuse(text.ptr, text.len, 2, "longer than");
	while (text.len <= LIMIT_DOCKERFILE)
		buf_put_byte(&text, '\n');
	refuse(text.ptr, text.len, 0, "larger than");
	buf_clear(&text);
	for (int i = 0; i <= LIMIT_STAGES; i++)
		buf_put(&text, "FROM a\n");
	refuse(text.ptr, text.len, LIMIT_STAGES + 1, "more than 1000 stages");
	buf_clear(&text);
	buf_put(&text, "FROM a\n");
	for (int i = 0; i < LIMIT_INSTRUCTIONS; i++)
		buf_put(&text, "USER a\n");
	refuse(text.ptr, text.len, 1, "more than 20000 instructions");
}

/* One line as long as a line may be ends at once, whatever it holds. */
static void long_lines(void **state)
{
	AUTO(dockerfile_free) struct dockerfile d = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_DOCKERFILE);
	const struct instruction *in;
	clock_t start = clock();
	(void)state;

	buf_put(&text, "FROM a\n");
	for (int i = 0; i < 100000; i++)
		buf_put(&text, "ONBUILD ");
	buf_put(&text, "RUN x\n");
	refuse(text.ptr, text.len, 2, "ONBUILD cannot be a trigger of ONBUILD");
	buf_clear(&text);
	buf_put(&text, "FROM a\nEXPOSE 1");
	for (int i = 0; i < 200000; i++)
		buf_put(&text, " \\\n  1");
	parse(&d, text.ptr);
	in = &d.instructions[1];
	assert_int_equal(in->word_count, 200001);
	assert_int_equal(in->words[200000].place.line, 200002);
	assert_int_equal(in->words[200000].place.column, 3);
	if ((clock() - start) / CLOCKS_PER_SEC >= 5)
		fail_msg("%d s", (int)((clock() - start) / CLOCKS_PER_SEC));
}

/* Truncated and mangled files end in a plan or an error, never in a crash. */
static void mangled(void **state)
{
	static const char whole[] =
		"# escape=\\\nARG A=${B:-'x'}\nFROM a AS b\nCOPY --chown=\"1\" <<E <<-'F' [x /y\n"
		"a\nE\n\tb\n\tF\nRUN [\"a\", \"\\u00e9\"]\nENV a=\"b c\" d='e' \\\n\n f=g\n"
		"ONBUILD RUN <<X\nX\nHEALTHCHECK --retries=1 CMD a\nLABEL a b\nCMD\nVOLUME "
		"[\"a\"]\n";
	(void)state;

	for (size_t len = 0; len < sizeof(whole); len++) {
		for (int i = 0; i < 8; i++) {
			AUTO(dockerfile_free) struct dockerfile d = { 0 };
			AUTO(auto_free) char *copy = mem_strndup(whole, len);
			struct err err = { 0 };

			if (len && i)
				copy[(len * 7 + (size_t)i * 13) % len] = " \\\"'<[$\n"[i];
			if (!dockerfile_parse(&d, "F", copy, len, &err))
				assert_int_equal(err.code, E_INPUT);
		}
	}
}

static void durations(void **state)
{
	static const struct {
		const char *text;
		int64_t ns; /* -1: an error */
		const char *back;
	} rows[] = {
		{ "0", 0, "0s" },
		{ "30s", 30000000000, "30s" },
		{ "1m30s", 90000000000, "1m30s" },
		{ "90s", 90000000000, "1m30s" },
		{ "1.5h", 5400000000000, "1h30m0s" },
		{ "1500ms", 1500000000, "1.5s" },
		{ ".5s", 500000000, "500ms" },
		{ "1us", 1000, "1\xc2\xb5s" },
		{ "1.5\xc2\xb5s", 1500, "1.5\xc2\xb5s" },
		{ "7ns", 7, "7ns" },
		{ "1h1m1.001s", 3661001000000, "1h1m1.001s" },
		{ "", -1, NULL },
		{ "10", -1, NULL },
		{ "s", -1, NULL },
		{ ".s", -1, NULL },
		{ "1d", -1, NULL },
		{ "-1s", -1, NULL },
		{ "99999999999999h", -1, NULL },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct err err = { 0 };
		int64_t ns = -1;

		if (duration_parse(&ns, rows[i].text, &err) != (rows[i].ns >= 0))
			fail_msg("'%s': %s", rows[i].text, err.msg);
		if (rows[i].ns < 0)
			continue;
		assert_true(ns == rows[i].ns);
		assert_string_equal(duration_format(ns).text, rows[i].back);
	}
}

static void mode_changes(void **state)
{
	static const struct {
		const char *text;
		unsigned from, file, dir; /* file 0: an error */
	} rows[] = {
		{ "0755", 0644, 0755, 0755 },
		{ "4711", 0644, 04711, 04711 },
		{ "u=rwX,go=rX", 0600, 0644, 0755 },
		{ "u=rwX,go=rX", 0700, 0755, 0755 },
		{ "a+x", 0644, 0755, 0755 },
		{ "+x", 0644, 0755, 0755 },
		{ "go-rwx", 0777, 0700, 0700 },
		{ "u+s", 0755, 04755, 04755 },
		{ "g+s,o+t", 0755, 03755, 03755 },
		{ "g=u", 0640, 0660, 0660 },
		{ "u=r+w", 0777, 0677, 0677 },
		{ "o=", 0777, 0770, 0770 },
		{ "", 0644, 0, 0 },
		{ "8", 0644, 0, 0 },
		{ "17777", 0644, 0, 0 },
		{ "u", 0644, 0, 0 },
		{ "u+z", 0644, 0, 0 },
		{ "u+x,", 0644, 0, 0 },
		{ "x", 0644, 0, 0 },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct mode_change m;
		struct err err = { 0 };
		bool ok = mode_parse(&m, rows[i].text, &err);

		if (ok != (rows[i].file != 0))
			fail_msg("'%s': %s", rows[i].text, err.msg);
		if (ok && (mode_apply(&m, rows[i].from, false) != rows[i].file ||
			   mode_apply(&m, rows[i].from, true) != rows[i].dir))
			fail_msg("'%s': %o %o", rows[i].text, mode_apply(&m, rows[i].from, false),
				 mode_apply(&m, rows[i].from, true));
	}
}

static void quoting(void **state)
{
	AUTO(buf_free) struct buf out = BUF_INIT(1 << 12);
	static const char *const list[] = { "a b", "\xc3\xa9\xff\t\x01\x7f\"\\", "\xe2\x80\x8b" };
	(void)state;

	quote_list(&out, list, 3);
	assert_string_equal(out.ptr,
			    "[\"a b\" \"\xc3\xa9\\xff\\t\\x01\\x7f\\\"\\\\\" \"\\u200b\"]");
	buf_clear(&out);
	quote_plain_list(&out, list, 1);
	assert_string_equal(out.ptr, "[a b]");
}

static void signals(void **state)
{
	(void)state;
	assert_true(signal_is_known("sigterm"));
	assert_true(signal_is_known("KILL"));
	assert_true(signal_is_known("64"));
	assert_true(signal_is_known("SIGRTMIN+15"));
	assert_false(signal_is_known("0"));
	assert_false(signal_is_known("65"));
	assert_false(signal_is_known("SIGRTMIN+16"));
	assert_false(signal_is_known("SIG"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mark_and_line_ends),
		cmocka_unit_test(places),
		cmocka_unit_test(line_shown),
		cmocka_unit_test(limits),
		cmocka_unit_test(long_lines),
		cmocka_unit_test(mangled),
		cmocka_unit_test(durations),
		cmocka_unit_test(mode_changes),
		cmocka_unit_test(quoting),
		cmocka_unit_test(signals),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
