// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/mem.h"

/* YAML's plain scalars, its limits, and where its errors are. */

static void plain_scalars(void **state)
{
	/* clang-format off */
	static const struct {
		const char *yaml, *json;
	} cases[] = { /* YAML 1.2, 10.3.2 */
		{ "0", "0" }, { "-19", "-19" }, { "+5", "5" }, { "007", "\"007\"" }, { "-01", "\"-01\"" }, { "1e3", "1000.0" },
		{ "-1.5", "-1.5" }, { ".5", "0.5" }, { "5.", "5.0" }, { "9223372036854775807", "9223372036854775807" },
		{ "9223372036854775808", "9.2233720368547758e18" },
		{ "null", "null" }, { "~", "null" }, { "NULL", "null" }, { "nUll", "\"nUll\"" },
		{ "true", "true" }, { "FALSE", "false" }, { "tRue", "\"tRue\"" }, { "yes", "\"yes\"" }, { "off", "\"off\"" },
		{ ".", "\".\"" }, { "-", NULL }, { "+", "\"+\"" }, { "e", "\"e\"" }, { "1e", "\"1e\"" }, { "E5", "\"E5\"" },
		{ "1-2", "\"1-2\"" }, { "3.11.2", "\"3.11.2\"" }, { "0x1f", "\"0x1f\"" }, { "1_000", "\"1_000\"" },
		{ "12:30", "\"12:30\"" }, { "2024-01-01", "\"2024-01-01\"" }, { ".inf", "\".inf\"" }, { ".nan", "\".nan\"" },
		{ "'1'", "\"1\"" }, { "\"true\"", "\"true\"" }, { "''", "\"\"" }, { "a b", "\"a b\"" },
		{ "1e999", NULL }, /* no JSON number */
		{ "\xc3\xa9", "\"\xc3\xa9\"" }, { "\xff", NULL }, { "\"\\0\"", NULL },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free)
		char *text = mem_printf("v: %s\n", cases[i].yaml), *want = NULL, *got = NULL;
		AUTO(auto_json_decref) json_t *doc = NULL;
		struct err err = { 0 };
		bool ok = yaml_parse(&doc, text, strlen(text), "x.yaml", &err);

		if (ok != (cases[i].json != NULL))
			fail_msg("%s: %s", cases[i].yaml, err.msg);
		if (!ok) {
			assert_int_equal(err.code, E_INPUT);
			continue;
		}
		want = mem_printf("{\"v\":%s}", cases[i].json);
		got = json_text(doc, NULL);
		assert_string_equal(got, want);
	}
}

static void depth_has_a_limit(void **state)
{
	(void)state;
	for (int depth = LIMIT_JSON_DEPTH - 1; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
		AUTO(buf_free) struct buf text = BUF_INIT(10000);
		AUTO(auto_json_decref) json_t *doc = NULL;
		struct err err = { 0 };

		for (int i = 0; i < depth; i++)
			buf_put(&text, "[");
		for (int i = 0; i < depth; i++)
			buf_put(&text, "]");
		assert_int_equal(yaml_parse(&doc, text.ptr, text.len, "x", &err),
				 depth <= LIMIT_JSON_DEPTH);
		if (depth > LIMIT_JSON_DEPTH)
			assert_non_null(strstr(err.msg, "nested too deeply"));
	}
}

