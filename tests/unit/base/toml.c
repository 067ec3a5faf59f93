// SPDX-License-Identifier: Apache-2.0
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/toml.h"

/* TOML 1.0.0, by the sections of its specification: what is a document, what is none, and where. */

/* clang-format off */
static const struct {
	const char *toml, *json;
} good[] = {
	/* comments, blanks, line ends */
	{ "", "{}" }, { "\n \t\n", "{}" }, { "# only a comment", "{}" }, { "# \xc3\xa9\t\r\n", "{}" },
	{ "a = 1 # c\r\nb = 2", "{\"a\":1,\"b\":2}" }, { "\xef\xbb\xbf" "a = 1", "{\"a\":1}" },
	{ "\ta\t=\t1\t", "{\"a\":1}" }, { "a=1", "{\"a\":1}" },
	/* keys */
	{ "bare_key-1 = 1\n1234 = 2\n-=3\n_=4", "{\"bare_key-1\":1,\"1234\":2,\"-\":3,\"_\":4}" },
	{ "\"127.0.0.1\" = 1\n'quoted \"x\"' = 2", "{\"127.0.0.1\":1,\"quoted \\\"x\\\"\":2}" },
	{ "\"\" = 1", "{\"\":1}" }, { "'' = 1", "{\"\":1}" }, { "\"\\u00e9\" = 1", "{\"\xc3\xa9\":1}" },
	{ "a.b = 1\na.\"c.d\" = 2", "{\"a\":{\"b\":1,\"c.d\":2}}" },
	{ "a . b\t. 'c' = 1", "{\"a\":{\"b\":{\"c\":1}}}" },
	{ "3.14159 = 'pi'", "{\"3\":{\"14159\":\"pi\"}}" },
	{ "a.b.c = 1\na.d = 2\na.b.e = 3", "{\"a\":{\"b\":{\"c\":1,\"e\":3},\"d\":2}}" },
	{ "true = 1\ninf = 2\n1979-05-27 = 3", "{\"true\":1,\"inf\":2,\"1979-05-27\":3}" },
	/* basic strings */
	{ "a = \"\"", "{\"a\":\"\"}" }, { "a = \"x # y\"", "{\"a\":\"x # y\"}" },
	{ "a = \"\\b\\t\\n\\f\\r\\\"\\\\\"", "{\"a\":\"\\b\\t\\n\\f\\r\\\"\\\\\"}" },
	{ "a = \"\\u00e9\\U0001F600\\uFFFD\\u007f\"", "{\"a\":\"\xc3\xa9\xf0\x9f\x98\x80\xef\xbf\xbd\x7f\"}" },
	{ "a = \"\\u0041\\u07ff\\u0800\\uD7FF\\uE000\\U00010000\\U0010FFFF\"",
	  "{\"a\":\"A\xdf\xbf\xe0\xa0\x80\xed\x9f\xbf\xee\x80\x80\xf0\x90\x80\x80\xf4\x8f\xbf\xbf\"}" },
	{ "a = \"tab\there\"", "{\"a\":\"tab\\there\"}" },
	/* of several lines */
	{ "a = \"\"\"\"\"\"", "{\"a\":\"\"}" }, { "a = \"\"\"\nx\ny\"\"\"", "{\"a\":\"x\\ny\"}" },
	{ "a = \"\"\"\r\nx\r\ny\"\"\"", "{\"a\":\"x\\ny\"}" }, { "a = \"\"\"\n\nx\"\"\"", "{\"a\":\"\\nx\"}" },
	{ "a = \"\"\"x \\\n   y\"\"\"", "{\"a\":\"x y\"}" }, { "a = \"\"\"x\\  \n\n \t\r\n y\"\"\"", "{\"a\":\"xy\"}" },
	{ "a = \"\"\"\\\n\"\"\"", "{\"a\":\"\"}" }, { "a = \"\"\"x\\\r\n y\"\"\"", "{\"a\":\"xy\"}" },
	{ "a = \"\"\"q\" \"\" q\"\"\"", "{\"a\":\"q\\\" \\\"\\\" q\"}" },
	{ "a = \"\"\"\"q\"\"\"\"", "{\"a\":\"\\\"q\\\"\"}" }, { "a = \"\"\"\"\"q\"\"\"\"\"", "{\"a\":\"\\\"\\\"q\\\"\\\"\"}" },
	{ "a = \"\"\"x\\\"\"\"\"", "{\"a\":\"x\\\"\"}" }, { "a = \"\"\"\\\\\"\"\"", "{\"a\":\"\\\\\"}" },
	{ "a = \"\"\"''\"\"\"", "{\"a\":\"''\"}" },
	/* literal strings */
	{ "a = 'C:\\n\\\"x'", "{\"a\":\"C:\\\\n\\\\\\\"x\"}" }, { "a = ''", "{\"a\":\"\"}" },
	{ "a = '''\n\\x\n'y''\n'''", "{\"a\":\"\\\\x\\n'y''\\n\"}" }, { "a = '''''x'''''", "{\"a\":\"''x''\"}" },
	{ "a = '''x\\\n y'''", "{\"a\":\"x\\\\\\n y\"}" },
	/* integers */
	{ "a = [0, +0, -0, +99, -17, 1_000, 5_349_221]", "{\"a\":[0,0,0,99,-17,1000,5349221]}" },
	{ "a = [0xDEADBEEF, 0xdead_beef, 0o01234567, 0b1101_0110, 0x0, 0x00f]",
	  "{\"a\":[3735928559,3735928559,342391,214,0,15]}" },
	{ "a = [9223372036854775807, -9223372036854775808, 0x7fffffffffffffff]",
	  "{\"a\":[9223372036854775807,-9223372036854775808,9223372036854775807]}" },
	/* floats */
	{ "a = [+1.0, 3.1415, -0.01, 5e+22, 1e06, -2E-2, 6.626e-34, 224_617.445_991_228, 0e0, 0.0]",
	  "{\"a\":[1.0,3.1415,-0.01,5e+22,1000000.0,-0.02,6.626e-34,224617.445991228,0.0,0.0]}" },
	{ "a = [inf, +inf, -inf, nan, +nan, -nan]", "{\"a\":[\"inf\",\"inf\",\"-inf\",\"nan\",\"nan\",\"nan\"]}" },
	{ "a = [true, false]", "{\"a\":[true,false]}" },
	/* dates and times */
	{ "a = [1979-05-27T07:32:00Z, 1979-05-27t00:32:00.999999-07:00, 1979-05-27 07:32:00z]",
	  "{\"a\":[\"1979-05-27T07:32:00Z\",\"1979-05-27T00:32:00.999999-07:00\",\"1979-05-27T07:32:00Z\"]}" },
	{ "a = [1979-05-27T07:32:00, 1979-05-27 00:32:00.5, 1979-05-27, 07:32:00, 00:32:00.999]",
	  "{\"a\":[\"1979-05-27T07:32:00\",\"1979-05-27T00:32:00.5\",\"1979-05-27\",\"07:32:00\",\"00:32:00.999\"]}" },
	{ "a = [2000-02-29, 2024-02-29, 0000-01-01, 9999-12-31, 23:59:60]",
	  "{\"a\":[\"2000-02-29\",\"2024-02-29\",\"0000-01-01\",\"9999-12-31\",\"23:59:60\"]}" },
	{ "a = 1979-05-27 # 07:32:00", "{\"a\":\"1979-05-27\"}" },
	/* arrays */
	{ "a = []", "{\"a\":[]}" }, { "a = [ 1, 'x', [2.5, {b = []}], true, ]", "{\"a\":[1,\"x\",[2.5,{\"b\":[]}],true]}" },
	{ "a = [ # c\n\n 1 # d\n , # e\r\n 2\n]", "{\"a\":[1,2]}" },
	/* tables */
	{ "[a]", "{\"a\":{}}" }, { "[ a . 'b' ] # c\nx = 1", "{\"a\":{\"b\":{\"x\":1}}}" },
	{ "[a.b.c]\n[a]\nx = 1\n[a.b]\ny = 2", "{\"a\":{\"b\":{\"c\":{},\"y\":2},\"x\":1}}" },
	{ "x = 1\n[a]\n[b]\n[a.c]", "{\"x\":1,\"a\":{\"c\":{}},\"b\":{}}" },
	{ "[a]\nb.c = 1\n[a.b.d]\nx = 2", "{\"a\":{\"b\":{\"c\":1,\"d\":{\"x\":2}}}}" },
	{ "[a.b.c]\nx = 1\n[a]\nb.y = 2", "{\"a\":{\"b\":{\"c\":{\"x\":1},\"y\":2}}}" },
	{ "[\"\"]\nx = 1", "{\"\":{\"x\":1}}" },
	/* inline tables */
	{ "a = {}", "{\"a\":{}}" }, { "a = { }", "{\"a\":{}}" }, { "a = {b.c = 1, b.d = {e = 2}}", "{\"a\":{\"b\":{\"c\":1,\"d\":{\"e\":2}}}}" },
	{ "a = { x = [\n1,\n2 ], y = '''\n''' }", "{\"a\":{\"x\":[1,2],\"y\":\"\"}}" },
	/* arrays of tables */
	{ "[[a]]\nx = 1\n[[a]]\n[[a]]\nx = 3", "{\"a\":[{\"x\":1},{},{\"x\":3}]}" },
	{ "[[a]]\n[a.b]\nx = 1\n[[a.c]]\n[[a.c]]\n[[a]]\n[a.b]\n[[a.c]]",
	  "{\"a\":[{\"b\":{\"x\":1},\"c\":[{},{}]},{\"b\":{},\"c\":[{}]}]}" },
	{ "[[a.b]]\n[a]\nx = 1\n[[a.b]]", "{\"a\":{\"b\":[{},{}],\"x\":1}}" },
	{ "[[a]]\nb.c = 1\n[[a]]\nb.c = 2", "{\"a\":[{\"b\":{\"c\":1}},{\"b\":{\"c\":2}}]}" },
};

