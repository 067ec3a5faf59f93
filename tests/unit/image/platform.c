// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

/* image/platform.c */

static void parse_table(void **state)
{
	static const struct {
		const char *text;
		const char *want; /* NULL: E_INPUT, and the message holds `says` */
		const char *says;
	} cases[] = {
		{ "linux/amd64", "linux/amd64", "" },
		{ "amd64", "linux/amd64", "" },
		{ "x86_64", "linux/amd64", "" },
		{ "linux/x86-64", "linux/amd64", "" },
		{ "linux/amd64/v1", "linux/amd64", "" },
		{ "linux/amd64/v3", "linux/amd64/v3", "" },
		{ "arm64", "linux/arm64", "" },
		{ "aarch64", "linux/arm64", "" },
		{ "linux/arm64/v8", "linux/arm64", "" },
		{ "linux/arm64/8", "linux/arm64", "" },
		{ "linux/arm64/v9", "linux/arm64/v9", "" },
		{ "linux/arm", "linux/arm/v7", "" },
		{ "arm", "linux/arm/v7", "" },
		{ "linux/arm/6", "linux/arm/v6", "" },
		{ "armhf", "linux/arm/v7", "" },
		{ "armel", "linux/arm/v6", "" },
		{ "i686", "linux/386", "" },
		{ "Linux/AMD64", "linux/amd64", "" },
		{ "macos/arm64", "darwin/arm64", "" },
		{ "windows/amd64", "windows/amd64", "" },
		{ "s390x", "linux/s390x", "" },
		{ "linux/amd46", NULL, "unknown architecture 'amd46'" },
		{ "linx/amd64", NULL, "unknown operating system 'linx'" },
		{ "", NULL, "part 1 is empty" },
		{ "linux/", NULL, "part 2 is empty" },
		{ "/amd64", NULL, "part 1 is empty" },
		{ "linux/arm/", NULL, "part 3 is empty" },
		{ "linux/arm/v7/x", NULL, "more than" },
		{ "linux/arm/v7\n", NULL, "odd character" },
		{ "linux/arm/abcdefghijklmnop", NULL, "too long" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct err err = { 0 };
		struct platform p;
		bool ok = platform_parse(&p, cases[i].text, &err);

		if (ok != (cases[i].want != NULL) || !strstr(err.msg, cases[i].says))
			fail_msg("'%s': %s", cases[i].text, err.msg);
		if (ok)
			assert_string_equal(platform_format(&p).text, cases[i].want);
		else
			assert_int_equal(err.code, E_INPUT);
	}
}

/* As docker has it: --platform linux. */
static void linux_alone_is_this_machine(void **state)
{
	struct err err = { 0 };
	const struct platform host = platform_host();
	struct platform p;

	(void)state;
	assert_true(platform_parse(&p, "linux", &err));
	assert_true(platform_eq(&p, &host));
	assert_false(platform_parse(&p, "windows", &err));
}

static void misspelt_gets_a_hint(void **state)
{
	struct err err = { 0 };
	struct platform p;

	(void)state;
	assert_false(platform_parse(&p, "linux/amd46", &err));
	assert_string_equal(err.hint, "did you mean 'amd64'?");
}

static void matching(void **state)
{
	static const struct {
		const char *have, *want;
		bool matches;
		bool serves;
	} cases[] = {
		{ "linux/amd64", "linux/amd64", true, true },
		{ "linux/arm64/v8", "linux/arm64", true, true },
		{ "linux/arm", "linux/arm/v7", true, true },
		{ "linux/arm/v6", "linux/arm/v7", false, true },
		{ "linux/arm/v7", "linux/arm/v6", false, false },
		{ "linux/amd64", "linux/amd64/v3", false, true },
		{ "linux/amd64/v2", "linux/amd64/v3", false, true },
		{ "linux/amd64/v3", "linux/amd64", false, false },
		{ "linux/arm64/v9", "linux/arm64", false, false },
		{ "linux/arm", "linux/arm64", false, false },
		{ "windows/amd64", "linux/amd64", false, false },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct platform have, want;

		MUST(platform_parse(&have, cases[i].have, err));
		MUST(platform_parse(&want, cases[i].want, err));
		if (platform_matches(&have, &want) != cases[i].matches ||
		    (platform_rank(&have, &want) > 0) != cases[i].serves)
			fail_msg("%s for %s", cases[i].have, cases[i].want);
		assert_int_equal(platform_eq(&have, &want), cases[i].matches);
	}
}

/* Values that nobody normalised: documents are read by others, too. */
static void matching_normalises(void **state)
{
	const struct platform raw = { .os = "linux", .architecture = "aarch64", .variant = "v8" };
	const struct platform want = { .os = "linux", .architecture = "arm64" };

	(void)state;
	assert_true(platform_matches(&raw, &want));
}

static void host_is_known(void **state)
{
	struct platform host = platform_host(), again;

	(void)state;
	MUST(platform_parse(&again, platform_format(&host).text, err));
	assert_true(platform_eq(&host, &again));
}

static void as_json(void **state)
{
	static const struct {
		const char *json, *want; /* NULL: refused */
	} cases[] = {
		{ "{\"architecture\":\"amd64\",\"os\":\"linux\"}", "linux/amd64" },
		{ "{\"architecture\":\"arm64\",\"os\":\"linux\",\"variant\":\"v8\"}",
		  "linux/arm64" },
		{ "{\"architecture\":\"unknown\",\"os\":\"unknown\"}", "unknown/unknown" },
		{ "{\"architecture\":\"amd64\",\"os\":\"windows\",\"os.version\":\"10.0.1\","
		  "\"os.features\":[\"win32k\"]}",
		  "windows/amd64" },
		{ "{\"architecture\":\"riscv128\",\"os\":\"plan10\",\"variant\":null}",
		  "plan10/riscv128" },
		{ "{}", "/" },
		{ "{\"architecture\":7,\"os\":\"linux\"}", NULL },
		{ "{\"architecture\":\"a/b\",\"os\":\"linux\"}", NULL },
		{ "{\"architecture\":\"" HEX64 "\",\"os\":\"linux\"}", NULL },
		{ "[]", NULL },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_json_decref) json_t *doc = json_loads(cases[i].json, 0, NULL);
		struct platform p = { 0 };
		struct err err = { 0 };
		bool ok = json_decode(&platform_type, &p, doc, NULL, &err);

		if (ok != (cases[i].want != NULL))
			fail_msg("%s: %s", cases[i].json, err.msg);
		if (ok)
			assert_string_equal(platform_format(&p).text, cases[i].want);
	}
}

static void json_round_trip(void **state)
{
	static const char text[] = "{\"architecture\":\"arm\",\"os\":\"linux\","
				   "\"os.version\":\"1.2\",\"variant\":\"v6\"}";
	AUTO(auto_json_decref) json_t *doc = json_loads(text, 0, NULL);
	AUTO(auto_json_decref) json_t *back = NULL;
	AUTO(auto_free) char *written = NULL;
	struct platform p = { 0 }, none = { 0 };

	(void)state;
	MUST(json_decode(&platform_type, &p, doc, NULL, err));
	back = json_encode(&platform_type, &p);
	written = json_text(back, NULL);
	assert_string_equal(written, text);
	assert_null(json_encode(&platform_type, &none));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_table),
		cmocka_unit_test(linux_alone_is_this_machine),
		cmocka_unit_test(misspelt_gets_a_hint),
		cmocka_unit_test(matching),
		cmocka_unit_test(matching_normalises),
		cmocka_unit_test(host_is_known),
		cmocka_unit_test(as_json),
		cmocka_unit_test(json_round_trip),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
