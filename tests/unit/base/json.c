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

/* Strict JSON, shape tables both ways, YAML as JSON. */

static void strict_parsing(void **state)
{
	static const struct {
		const char *text;
		size_t len; /* 0: strlen */
		bool ok;
	} cases[] = {
		{ "{}", 0, true },
		{ " [1, 2] ", 0, true },
		{ "{\"a\":{\"b\":1}}", 0, true },
		{ "{\"a\":1,\"a\":2}", 0, false },
		{ "{\"x\":{\"a\":1,\"a\":2}}", 0, false },
		{ "{} {}", 0, false },
		{ "{}x", 0, false },
		{ "{", 0, false },
		{ "", 0, false },
		{ "{\"a\":\"\\u0000\"}", 0, false },
		{ "{\"a\":1}\0", 8, false },
		{ "{\"a\":99999999999999999999}", 0, false }, /* no silent float */
		{ "{\"a\":1e999}", 0, false },
		{ "{\"a\":\"\xff\"}", 0, false },
		{ "{\"a\":\"\\ud800\"}", 0, false },
		{ "{'a':1}", 0, false },
		{ "[1,]", 0, false },
		{ "nul", 0, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		json_t *doc = NULL;
		size_t len = cases[i].len ? cases[i].len : strlen(cases[i].text);

		if (json_parse(&doc, cases[i].text, len, "doc", &err) != cases[i].ok)
			fail_msg("'%s': %s", cases[i].text, err.msg);
		if (!cases[i].ok)
			assert_int_equal(err.code, E_INPUT);
		json_decref(doc);
	}
}

static bool nested(int depth, const char *inner)
{
	struct buf b = BUF_INIT(10000);
	struct err err = { 0 };
	json_t *doc = NULL;
	bool ok;

	for (int i = 0; i < depth; i++)
		buf_put(&b, "[");
	buf_put(&b, inner);
	for (int i = 0; i < depth; i++)
		buf_put(&b, "]");
	ok = json_parse(&doc, b.ptr, b.len, "doc", &err);
	json_decref(doc);
	buf_free(&b);
	return ok;
}

static void depth_has_a_limit(void **state)
{
	(void)state;
	assert_true(nested(LIMIT_JSON_DEPTH, ""));
	assert_false(nested(LIMIT_JSON_DEPTH + 1, ""));
	/* brackets inside text are no depth */
	assert_true(nested(
		1, "\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""));
	assert_true(nested(
		1, "\"\\\"[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[\""));
}

static void an_error_has_its_place(void **state)
{
	static const char text[] = "{\n  \"a\": 1,\n  \"b\" 2\n}";
	struct err err = { 0 };
	json_t *doc = NULL;

	(void)state;
	assert_false(json_parse(&doc, text, strlen(text), "config.json", &err));
	assert_string_equal(err.at.file, "config.json");
	assert_int_equal(err.at.line, 3);
	assert_string_equal(err.at.text, "  \"b\" 2");
}

static void patching_keeps_order_and_integers(void **state)
{
	static const char text[] =
		"{\"z\":9007199254740993,\"a\":{\"unknown\":[1,2.5,null]},\"m\":\"\\u00e9\"}";
	struct err err = { 0 };
	json_t *doc = NULL, *member;
	char *out;
	size_t len;

	(void)state;
	assert_true(json_parse(&doc, text, strlen(text), "doc", &err));
	assert_true(json_ensure_object(&member, doc, "new", &err));
	json_object_set_new(member, "k", json_string("v"));
	assert_false(json_ensure_object(&member, doc, "z", &err));
	out = json_text(doc, &len);
	assert_string_equal(out, "{\"z\":9007199254740993,\"a\":{\"unknown\":[1,2.5,null]},"
				 "\"m\":\"\xc3\xa9\",\"new\":{\"k\":\"v\"}}");
	assert_int_equal(len, strlen(out));
	free(out);
	json_decref(doc);
}

struct inner {
	const char *name;
	int64_t size;
};
struct outer {
	struct json_list items;
	struct json_pairs labels;
	struct json_list words;
	bool flag;
	json_t *rest;
};

/* clang-format off */
static const struct json_field inner_fields[] = {
	JSON_REQUIRED(struct inner, name, "name", &json_type_text),
	JSON_OPTIONAL(struct inner, size, "size", &json_type_int),
	{ 0 },
};
static const struct json_type inner_type = JSON_OBJECT(struct inner, inner_fields);
static const struct json_type inner_list = JSON_LIST(&inner_type);
static const struct json_field outer_fields[] = {
	JSON_REQUIRED(struct outer, items,  "items",  &inner_list),
	JSON_OPTIONAL(struct outer, labels, "labels", &json_type_pairs),
	JSON_OPTIONAL(struct outer, words,  "words",  &json_type_text_list),
	JSON_OPTIONAL(struct outer, flag,   "flag",   &json_type_bool),
	JSON_OPTIONAL(struct outer, rest,   "rest",   &json_type_any),
	{ 0 },
};
/* clang-format on */
static const struct json_type outer_type = JSON_OBJECT(struct outer, outer_fields);

static bool decode(struct outer *out, struct arena *arena, json_t **doc, const char *text,
		   struct err *err)
{
	*out = (struct outer){ 0 };
	return json_parse(doc, text, strlen(text), "doc", err) &&
	       json_decode(&outer_type, out, *doc, arena, err);
}

static void shapes_read_and_write(void **state)
{
	static const char text[] =
		"{\"items\":[{\"name\":\"a\",\"size\":1},{\"name\":\"b\",\"size\":0}],"
		"\"labels\":{\"z\":\"1\",\"a\":\"2\"},\"words\":[\"x\"],"
		"\"flag\":true,\"rest\":{\"any\":[1]}}";
	struct arena arena = { 0 };
	struct err err = { 0 };
	struct outer out;
	json_t *doc = NULL, *again;
	char *written;

	(void)state;
	assert_true(decode(&out, &arena, &doc, text, &err));
	assert_int_equal(out.items.len, 2);
	assert_string_equal(((struct inner *)out.items.items)[1].name, "b");
	assert_string_equal(out.labels.items[0].key, "z");
	again = json_encode(&outer_type, &out);
	written = json_text(again, NULL);
	assert_string_equal(written, text);
	free(written);
	json_decref(again);
	json_decref(doc);
	arena_free(&arena);
}

static void shapes_name_the_path_of_what_is_wrong(void **state)
{
	static const struct {
		const char *text, *want; /* want NULL: fine */
	} cases[] = {
		{ "{\"items\":[]}", NULL },
		{ "{\"items\":null}", NULL }, /* Go writes null for an empty list */
		{ "{\"items\":[],\"labels\":null,\"flag\":null,\"unknown\":7}", NULL },
		{ "{}", "'items' is missing" },
		{ "[]", "an object expected, not a list" },
		{ "{\"items\":{}}", "items: a list expected, not an object" },
		{ "{\"items\":[{\"name\":\"a\"},{\"name\":7}]}",
		  "items: [1]: name: text expected, not a number" },
		{ "{\"items\":[{\"size\":1}]}", "items: [0]: 'name' is missing" },
		{ "{\"items\":[{\"name\":\"a\",\"size\":-1}]}",
		  "items: [0]: size: -1 is negative" },
		{ "{\"items\":[{\"name\":\"a\",\"size\":1.5}]}",
		  "items: [0]: size: a whole number expected, not a fraction" },
		{ "{\"items\":[],\"labels\":{\"a\":1}}", "labels: a: text expected, not a number" },
		{ "{\"items\":[],\"flag\":\"yes\"}", "flag: true or false expected, not text" },
		{ "{\"items\":[],\"words\":[null]}", "words: [0]: text expected, not null" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct arena arena = { 0 };
		struct err err = { 0 };
		struct outer out;
		json_t *doc = NULL;

		if (decode(&out, &arena, &doc, cases[i].text, &err) != !cases[i].want ||
		    (cases[i].want && strcmp(err.msg, cases[i].want) != 0))
			fail_msg("%s: '%s'", cases[i].text, err.msg);
		json_decref(doc);
		arena_free(&arena);
	}
}

static void yaml_is_json(void **state)
{
	static const struct {
		const char *yaml, *json; /* json NULL: E_INPUT at line:column */
		int line, column;
	} cases[] = {
		{ "a: 1\nb: text # comment\n", "{\"a\":1,\"b\":\"text\"}", 0, 0 },
		{ "- x\n- [1, 2.5, true, null, ~, 'true', \"3\"]\n",
		  "[\"x\",[1,2.5,true,null,null,\"true\",\"3\"]]", 0, 0 },
		{ "k: 3.10\nv: \"3.10\"\n", "{\"k\":3.1000000000000001,\"v\":\"3.10\"}", 0, 0 },
		{ "m: {a: b}\nt: |\n  one\n  two\n", "{\"m\":{\"a\":\"b\"},\"t\":\"one\\ntwo\\n\"}",
		  0, 0 },
		{ "d: 1.2.3\ne: 2024-01-01\nf: -\n", NULL, 3, 4 },
		{ "d: 1.2.3\ne: 2024-01-01\n", "{\"d\":\"1.2.3\",\"e\":\"2024-01-01\"}", 0, 0 },
		{ "n: no\ny: yes\n", "{\"n\":\"no\",\"y\":\"yes\"}", 0, 0 }, /* core schema: text */
		{ "a: 1\na: 2\n", NULL, 2, 1 },
		{ "a: &x 1\nb: *x\n", NULL, 1, 4 },
		{ "a: !!python/object x\n", NULL, 1, 4 },
		{ "a: [1\n", NULL, 2, 1 },
		{ "a: 1\n---\nb: 2\n", NULL, 2, 1 },
		{ "", NULL, 1, 1 },
		{ "a:\n\tb: 1\n", NULL, 2, 1 },
		{ "? [x]\n: 1\n", NULL, 1, 3 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		json_t *doc = NULL;
		bool ok = yaml_parse(&doc, cases[i].yaml, strlen(cases[i].yaml), "f.yaml", &err);
		char *text = ok ? json_text(doc, NULL) : NULL;

		if (ok != (cases[i].json != NULL) || (ok && strcmp(text, cases[i].json) != 0))
			fail_msg("'%s': %s %s", cases[i].yaml, text ? text : "", err.msg);
		if (!ok && (err.at.line != cases[i].line || err.at.column != cases[i].column))
			fail_msg("'%s': at %d:%d: %s", cases[i].yaml, err.at.line, err.at.column,
				 err.msg);
		free(text);
		json_decref(doc);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(strict_parsing),
		cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(an_error_has_its_place),
		cmocka_unit_test(patching_keeps_order_and_integers),
		cmocka_unit_test(shapes_read_and_write),
		cmocka_unit_test(shapes_name_the_path_of_what_is_wrong),
		cmocka_unit_test(yaml_is_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