static const struct {
	const char *toml, *part;
	int line, column;
} bad[] = {
	/* encoding and line ends */
	{ "a = '\xff'",              "not UTF-8",   1, 6 }, { "# \xc3",        "not UTF-8", 1, 3 },
	{ "a = '\xed\xa0\x80'",      "not UTF-8",   1, 6 }, { "a = '\xc0\xaf'", "not UTF-8", 1, 6 },
	{ "a = 1\n\xef\xbb\xbf",     "a key is missing", 2, 1 },
	{ "# a\x01",                 "control",     1, 4 }, { "# a\x7f",       "control", 1, 4 },
	{ "# a\rb = 1",              "control",     1, 4 }, { "a = 1\rb = 2",  "only one value", 1, 6 },
	{ "\r",                      "a key is missing", 1, 1 }, { "\x0c" "a = 1", "a key is missing", 1, 1 },
	/* keys */
	{ "a",                       "'=' is missing", 1, 2 }, { "a = ",         "a value is missing", 1, 5 },
	{ "a = # c",                 "a value is missing", 1, 5 }, { "a =\n1",   "a value is missing", 1, 4 },
	{ "= 1",                     "a key is missing", 1, 1 }, { "a. = 1",     "a key is missing", 1, 4 },
	{ ".a = 1",                  "a key is missing", 1, 1 }, { "a..b = 1",   "a key is missing", 1, 3 },
	{ "a b = 1",                 "'=' is missing", 1, 3 }, { "\xc3\xa9 = 1", "a key is missing", 1, 1 },
	{ "a = 1 b = 2",             "only one value", 1, 7 }, { "a\n= 1",       "'=' is missing", 1, 2 },
	{ "\"\"\"a\"\"\" = 1",       "a key has no line ends", 1, 1 }, { "'''a''' = 1", "a key has no line ends", 1, 1 },
	{ "\"a\nb\" = 1",            "does not end on its line", 1, 1 }, { "a = 1\na = 2", "'a' is there already", 2, 1 },
	{ "a = 1\n'a' = 2",          "'a' is there already", 2, 1 }, { "a+b = 1", "'=' is missing", 1, 2 },
	{ "a = 1\na.b = 2",          "'a' is there already", 2, 1 }, { "a.b = 1\na = 2", "'a' is there already", 2, 1 },
	{ "a.b = 1\na.b.c = 2",      "'b' is there already", 2, 3 }, { "a = 1 = 2", "only one value", 1, 7 },
	{ "a == 1",                  "a value is missing", 1, 4 },
	/* strings */
	{ "a = \"x",                 "does not end on its line", 1, 5 }, { "a = 'x\n'", "does not end on its line", 1, 5 },
	{ "a = \"\"\"x\"\"",         "does not end", 1, 5 }, { "a = '''x''",   "does not end", 1, 5 },
	{ "a = \"\\x41\"",           "not an escape", 1, 6 }, { "a = \"\\ \"",  "not an escape", 1, 6 },
	{ "a = \"\\e\"",             "not an escape", 1, 6 }, { "a = \"\\",     "not an escape", 1, 6 },
	{ "a = \"\\u12\"",           "needs 4", 1, 6 }, { "a = \"\\U0001F60\"", "needs 8", 1, 6 },
	{ "a = \"\\uD800\"",         "no character", 1, 6 }, { "a = \"\\U00110000\"", "no character", 1, 6 },
	{ "a = \"\\u0000\"",         "NUL", 1, 6 }, { "a = \"\x01\"",         "must be escaped", 1, 6 },
	{ "a = '\x1f'",              "must be escaped", 1, 6 }, { "a = \"\x7f\"", "must be escaped", 1, 6 },
	{ "a = \"\"\"\n\x0b\"\"\"",  "must be escaped", 2, 1 }, { "a = '''x\ry'''", "must be escaped", 1, 9 },
	{ "a = \"\"\"x \\ y\"\"\"",  "not an escape", 1, 10 }, { "a = 'x' 'y'", "only one value", 1, 9 },
	{ "a = \"\"\"\"\"\"\"\"\"",  "only one value", 1, 13 }, { "a = '''x''''''", "only one value", 1, 14 },
	{ "a = x",                   "text needs quotes", 1, 5 }, { "a = \xc3\xa9", "a value is missing", 1, 5 },
	{ "a = \"\"\"x\\\n \ry\"\"\"", "must be escaped", 2, 2 },
	/* numbers */
	{ "a = 01",                  "not a value", 1, 5 }, { "a = -01",      "not a value", 1, 5 },
	{ "a = 1__0",                "not a value", 1, 5 }, { "a = _1",       "not a value", 1, 5 },
	{ "a = 1_",                  "not a value", 1, 5 }, { "a = +_1",      "not a value", 1, 5 },
	{ "a = ++1",                 "not a value", 1, 5 }, { "a = 0X1",      "not a value", 1, 5 },
	{ "a = 0x",                  "not a value", 1, 5 }, { "a = 0xg",      "not a value", 1, 5 },
	{ "a = 0x_1",                "not a value", 1, 5 }, { "a = +0x1",     "not a value", 1, 5 },
	{ "a = 0o8",                 "not a value", 1, 5 }, { "a = 0b2",      "not a value", 1, 5 },
	{ "a = 0_0",                 "not a value", 1, 5 }, { "a = 0x1.0",    "not a value", 1, 5 },
	{ "a = 9223372036854775808", "64 bits", 1, 5 }, { "a = -9223372036854775809", "64 bits", 1, 5 },
	{ "a = 0x8000000000000000",  "64 bits", 1, 5 }, { "a = 1e999",        "64 bits", 1, 5 },
	{ "a = .5",                  "not a value", 1, 5 }, { "a = 5.",       "not a value", 1, 5 },
	{ "a = 1.e2",                "not a value", 1, 5 }, { "a = 1e",       "not a value", 1, 5 },
	{ "a = 1e1.0",               "not a value", 1, 5 }, { "a = 03.14",    "not a value", 1, 5 },
	{ "a = 1._5",                "not a value", 1, 5 }, { "a = 1_.5",     "not a value", 1, 5 },
	{ "a = 1e_5",                "not a value", 1, 5 }, { "a = 1.2.3",    "not a value", 1, 5 },
	{ "a = Inf",                 "not a value", 1, 5 }, { "a = NaN",      "not a value", 1, 5 },
	{ "a = True",                "not a value", 1, 5 }, { "a = truer",    "not a value", 1, 5 },
	{ "a = null",                "not a value", 1, 5 }, { "a = +",        "not a value", 1, 5 },
	{ "a = +true",               "not a value", 1, 5 }, { "a = infinity", "not a value", 1, 5 },
	/* dates and times */
	{ "a = 2023-02-29",          "date or time", 1, 5 }, { "a = 1900-02-29", "date or time", 1, 5 },
	{ "a = 2023-13-01",          "date or time", 1, 5 }, { "a = 2023-00-01", "date or time", 1, 5 },
	{ "a = 2023-01-00",          "date or time", 1, 5 }, { "a = 2023-04-31", "date or time", 1, 5 },
	{ "a = 2023-1-01",           "date or time", 1, 5 }, { "a = 2023-01-1T00:00:00", "date or time", 1, 5 },
	{ "a = 2023-01-01T",         "date or time", 1, 5 }, { "a = 2023-01-01T00:00", "date or time", 1, 5 },
	{ "a = 2023-01-01T24:00:00", "date or time", 1, 5 }, { "a = 2023-01-01T00:60:00", "date or time", 1, 5 },
	{ "a = 2023-01-01T00:00:61", "date or time", 1, 5 }, { "a = 2023-01-01T00:00:00.", "date or time", 1, 5 },
	{ "a = 2023-01-01T00:00:00+24:00", "date or time", 1, 5 }, { "a = 2023-01-01T00:00:00+01", "date or time", 1, 5 },
	{ "a = 2023-01-01Z",         "date or time", 1, 5 }, { "a = 00:00:00Z", "date or time", 1, 5 },
	{ "a = 1:00:00",             "not a value",  1, 5 }, { "a = 00:00",     "date or time", 1, 5 },
	{ "a = 2023-01-01 x",        "only one value", 1, 16 }, { "a = 2023-01-01  00:00:00", "only one value", 1, 17 },
	{ "a = 12345-01-01",         "not a value",  1, 5 },
	/* arrays */
	{ "a = [",                   "array does not end", 1, 5 }, { "a = [1",  "array does not end", 1, 5 },
	{ "a = [1 2]",               "',' or ']'", 1, 8 }, { "a = [,1]",       "a value is missing", 1, 6 },
	{ "a = [1,,2]",              "a value is missing", 1, 8 }, { "a = [1,\n=]", "a value is missing", 2, 1 },
	{ "a = [1]]",                "only one value", 1, 8 }, { "a = [b = 1]", "text needs quotes", 1, 6 },
	/* tables */
	{ "[a",                      "']' is missing", 1, 3 }, { "[]",          "a key is missing", 1, 2 },
	{ "[a]]",                    "only one value", 1, 4 }, { "[a] x = 1",   "only one value", 1, 5 },
	{ "[a.]",                    "a key is missing", 1, 4 }, { "[.a]",      "a key is missing", 1, 2 },
	{ "[a\n]",                   "']' is missing", 1, 3 }, { "[a]\n[a]",    "'a' is there already", 2, 2 },
	{ "[a]\n[b]\n[ 'a' ]",       "'a' is there already", 3, 3 }, { "[a.b]\n[a]\n[a]", "'a' is there already", 3, 2 },
	{ "a = 1\n[a]",              "'a' is there already", 2, 2 }, { "a = 1\n[a.b]", "'a' is there already", 2, 2 },
	{ "a.b = 1\n[a]",            "'a' is there already", 2, 2 }, { "[a]\nb.c.d = 1\n[a.b]", "'b' is there already", 3, 4 },
	{ "[a]\nb.c.d = 1\n[a.b.c]", "'c' is there already", 3, 6 }, { "[a]\nb = 1\n[a.b]", "'b' is there already", 3, 4 },
	{ "[a.b.c]\nz = 9\n[a]\nb.c.t = 1", "'c' is there already", 4, 3 },
	{ "[a.b.c.d]\nz = 9\n[a]\nb.c.d.k.t = 1", "'d' is there already", 4, 5 },
	{ "[[a.b]]\n[a]\nb.y = 2",   "'b' is there already", 3, 1 }, { "[a]\nb = {}\n[a]", "'a' is there already", 3, 2 },
	/* inline tables */
	{ "a = {",                   "a key is missing", 1, 6 }, { "a = {b = 1",  "',' or '}'", 1, 11 },
	{ "a = {b = 1,}",            "does not end in ','", 1, 12 }, { "a = {b = 1, }", "does not end in ','", 1, 13 },
	{ "a = {,}",                 "a key is missing", 1, 6 }, { "a = {b = 1\n}", "',' or '}'", 1, 11 },
	{ "a = {\nb = 1}",           "a key is missing", 1, 6 }, { "a = {b = 1 c = 2}", "',' or '}'", 1, 12 },
	{ "a = {b = 1, b = 2}",      "'b' is there already", 1, 13 }, { "a = {b = {c = 1}, b.d = 2}", "'b' is there already", 1, 19 },
	{ "a = {b.c = 1, b = 2}",    "'b' is there already", 1, 15 }, { "a = {}\na.b = 1",  "'a' is there already", 2, 1 },
	{ "a = {}\n[a.b]",           "'a' is there already", 2, 2 }, { "a = {b.c = 1}\n[a.b.d]", "'a' is there already", 2, 2 },
	{ "a = {}\n[a]",             "'a' is there already", 2, 2 }, { "a = {b.c = 1}\na.b.d = 1", "'a' is there already", 2, 1 },
	{ "a = {} b = 1",            "only one value", 1, 8 },
	/* arrays of tables */
	{ "[[a]",                    "']]' is missing", 1, 4 }, { "[[a] ]",      "']]' is missing", 1, 4 },
	{ "[ [a]]",                  "a key is missing", 1, 3 }, { "[[]]",       "a key is missing", 1, 3 },
	{ "a = []\n[[a]]",           "'a' is there already", 2, 3 }, { "[a]\n[[a]]", "'a' is there already", 2, 3 },
	{ "[[a]]\n[a]",              "'a' is there already", 2, 2 }, { "[a.b]\n[[a]]", "'a' is there already", 2, 3 },
	{ "a = [{}]\n[a.b]",         "'a' is there already", 2, 2 }, { "[[a]]\n[[a.b]]\n[a.b]", "'b' is there already", 3, 4 },
	{ "a.b = 1\n[[a]]",          "'a' is there already", 2, 3 }, { "[[a]]\na = 1\n[[a.a]]", "'a' is there already", 3, 5 },
};
/* clang-format on */