static void what_is_not_taken(void **state)
{
	/* clang-format off */
	static const struct {
		const char *text, *part;
		int line, column;
		const char *shown;
	} cases[] = {
		{ "a: 1\na: 2\n",                        "twice",    2, 1, "a: 2" },
		{ "x:\n  a: 1\n  a: 2\n",                "twice",    3, 3, "  a: 2" },
		{ "# \xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\nb: 1\nb: 2\n", "twice", 3, 1, "b: 2" },
		{ "\xc3\xa9: 1\n\xc3\xa9: 2\n",          "twice",    2, 1, "\xc3\xa9: 2" },
		{ "{\xc3\xa9: 1, b: 2, b: 3}\n",         "twice",    1, 15, "{\xc3\xa9: 1, b: 2, b: 3}" }, /* columns are bytes */
		{ "a: *x\n",                             "anchors",  1, 4, "a: *x" },
		{ "a: &x [1]\n",                         "anchors",  1, 4, "a: &x [1]" },
		{ "a: &x {b: 1}\n",                      "anchors",  1, 4, "a: &x {b: 1}" },
		{ "a: !int 1\n",                         "anchors",  1, 4, "a: !int 1" },
		{ "a: !!map {}\n",                       "anchors",  1, 4, "a: !!map {}" },
		{ "--- 1\n--- 2\n",                      "a second document", 2, 1, "--- 2" },
		{ "",                                    "no document", 1, 1, "" },
		{ "# only a comment\n",                  "no document", 2, 1, "" },
		{ "a: {b\n",                             "",         2, 1, "" },
		{ "a: 'b\n",                             "",         2, 1, "" },
		{ "? {x: 1}\n: 1\n",                     "a key must be text", 1, 3, "? {x: 1}" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_json_decref) json_t *doc = NULL;
		struct err err = { 0 };

		if (yaml_parse(&doc, cases[i].text, strlen(cases[i].text), "dir/x.yaml", &err))
			fail_msg("%s was taken", cases[i].text);
		assert_int_equal(err.code, E_INPUT);
		if (!strstr(err.msg, cases[i].part) || err.at.line != cases[i].line ||
		    err.at.column != cases[i].column || strcmp(err.at.text, cases[i].shown) != 0)
			fail_msg("case %zu: %d:%d '%s' %s", i, err.at.line, err.at.column,
				 err.at.text, err.msg);
		assert_string_equal(err.at.file, "dir/x.yaml");
	}
}

/* Every prefix of a document is taken or refused, never more (ASan looks on). */
static void cut_documents_are_harmless(void **state)
{
	static const char text[] = "a: {b: [1, 'x', \"\\u00e9\"], c: |\n  text\n}\nd:\n- >-\n  "
				   "folded\n- ~\n\xc3\xa9: 1.5\n";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		AUTO(auto_json_decref) json_t *doc = NULL;
		AUTO(auto_free) char *copy = mem_dup(text, len ? len : 1);
		struct err err = { 0 };

		if (!yaml_parse(&doc, copy, len, "x", &err))
			assert_int_equal(err.code, E_INPUT);
	}
}

static void places_are_found_again(void **state)
{
	static const char text[] = "a: 1\n"
				   "\xc3\xa9: [x, {y: z}, [1, 2]]\n"
				   "list:\n"
				   "  - name: one\n"
				   "  - name: two\n"
				   "    deep: {k: v}\n";
	static const struct {
		struct yaml_step path[4];
		size_t depth;
		bool of_key;
		int line, column;
	} cases[] = {
		{ { { .key = "a" } }, 1, false, 1, 4 },
		{ { { .key = "a" } }, 1, true, 1, 1 },
		{ { { .key = "\xc3\xa9" }, { .index = 0 } }, 2, false, 2, 6 },
		{ { { .key = "\xc3\xa9" }, { .index = 1 }, { .key = "y" } }, 3, false, 2, 13 },
		{ { { .key = "\xc3\xa9" }, { .index = 2 }, { .index = 1 } }, 3, false, 2, 21 },
		{ { { .key = "list" }, { .index = 1 }, { .key = "deep" }, { .key = "k" } },
		  4,
		  true,
		  6,
		  12 },
		/* not there: the nearest above */
		{ { { .key = "none" } }, 1, false, 1, 1 },
		{ { { .key = "list" }, { .index = 7 } }, 2, false, 4, 3 },
		{ { { .key = "a" }, { .key = "b" } }, 2, false, 1, 4 },
		{ { { 0 } }, 0, false, 1, 1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };

		assert_false(yaml_err_at(&err, text, strlen(text), "x", cases[i].path,
					 cases[i].depth, cases[i].of_key));
		if (err.at.line != cases[i].line || err.at.column != cases[i].column)
			fail_msg("case %zu: %d:%d", i, err.at.line, err.at.column);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_scalars),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(what_is_not_taken),
		cmocka_unit_test(cut_documents_are_harmless),
		cmocka_unit_test(places_are_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
