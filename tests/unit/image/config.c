// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include "base/limits.h"
#include "image/config.h"

/* image/config.c */

#define ROOTFS "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[]}"
#define PLATFORM "\"architecture\":\"amd64\",\"os\":\"linux\""

static bool parse(struct config *out, const char *text, struct err *err)
{
	return config_parse(out, text, strlen(text), err);
}

static struct config config_of(const char *text)
{
	struct config c = { 0 };

	MUST(parse(&c, text, err));
	return c;
}

static void assert_encodes(const struct config *c, const char *want)
{
	AUTO(auto_free) char *text = config_encode(c, NULL);

	assert_string_equal(text, want);
}

static void parse_table(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *says;
	} cases[] = {
		{ "{" PLATFORM "," ROOTFS "}", E_NONE, "" },
		{ "{" ROOTFS "}", E_NONE, "" },
		{ "{" ROOTFS ",\"config\":null,\"history\":null,\"variant\":null}", E_NONE, "" },
		{ "{" ROOTFS ",\"config\":{\"Env\":null,\"Labels\":null}}", E_NONE, "" },
		{ "{" ROOTFS ",\"history\":[{\"empty_layer\":null},{\"empty_layer\":true}]}",
		  E_NONE, "" },
		{ "{\"rootfs\":{\"diff_ids\":[\"" DIGEST "\"]}}", E_NONE, "" },
		{ "{}", E_INTEGRITY, "rootfs.diff_ids is missing" },
		{ "{\"rootfs\":null}", E_INTEGRITY, "rootfs.diff_ids is missing" },
		{ "{\"rootfs\":[]}", E_INTEGRITY, "rootfs.diff_ids is missing" },
		{ "{\"rootfs\":{\"diff_ids\":null}}", E_INTEGRITY, "rootfs.diff_ids is missing" },
		{ "{\"rootfs\":{\"diff_ids\":[7]}}", E_INTEGRITY, "diff_ids: [0]" },
		{ "{\"rootfs\":{\"diff_ids\":[\"sha256:../x\"]}}", E_INTEGRITY, "diff_ids: [0]" },
		{ "{\"rootfs\":{\"diff_ids\":[\"sha512:" HEX64 HEX64 "\"]}}", E_UNSUPPORTED,
		  "only sha256" },
		{ "{\"rootfs\":{\"type\":\"other\",\"diff_ids\":[]}}", E_UNSUPPORTED, "'other'" },
		{ "{" ROOTFS ",\"history\":{}}", E_INTEGRITY, "history is not a list" },
		{ "{" ROOTFS ",\"history\":[7]}", E_INTEGRITY, "history: [0]" },
		{ "{" ROOTFS ",\"history\":[{\"empty_layer\":1}]}", E_INTEGRITY, "history: [0]" },
		{ "{" ROOTFS ",\"config\":[]}", E_INTEGRITY, "config is not an object" },
		{ "{" ROOTFS ",\"config\":{\"Env\":\"A=1\"}}", E_INTEGRITY, "Env is not a list" },
		{ "{" ROOTFS ",\"config\":{\"Env\":[1]}}", E_INTEGRITY, "Env: [0]" },
		{ "{" ROOTFS ",\"config\":{\"Labels\":[]}}", E_INTEGRITY, "Labels is not" },
		{ "{" ROOTFS ",\"config\":{\"Labels\":{\"a\":1}}}", E_INTEGRITY,
		  "'a' is not text" },
		{ "{" ROOTFS ",\"os\":7}", E_INTEGRITY, "os" },
		{ "{" ROOTFS "," ROOTFS "}", E_INTEGRITY, "duplicate" },
		{ "[]", E_INTEGRITY, "not a JSON object" },
		{ "", E_INTEGRITY, "not valid JSON" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(config_free) struct config c = { 0 };
		struct err err = { 0 };
		bool ok = parse(&c, cases[i].text, &err);

		if (ok != (cases[i].code == E_NONE) || err.code != cases[i].code ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("%s: %s: %s", cases[i].text, err_name(err.code), err.msg);
	}
}

static void diff_id_limit(void **state)
{
	(void)state;
	for (size_t count = LIMIT_LAYERS; count <= LIMIT_LAYERS + 1; count++) {
		AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
		AUTO(config_free) struct config c = { 0 };
		struct err err = { 0 };

		buf_put(&text, "{\"rootfs\":{\"diff_ids\":[");
		for (size_t i = 0; i < count; i++)
			buf_putf(&text, "%s\"" DIGEST "\"", i ? "," : "");
		buf_put(&text, "]}}");
		assert_int_equal(parse(&c, text.ptr, &err), count <= LIMIT_LAYERS);
		if (count <= LIMIT_LAYERS)
			assert_int_equal(config_diff_id_count(&c), count);
	}
}

/* Unknown members, order and integers survive a change. */
static void patched_in_place(void **state)
{
	static const char before[] =
		"{\"z\":9007199254740993,\"config\":{\"Healthcheck\":{\"Interval\":30000000000},"
		"\"Env\":[\"PATH=/bin\",\"A\",\"B=1\"],\"Shell\":[\"/bin/sh\"],\"User\":\"0\"},"
		"\"created\":\"2020-01-01T00:00:00.5Z\"," PLATFORM "," ROOTFS ",\"history\":[],"
		"\"moby.x\":[null,true,1.5]}";
	static const char after[] =
		"{\"z\":9007199254740993,\"config\":{\"Healthcheck\":{\"Interval\":30000000000},"
		"\"Env\":[\"PATH=/opt:/bin\",\"A=x\",\"B=1\",\"C=3\"],\"Shell\":[\"/bin/sh\"],"
		"\"User\":\"1000\",\"Labels\":{\"l\":\"m\"}},"
		"\"created\":\"2023-11-14T22:13:20Z\"," PLATFORM
		",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"" DIGEST "\"]},"
		"\"history\":[{\"created\":\"2023-11-14T22:13:20Z\",\"created_by\":\"COPY\","
		"\"comment\":\"c\"},{\"created\":\"1970-01-01T00:00:00Z\",\"empty_layer\":true}],"
		"\"moby.x\":[null,true,1.5]}";
	AUTO(config_free) struct config c = config_of(before);
	AUTO(config_free) struct config copy = { 0 };
	const struct history_entry copied = { 1700000000, "COPY", "c" }, empty = { 0 };
	struct digest d;

	(void)state;
	MUST(digest_parse(&d, DIGEST, err));
	config_copy(&copy, &c);
	config_set_env(&c, "PATH", "/opt:/bin");
	config_set_env(&c, "A", "x");
	config_set_env(&c, "C", "3");
	config_set_text(&c, "User", "1000");
	config_set_label(&c, "l", "m");
	config_set_created(&c, 1700000000);
	config_append(&c, &copied, &d);
	config_append(&c, &empty, NULL);
	assert_encodes(&c, after);
	assert_encodes(&copy, before); /* copies share nothing */
}

static void environment(void **state)
{
	AUTO(config_free)
	struct config c = config_of("{" ROOTFS ",\"config\":{\"Env\":[\"AB=1\",\"A=2=3\",\"E\"]}}");
	AUTO(config_free) struct config bare = config_of("{" ROOTFS ",\"config\":null}");

	(void)state;
	assert_string_equal(config_env(&c, "A"), "2=3");
	assert_string_equal(config_env(&c, "AB"), "1");
	assert_string_equal(config_env(&c, "E"), "");
	assert_null(config_env(&c, "B"));
	assert_null(config_env(&bare, "A"));
	config_set_env(&bare, "A", "");
	assert_string_equal(config_env(&bare, "A"), "");
	assert_encodes(&bare, "{" ROOTFS ",\"config\":{\"Env\":[\"A=\"]}}");
}

static void members_and_labels(void **state)
{
	AUTO(config_free) struct config c = config_of("{" ROOTFS "}");

	(void)state;
	assert_null(config_text(&c, "User"));
	assert_null(config_label(&c, "a"));
	config_set_label(&c, "a", NULL);
	config_set_text(&c, "User", NULL);
	config_set_member(&c, "Cmd", NULL);
	assert_encodes(&c, "{" ROOTFS "}");
	config_set_label(&c, "a", "1");
	config_set_label(&c, "b", "2");
	config_set_label(&c, "a", "3");
	config_set_member(&c, "Cmd", json_pack("[s]", "sh"));
	config_set_text(&c, "User", "u");
	assert_string_equal(config_label(&c, "a"), "3");
	assert_string_equal(config_text(&c, "User"), "u");
	assert_int_equal(json_array_size(config_member(&c, "Cmd")), 1);
	config_set_label(&c, "b", NULL);
	config_set_text(&c, "User", "");
	config_set_member(&c, "Cmd", NULL);
	assert_encodes(&c, "{" ROOTFS ",\"config\":{\"Labels\":{\"a\":\"3\"}}}");
}

/* Bytes of a Dockerfile that are no UTF-8 become U+FFFD, as Go's encoder writes them. */
static void bytes_that_are_no_text(void **state)
{
	AUTO(config_free) struct config c = config_of("{" ROOTFS "}");
	const struct history_entry entry = { 0, "RUN \xff", NULL };

	(void)state;
	config_set_env(&c, "A", "\xc3\xa4\xff\xc3");
	config_set_label(&c, "k\x80", "\xed\xa0\x80");
	config_append(&c, &entry, NULL);
	assert_string_equal(config_env(&c, "A"), "\xc3\xa4\xef\xbf\xbd\xef\xbf\xbd");
	assert_string_equal(config_label(&c, "k\xef\xbf\xbd"),
			    "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void history_repair(void **state)
{
#define LAYERS2 "\"rootfs\":{\"diff_ids\":[\"" DIGEST "\",\"" DIGEST "\"]}"
#define MADE_UP "{\"comment\":\"no history was recorded for this layer\"}"
	static const struct {
		const char *before, *after; /* NULL: as before */
	} cases[] = {
		{ "{" ROOTFS "}", NULL },
		{ "{" LAYERS2 ",\"history\":[{},{\"empty_layer\":true},{}]}", NULL },
		{ "{" LAYERS2 "}", "{" LAYERS2 ",\"history\":[" MADE_UP "," MADE_UP "]}" },
		{ "{" LAYERS2 ",\"history\":null}",
		  "{" LAYERS2 ",\"history\":[" MADE_UP "," MADE_UP "]}" },
		{ "{" LAYERS2 ",\"history\":[{},{\"empty_layer\":true}]}",
		  "{" LAYERS2 ",\"history\":[{},{\"empty_layer\":true}," MADE_UP "]}" },
		{ "{" LAYERS2 ",\"history\":[{\"a\":1},{},{\"empty_layer\":true},{}]}",
		  "{" LAYERS2 ",\"history\":[{\"a\":1},{},{\"empty_layer\":true},"
		  "{\"empty_layer\":true}]}" },
		{ "{\"created\":\"2020-01-01T00:00:00Z\",\"rootfs\":{\"diff_ids\":[\"" DIGEST
		  "\"]}}",
		  "{\"created\":\"2020-01-01T00:00:00Z\",\"rootfs\":{\"diff_ids\":[\"" DIGEST
		  "\"]},\"history\":[{\"created\":\"2020-01-01T00:00:00Z\","
		  "\"comment\":\"no history was recorded for this layer\"}]}" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(config_free) struct config c = config_of(cases[i].before);

		assert_int_equal(config_repair_history(&c), cases[i].after != NULL);
		assert_encodes(&c, cases[i].after ? cases[i].after : cases[i].before);
		assert_false(config_repair_history(&c));
	}
}

static void created_table(void **state)
{
	static const struct {
		const char *text;
		int64_t want;
	} cases[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T00:00:01Z", 1 },
		{ "2023-11-14T22:13:20Z", 1700000000 },
		{ "2023-11-14T22:13:20.123456789Z", 1700000000 },
		{ "2023-11-15T00:13:20+02:00", 1700000000 },
		{ "2023-11-14T16:43:20.5-05:30", 1700000000 },
		{ "2000-02-29T00:00:00Z", 951782400 },
		{ "1900-03-01T00:00:00Z", -2203891200 },
		{ "1969-12-31T23:59:59Z", -1 },
		{ "2023-11-14", 0 },
		{ "2023-11-14T22:13:20", 0 },
		{ "2023-11-14T22:13:20Zx", 0 },
		{ "2023-13-14T22:13:20Z", 0 },
		{ "2023-11-14 22:13:20Z", 0 },
		{ "2023-11-14T22:13:20+0200", 0 },
		{ "yesterday", 0 },
		{ "", 0 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free)
		char *text = mem_printf("{" ROOTFS ",\"created\":\"%s\"}", cases[i].text);
		AUTO(config_free) struct config c = config_of(text);

		if (config_created(&c) != cases[i].want)
			fail_msg("'%s' is %lld", cases[i].text, (long long)config_created(&c));
	}
}

static void a_new_one(void **state)
{
	const struct platform arm = { .os = "linux", .architecture = "arm", .variant = "v6" };
	AUTO(config_free) struct config c = { 0 };
	struct platform p;

	(void)state;
	config_init(&c, &arm);
	assert_encodes(&c, "{\"architecture\":\"arm\",\"os\":\"linux\",\"variant\":\"v6\","
			   "\"config\":{}," ROOTFS ",\"history\":[]}");
	p = config_platform(&c);
	assert_true(platform_eq(&p, &arm));
	assert_int_equal(config_created(&c), 0);
	assert_int_equal(config_diff_id_count(&c), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parse_table),        cmocka_unit_test(diff_id_limit),
		cmocka_unit_test(patched_in_place),   cmocka_unit_test(environment),
		cmocka_unit_test(members_and_labels), cmocka_unit_test(bytes_that_are_no_text),
		cmocka_unit_test(history_repair),     cmocka_unit_test(created_table),
		cmocka_unit_test(a_new_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