static void what_is_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(good); i++) {
		AUTO(auto_json_decref) json_t *doc = NULL;
		AUTO(auto_json_decref) json_t *want = NULL;
		AUTO(auto_free) char *got = NULL;
		AUTO(auto_free) char *wanted = NULL;
		struct err err = { 0 };

		if (!toml_parse(&doc, good[i].toml, strlen(good[i].toml), "x.toml", &err))
			fail_msg("%s: %d:%d %s", good[i].toml, err.at.line, err.at.column, err.msg);
		assert_true(json_parse(&want, good[i].json, strlen(good[i].json), "want", &err));
		got = json_text(doc, NULL);
		wanted = json_text(want, NULL); /* the same spelling of numbers; order counts */
		if (strcmp(got, wanted) != 0)
			fail_msg("%s:\n%s", good[i].toml, got);
	}
}

static void what_is_not_taken(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(auto_json_decref) json_t *doc = NULL;
		struct err err = { 0 };

		if (toml_parse(&doc, bad[i].toml, strlen(bad[i].toml), "dir/x.toml", &err))
			fail_msg("%s was taken", bad[i].toml);
		assert_int_equal(err.code, E_INPUT);
		assert_string_equal(err.at.file, "dir/x.toml");
		if (!strstr(err.msg, bad[i].part) || err.at.line != bad[i].line ||
		    err.at.column != bad[i].column)
			fail_msg("%s: %d:%d %s", bad[i].toml, err.at.line, err.at.column, err.msg);
	}
}

