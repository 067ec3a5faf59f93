// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "extend/identifier.h"
#include "extend/pickle.h"
#include "extend/stdlib.h"

/* func.pickle byte by byte, and which names may go into it. */

static void golden_bytes(void **state)
{
	/* clang-format off */
	static const struct {
		const char *module, *function, *want;
		size_t len;
	} cases[] = {
		/* facts/lithops.md, 2d: 29 bytes */
		{ "mylib", "work", "\x80\x03}X\4\0\0\0funcC\rcmylib\nwork\n.s.", 29 },
		{ "m", "f",        "\x80\x03}X\4\0\0\0funcC\6cm\nf\n.s.", 22 },
		{ "pkg.map", "f",  "\x80\x03}X\4\0\0\0funcC\014cpkg.map\nf\n.s.", 28 },
		{ "map", "Cls.meth", "\x80\x03}X\4\0\0\0funcC\x13\x80\x04\x8c\3map\x8c\10Cls.meth\x93.s.", 35 },
		{ "\xc3\xa9", "f", "\x80\x03}X\4\0\0\0funcC\7c\xc3\xa9\nf\n.s.", 23 },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(buf_free) struct buf out = BUF_INIT(4096);

		MUST(pickle_function(&out, cases[i].module, cases[i].function, err));
		assert_int_equal(out.len, cases[i].len);
		assert_memory_equal(out.ptr, cases[i].want, cases[i].len);
	}
}

/* pickle.dumps of the same dict loads to the same; base64 by RFC 4648. */
static void files_are_in_the_payload(void **state)
{
	static const char want[] = "\x80\x03}X\4\0\0\0funcC\2N.sX\013\0\0\0module_data}"
				   "X\3\0\0\0a/bX\4\0\0\0aGk=sX\1\0\0\0cX\0\0\0\0ss.";
	const struct pickle_file files[] = { { "a/b", { "hi", 2 } }, { "c", { "", 0 } } };
	AUTO(buf_free) struct buf out = BUF_INIT(4096);

	(void)state;
	pickle_payload(&out, (struct slice){ "N.", 2 }, files, ARRAY_LEN(files));
	assert_int_equal(out.len, sizeof(want) - 1);
	assert_memory_equal(out.ptr, want, sizeof(want) - 1);
}

static char *letters(size_t n)
{
	char *text = mem_alloc(n + 1);

	memset(text, 'a', n);
	return text;
}

/* The inner pickle's length goes into one byte up to 255, then into four. */
static void length_of_the_inner_pickle(void **state)
{
	(void)state;
	for (size_t name = 248; name <= 252; name++) { /* c, m, LF, name, LF, . */
		AUTO(auto_free) char *function = letters(name);
		AUTO(buf_free) struct buf out = BUF_INIT(4096);
		size_t inner = name + 5;

		MUST(pickle_function(&out, "m", function, err));
		assert_memory_equal(out.ptr, "\x80\x03}X\4\0\0\0func", 12);
		if (inner <= 255) {
			assert_int_equal(out.len, 12 + 2 + inner + 2);
			assert_int_equal(out.ptr[12], 'C');
			assert_int_equal((unsigned char)out.ptr[13], inner);
		} else {
			assert_int_equal(out.len, 12 + 5 + inner + 2);
			assert_int_equal(out.ptr[12], 'B');
			assert_int_equal((unsigned char)out.ptr[13], inner & 0xff);
			assert_int_equal(out.ptr[14], 1);
			assert_int_equal(out.ptr[15], 0);
			assert_int_equal(out.ptr[16], 0);
		}
	}
}

/* A nested name over 255 bytes takes the four-byte form too. */
static void long_nested_names(void **state)
{
	AUTO(auto_free) char *part = letters(200), *function = mem_printf("%s.%s", part, part);
	AUTO(buf_free) struct buf out = BUF_INIT(4096);
	static const char head[] = "\x80\x03}X\4\0\0\0funcB\x9d\1\0\0\x80\x04\x8c\1mX\x91\1\0\0";

	(void)state;
	MUST(pickle_function(&out, "m", function, err));
	assert_memory_equal(out.ptr, head, sizeof(head) - 1);
	assert_int_equal(out.len, sizeof(head) - 1 + 401 + 2 + 2);
	assert_memory_equal(out.ptr + out.len - 4, "\x93.s.", 4);
}

static void names(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name;
		bool ok;
	} cases[] = {
		{ "f", true }, { "_", true }, { "__x__", true }, { "a1", true }, { "A_9", true }, { "match", true },
		{ "print", true }, { "type", true }, { "\xc3\xa9", true }, { "gr\xc3\xb6\xc3\x9f" "e", true },
		{ "\xd0\x9a\xd0\xbb\xd1\x8e\xd1\x87", true }, { "\xe6\x95\xb0", true }, { "x\xea\xb0\x80", true },
		{ "", false }, { "1", false }, { "1a", false }, { "a-b", false }, { "a.b", false }, { "a b", false },
		{ "a\n", false }, { "a\x01", false }, { "f()", false }, { "if", false }, { "None", false },
		{ "True", false }, { "async", false }, { "await", false }, { "lambda", false }, { "yield", false },
		{ "\xe2\x84\xab", false },  /* U+212B: NFKC makes it U+00C5 */
		{ "\xef\xac\x81", false },  /* U+FB01 */
		{ "e\xcc\x81", false },     /* e and a combining accent: NFC makes one letter */
		{ "\xc2\xb5", false },      /* U+00B5 */
		{ "\xc5\x89", false },      /* U+0149 */
		{ "\xd9\xa1", false },      /* an Arabic digit */
		{ "\xe2\x80\x9c", false }, { "\xff", false }, { "\xc3", false }, { "\xed\xa0\x80", false },
		{ "\xc0\xaf", false }, { "a\xf0\x9f\x98\x80", false },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		bool ok = identifier_check(slice_of(cases[i].name), "function", &err);

		if (ok != cases[i].ok || identifier_is(slice_of(cases[i].name)) != ok)
			fail_msg("case %zu '%s': %s", i, cases[i].name, err.msg);
		if (!ok)
			assert_int_equal(err.code, E_INPUT);
	}
	for (size_t n = 254; n <= 256; n++) {
		AUTO(auto_free) char *name = letters(n);

		assert_int_equal(identifier_is(slice_of(name)), n <= 255);
	}
}

