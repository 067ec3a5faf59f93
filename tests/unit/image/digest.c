// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

/* image/digest.c */

static void parse_table(void **state)
{
	static const struct {
		const char *text;
		enum err_code want;
		const char *says;
	} cases[] = {
		{ DIGEST, E_NONE, "" },
		{ "sha256:" HEX64 "0", E_INPUT, "65 digits" },
		{ "sha256:" HEX64 "/../..", E_INPUT, "70 digits" },
		{ "sha256:" HEX64 "\n", E_INPUT, "65 digits" },
		{ "sha256:0123456789ABCDEF" HEX HEX HEX, E_INPUT, "column 18" },
		{ "sha256:../../../../etc/passwd", E_INPUT, "column 8" },
		{ "sha256:" HEX HEX HEX, E_INPUT, "48 digits" },
		{ "sha256:", E_INPUT, "0 digits" },
		{ "sha256", E_INPUT, "does not begin" },
		{ "SHA256:" HEX64, E_INPUT, "does not begin" },
		{ " " DIGEST, E_INPUT, "does not begin" },
		{ "", E_INPUT, "does not begin" },
		{ HEX64, E_INPUT, "does not begin" },
		{ "md5:0123456789abcdef0123456789abcdef", E_INPUT, "does not begin" },
		{ "sha512:" HEX64 HEX64, E_UNSUPPORTED, "only sha256" },
		{ "sha512:" HEX64, E_INPUT, "128" },
		{ "sha512:../" HEX64 HEX64, E_INPUT, "128" },
		{ "sha384:" HEX64 HEX HEX, E_UNSUPPORTED, "only sha256" },
		{ "blake3:" HEX64, E_UNSUPPORTED, "only sha256" },
		{ "sha256:sha256:" HEX64, E_INPUT, "column 8" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct digest d;
		bool ok = digest_parse(&d, cases[i].text, &err);

		if (ok != (cases[i].want == E_NONE) || err.code != cases[i].want ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("'%s': %s (%s)", cases[i].text, err_name(err.code), err.msg);
		if (ok)
			assert_string_equal(digest_format(&d).text, cases[i].text);
	}
}

static void upper_case_has_a_cure(void **state)
{
	struct err err = { 0 };
	struct digest d;

	(void)state;
	assert_false(digest_parse(&d, "sha256:ABCDEF", &err));
	assert_non_null(strstr(err.hint, "lower case"));
}

static void of_bytes(void **state)
{
	/* FIPS 180-2's example. */
	static const char abc[] =
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
	struct digest d = digest_of("abc", 3), empty = digest_of("", 0);

	(void)state;
	assert_string_equal(digest_hex(&d).text, abc);
	assert_true(digest_eq(&d, &d));
	assert_false(digest_eq(&d, &empty));
	assert_true(digest_cmp(&d, &empty) < 0);
	assert_true(digest_cmp(&empty, &d) > 0);
	empty = digest_from_hash(d.bytes);
	assert_true(digest_eq(&d, &empty));
}

static void as_json(void **state)
{
	AUTO(auto_json_decref) json_t *good = json_string(DIGEST);
	AUTO(auto_json_decref) json_t *number = json_integer(7);
	AUTO(auto_json_decref) json_t *back = NULL;
	struct digest d;

	(void)state;
	MUST(json_decode(&digest_type, &d, good, NULL, err));
	back = json_encode(&digest_type, &d);
	assert_string_equal(json_string_value(back), DIGEST);
	MUST_FAIL(json_decode(&digest_type, &d, number, NULL, err), E_INPUT, "digest");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_table),
		cmocka_unit_test(upper_case_has_a_cure),
		cmocka_unit_test(of_bytes),
		cmocka_unit_test(as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