static void the_line_is_shown(void **state)
{
	static const char text[] = "a = 1\nb = [1, x]\nc = 2\n";
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct err err = { 0 };

	(void)state;
	assert_false(toml_parse(&doc, text, strlen(text), "x.toml", &err));
	assert_string_equal(err.at.text, "b = [1, x]");
	assert_string_equal(err.msg, "x.toml: 'x' is not a value; text needs quotes");
}

/* `depth` levels of the document as JSON, made in each way that makes levels. */
static void put_levels(struct buf *text, int way, int depth)
{
	static const char *const parts[][3] = {
		{ "a = ", "[", "]" }, { "a = ", "{a=", "}" }, { "a", ".a", "" },
		{ "[a", ".a", "" },   { "[[a", ".a", "" },
	};

	buf_put(text, parts[way][0]);
	for (int i = way < 2 ? 1 : 2; i < depth - (way == 4); i++)
		buf_put(text, parts[way][1]);
	buf_put(text, way == 1 ? "1" : way == 2 ? ".a = 1" : way == 3 ? "]" : way == 4 ? "]]" : "");
	for (int i = 1; i < depth && way < 2; i++)
		buf_put(text, parts[way][2]);
}

static void depth_has_a_limit(void **state)
{
	(void)state;
	for (int way = 0; way < 5; way++) {
		for (int depth = LIMIT_JSON_DEPTH - 1; depth <= LIMIT_JSON_DEPTH + 1; depth++) {
			AUTO(buf_free) struct buf text = BUF_INIT(10000);
			AUTO(auto_json_decref) json_t *doc = NULL;
			struct err err = { 0 };

			put_levels(&text, way, depth);
			if (toml_parse(&doc, text.ptr, text.len, "x", &err) !=
			    (depth <= LIMIT_JSON_DEPTH))
				fail_msg("%s: %s", text.ptr, err.msg);
			if (depth > LIMIT_JSON_DEPTH)
				assert_non_null(strstr(err.msg, "nested too deeply"));
		}
	}
}

