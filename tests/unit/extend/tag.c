// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "extend/tag.h"

/* The two rules for tags. */

static void hash_of(char out[TAG_HASH_LEN + 1], const char *const *fields)
{
	struct tag_hash h;

	tag_hash_init(&h);
	for (; fields[0]; fields += 2)
		tag_hash_field(&h, fields[0], fields[1]);
	tag_hash_final(&h, out);
}

#define FIELDS(...) ((const char *const[]){ __VA_ARGS__, NULL, NULL })

static void encoding_is_the_documented_one(void **state)
{
	static const char bytes[] = "rtbuild-extend 1:1\noutput 3:oci\nlabel 0:\n";
	unsigned char hash[SHA256_SIZE];
	char want[TAG_HASH_LEN + 1], got[TAG_HASH_LEN + 1];

	(void)state;
	sha256_of(hash, bytes, sizeof(bytes) - 1);
	hex_format(want, hash, sizeof(hash));
	hash_of(got, FIELDS("output", "oci", "label", ""));
	assert_string_equal(got, want);
}

/* No two different sequences of fields give the same bytes. */
static void fields_cannot_run_together(void **state)
{
	const char *const *const cases[] = {
		FIELDS("layer", "ab"),
		FIELDS("layer", "a", "layer", "b"),
		FIELDS("layer", "b", "layer", "a"),
		FIELDS("layer", "a\nlayer 1:b"),
		FIELDS("env", "ab"),
		FIELDS("layer", "a", "env", "b"),
		FIELDS("layer", "", "layer", "ab"),
		FIELDS("layer", "ab", "layer", ""),
		FIELDS("layer", "ab\n"),
	};
	char hashes[ARRAY_LEN(cases)][TAG_HASH_LEN + 1];

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		hash_of(hashes[i], cases[i]);
		assert_int_equal(strlen(hashes[i]), TAG_HASH_LEN);
		for (size_t j = 0; j < i; j++)
			assert_string_not_equal(hashes[i], hashes[j]);
	}
}

/* Expectations by hashlib: md5(file).hexdigest()[:16] +
 * md5(repr(sorted(modules)).encode()).hexdigest()[:16]. */
static void upstream_rule(void **state)
{
	/* clang-format off */
	static const struct {
		const char *file, *modules[4], *want;
	} cases[] = {
		{ "", { NULL }, "d41d8cd98f00b204d751713988987e93" },
		{ "def f(x):\n    return x\n", { NULL }, "5d3c69aaec9b2d58d751713988987e93" },
		{ "x", { "/home/u/mylib.py" }, "9dd4e461268c8034f44c2d9ba1fd7aca" },
		{ "x", { "/b", "/a" }, "9dd4e461268c803404d5fefa625bad3c" },
		{ "x", { "/a's", "/b\"c" }, "9dd4e461268c80346f94b3a8902282a0" },
		{ "x", { "/a'\"b" }, "9dd4e461268c8034b9fd79abe9d47f03" },
		{ "x", { "/a\\b", "/t\tab\n" }, "9dd4e461268c8034c1fcf5ddfd28da86" },
		{ "x", { "/gr\303\266\303\237e" }, "9dd4e461268c8034a6e6296ba312256e" },
	};
	/* clang-format on */

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(str_list_free) struct str_list modules = { 0 };
		char got[TAG_LEN + 1];

		for (size_t m = 0; m < 4 && cases[i].modules[m]; m++)
			str_list_push(&modules, cases[i].modules[m]);
		tag_lithops(got, cases[i].file, strlen(cases[i].file), &modules);
		assert_string_equal(got, cases[i].want);
	}
}

static void no_modules_is_the_known_constant(void **state)
{
	struct str_list none = { 0 };
	char got[TAG_LEN + 1];

	(void)state;
	tag_lithops(got, "x", 1, &none);
	assert_string_equal(got + 16, "d751713988987e93");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(encoding_is_the_documented_one),
		cmocka_unit_test(fields_cannot_run_together),
		cmocka_unit_test(upstream_rule),
		cmocka_unit_test(no_modules_is_the_known_constant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