static void every_keyword_is_refused(void **state)
{
	static const char *const words[] = {
		"False",  "None",   "True",    "and",      "as",       "assert", "async",
		"await",  "break",  "class",   "continue", "def",      "del",    "elif",
		"else",   "except", "finally", "for",      "from",     "global", "if",
		"import", "in",     "is",      "lambda",   "nonlocal", "not",    "or",
		"pass",   "raise",  "return",  "try",      "while",    "with",   "yield",
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(words); i++) {
		AUTO(auto_free) char *longer = mem_printf("%sx", words[i]);

		MUST_FAIL(identifier_check(slice_of(words[i]), "function", err), E_INPUT,
			  "is a Python keyword");
		assert_true(identifier_is(slice_of(longer)));
	}
}

static void pickle_refuses_bad_names(void **state)
{
	static const char *const bad[][2] = {
		{ "m", "f\n" }, { "m", "" },      { "", "f" },         { "m.", "f" },
		{ ".m", "f" },  { "m..n", "f" },  { "m", "C." },       { "m", ".f" },
		{ "m", "if" },  { "os\nx", "f" }, { "m", "<lambda>" }, { "m", "f.<locals>.g" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		AUTO(buf_free) struct buf out = BUF_INIT(4096);

		MUST_FAIL(pickle_function(&out, bad[i][0], bad[i][1], err), E_INPUT, "name");
		assert_int_equal(out.len, 0);
	}
}

static void suggestions(void **state)
{
	/* clang-format off */
	static const struct {
		const char *name, *want;
	} cases[] = {
		{ "my-map", "my_map" }, { "1st", "_1st" }, { "a b.c", "a_b_c" }, { "ok", "ok" },
		{ "", NULL }, { "if", NULL }, { "\xff", NULL }, { "\xc3\xa9-x", "\xc3\xa9_x" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *got = identifier_suggest(slice_of(cases[i].name));

		assert_int_equal(got != NULL, cases[i].want != NULL);
		if (got)
			assert_string_equal(got, cases[i].want);
	}
}

static void standard_library(void **state)
{
	static const char *const in[] = {
		"__future__",  "_abc",
		"abc",         "annotationlib",
		"argparse",    "array",
		"ast",         "asynchat",
		"asyncio",     "asyncore",
		"base64",      "binhex",
		"builtins",    "bz2",
		"cProfile",    "collections",
		"compression", "concurrent",
		"contextlib",  "copy",
		"csv",         "ctypes",
		"dataclasses", "datetime",
		"decimal",     "distutils",
		"email",       "enum",
		"functools",   "gc",
		"glob",        "gzip",
		"hashlib",     "heapq",
		"html",        "http",
		"imp",         "importlib",
		"inspect",     "io",
		"itertools",   "json",
		"logging",     "math",
		"mmap",        "multiprocessing",
		"numbers",     "operator",
		"os",          "parser",
		"pathlib",     "pickle",
		"platform",    "queue",
		"random",      "re",
		"secrets",     "select",
		"shutil",      "signal",
		"site",        "smtpd",
		"socket",      "sqlite3",
		"ssl",         "statistics",
		"string",      "struct",
		"subprocess",  "sys",
		"tempfile",    "threading",
		"time",        "tomllib",
		"types",       "typing",
		"unittest",    "urllib",
		"uuid",        "venv",
		"warnings",    "wave",
		"weakref",     "xml",
		"zipfile",     "zipimport",
		"zlib",        "zoneinfo",
	};
	static const char *const out[] = { "",      "map", "numpy", "mylib", "Json",
					   "jsonx", "jso", "utils", "test",  "data",
					   "zzz",   "a",   "_" };

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(in); i++)
		if (!stdlib_has(in[i]))
			fail_msg("'%s' is missing", in[i]);
	for (size_t i = 0; i < ARRAY_LEN(out); i++)
		if (stdlib_has(out[i]))
			fail_msg("'%s' is there", out[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(golden_bytes),
		cmocka_unit_test(files_are_in_the_payload),
		cmocka_unit_test(length_of_the_inner_pickle),
		cmocka_unit_test(long_nested_names),
		cmocka_unit_test(names),
		cmocka_unit_test(every_keyword_is_refused),
		cmocka_unit_test(pickle_refuses_bad_names),
		cmocka_unit_test(suggestions),
		cmocka_unit_test(standard_library),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