static void size_has_a_limit(void **state)
{
	AUTO(auto_free) char *text = mem_alloc(LIMIT_TOML + 1);

	(void)state;
	memset(text, '\n', LIMIT_TOML + 1);
	for (size_t len = LIMIT_TOML - 1; len <= LIMIT_TOML + 1; len++) {
		AUTO(auto_json_decref) json_t *doc = NULL;
		struct err err = { 0 };

		assert_int_equal(toml_parse(&doc, text, len, "x", &err), len <= LIMIT_TOML);
	}
}

/* Every prefix of a document is taken or refused, never more (ASan looks on). */
static void cut_documents_are_harmless(void **state)
{
	static const char text[] =
		"a = { b = [1, '''x''', \"\\u00e9\\U0001F600\"], c.d = "
		"1979-05-27 07:32:00.5-07:00 }\r\n[[e.\"f\"]]\ng = \"\"\"\"x\\\n "
		"\"\"\"\n[h]\n-1 = 0x_1";

	(void)state;
	for (size_t len = 0; len < sizeof(text); len++) {
		AUTO(auto_json_decref) json_t *doc = NULL;
		AUTO(auto_free) char *copy = mem_dup(text, len ? len : 1);
		struct err err = { 0 };

		if (!toml_parse(&doc, copy, len, "x", &err))
			assert_int_equal(err.code, E_INPUT);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_taken),     cmocka_unit_test(what_is_not_taken),
		cmocka_unit_test(the_line_is_shown), cmocka_unit_test(depth_has_a_limit),
		cmocka_unit_test(size_has_a_limit),  cmocka_unit_test(cut_documents_are_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
