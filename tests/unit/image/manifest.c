// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include "base/limits.h"

/* image/manifest.c, image/index.c, image/descriptor.c and the rules of image/document.c */

#define OCI_MANIFEST "application/vnd.oci.image.manifest.v1+json"
#define OCI_INDEX "application/vnd.oci.image.index.v1+json"
#define OCI_CONFIG "application/vnd.oci.image.config.v1+json"
#define OCI_LAYER "application/vnd.oci.image.layer.v1.tar+gzip"
#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_INDEX "application/vnd.docker.distribution.manifest.list.v2+json"

#define DESC(type) "{\"mediaType\":\"" type "\",\"digest\":\"" DIGEST "\",\"size\":7}"
#define CONFIG "\"config\":" DESC(OCI_CONFIG)
#define LAYERS "\"layers\":[" DESC(OCI_LAYER) "]"
#define V2 "\"schemaVersion\":2"
#define TYPE(t) "\"mediaType\":\"" t "\""

/* clang-format off */
static const struct {
	const char *text;
	const char *content_type;
	enum err_code code;
	enum media_kind kind;
	const char *says;
} sniffs[] = {
	{ "{" V2 "," TYPE(OCI_MANIFEST) "," CONFIG "," LAYERS "}", OCI_MANIFEST, E_NONE, MEDIA_MANIFEST, "" },
	{ "{" V2 "," TYPE(OCI_MANIFEST) "," CONFIG "," LAYERS "}", NULL, E_NONE, MEDIA_MANIFEST, "" },
	{ "{" V2 "," TYPE(OCI_MANIFEST) "," CONFIG "," LAYERS "}", OCI_MANIFEST "; charset=utf-8", E_NONE, MEDIA_MANIFEST, "" },
	{ "{" V2 "," CONFIG "," LAYERS "}", OCI_MANIFEST, E_NONE, MEDIA_MANIFEST, "" },
	{ "{" V2 "," CONFIG "," LAYERS "}", NULL, E_NONE, MEDIA_MANIFEST, "" },
	{ "{" V2 "," CONFIG "," LAYERS "}", "application/json", E_NONE, MEDIA_MANIFEST, "" },
	{ "{" V2 "," CONFIG "," LAYERS "}", "application/octet-stream", E_NONE, MEDIA_MANIFEST, "" },
	{ "{" V2 ",\"manifests\":[]}", NULL, E_NONE, MEDIA_INDEX, "" },
	{ "{" V2 "," TYPE(OCI_INDEX) ",\"manifests\":[]}", OCI_INDEX, E_NONE, MEDIA_INDEX, "" },
	{ "{" V2 "," TYPE(DOCKER_INDEX) ",\"manifests\":[]}", DOCKER_INDEX, E_NONE, MEDIA_INDEX, "" },

	/* CVE-2021-41190: one document, two readings */
	{ "{" V2 ",\"manifests\":[]," LAYERS "," CONFIG "}", NULL, E_INTEGRITY, 0, "both an index and a manifest" },
	{ "{" V2 ",\"manifests\":[]," CONFIG "}", OCI_INDEX, E_INTEGRITY, 0, "both" },
	{ "{" V2 ",\"manifests\":[]," LAYERS "}", OCI_MANIFEST, E_INTEGRITY, 0, "both" },
	{ "{" V2 ",\"manifests\":null," LAYERS "," CONFIG "}", NULL, E_INTEGRITY, 0, "both" },
	{ "{\"schemaVersion\":1,\"manifests\":[],\"fsLayers\":[]}", NULL, E_INTEGRITY, 0, "both" },
	{ "{" V2 "," TYPE(OCI_INDEX) "," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "has 'layers'" },
	{ "{" V2 "," TYPE(OCI_MANIFEST) ",\"manifests\":[]}", NULL, E_INTEGRITY, 0, "has 'manifests'" },
	{ "{" V2 "," CONFIG "," LAYERS "}", OCI_INDEX, E_INTEGRITY, 0, "has 'layers'" },
	{ "{" V2 "," TYPE(OCI_MANIFEST) "," CONFIG "," LAYERS "}", DOCKER_MANIFEST, E_INTEGRITY, 0, "but the document says" },
	{ "{" V2 "," TYPE(OCI_MANIFEST) "," CONFIG "," LAYERS "}", "text/html", E_INTEGRITY, 0, "but the document says" },
	{ "{" V2 "," CONFIG "," LAYERS "}", "text/html", E_UNSUPPORTED, 0, "text/html" },
	{ "{" V2 "," TYPE(OCI_CONFIG) "," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "type of something else" },
	{ "{" V2 "," TYPE("application/x-mine") "," CONFIG "," LAYERS "}", NULL, E_UNSUPPORTED, 0, "application/x-mine" },
	{ "{" V2 "," TYPE(OCI_MANIFEST "\\r\\nX: y") "," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "no image manifest" },
	{ "{" V2 ",\"mediaType\":7," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "not text" },
	{ "{" V2 "}", NULL, E_INTEGRITY, 0, "neither" },

	{ "{\"schemaVersion\":1,\"fsLayers\":[],\"history\":[]}", NULL, E_UNSUPPORTED, 0, "schema 1" },
	{ "{\"schemaVersion\":1}", "application/vnd.docker.distribution.manifest.v1+prettyjws", E_UNSUPPORTED, 0, "schema 1" },
	{ "{" V2 "," CONFIG "," LAYERS "}", "application/vnd.docker.distribution.manifest.v1+json", E_INTEGRITY, 0, "schema 1" },
	{ "{" CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "schemaVersion" },
	{ "{\"schemaVersion\":3," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "schemaVersion" },
	{ "{\"schemaVersion\":\"2\"," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "schemaVersion" },

	{ "{" V2 "," V2 "," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "duplicate" },
	{ "{" V2 "," CONFIG "," LAYERS "," CONFIG "}", NULL, E_INTEGRITY, 0, "duplicate" },
	{ "{" V2 "," CONFIG "," LAYERS "}{}", NULL, E_INTEGRITY, 0, "not valid JSON" },
	{ "{" V2 "," CONFIG "," LAYERS, NULL, E_INTEGRITY, 0, "not valid JSON" },
	{ "[]", NULL, E_INTEGRITY, 0, "not a JSON object" },
	{ "", NULL, E_INTEGRITY, 0, "not valid JSON" },
	{ "{" V2 ",\"a\\u0000b\":1," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "not valid JSON" },
	{ "{" V2 ",\"a\":\"\xff\"," CONFIG "," LAYERS "}", NULL, E_INTEGRITY, 0, "not valid JSON" },
};
/* clang-format on */

static void sniff_table(void **state)
{
	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(sniffs); i++) {
		enum media_kind kind = MEDIA_UNKNOWN;
		struct err err = { 0 };
		bool ok = manifest_sniff(&kind, sniffs[i].text, strlen(sniffs[i].text),
					 sniffs[i].content_type, &err);

		if (err.code != sniffs[i].code || ok != (err.code == E_NONE) ||
		    (ok && kind != sniffs[i].kind) || !strstr(err.msg, sniffs[i].says))
			fail_msg("%s as %s: kind %d, %s: %s", sniffs[i].text,
				 sniffs[i].content_type, kind, err_name(err.code), err.msg);
	}
}

static bool parse(struct manifest *out, const char *text, struct arena *arena, struct err *err)
{
	return manifest_parse(out, text, strlen(text), NULL, arena, err);
}

#define WITH(layer) "{" V2 "," CONFIG ",\"layers\":[" layer "]}"
#define FIELDS(type, digest, size) \
	"{\"mediaType\":\"" type "\",\"digest\":\"" digest "\",\"size\":" size "}"

static void hostile_descriptors(void **state)
{
	static const struct {
		const char *text;
		enum err_code code;
		const char *says;
	} cases[] = {
		{ WITH(FIELDS(OCI_LAYER, DIGEST, "-1")), E_INTEGRITY,
		  "manifest: layers: [0]: size: -1 is negative" },
		{ WITH(FIELDS(OCI_LAYER, DIGEST, "7.0")), E_INTEGRITY, "whole number" },
		{ WITH(FIELDS(OCI_LAYER, DIGEST, "1e3")), E_INTEGRITY, "whole number" },
		{ WITH(FIELDS(OCI_LAYER, DIGEST, "\"7\"")), E_INTEGRITY, "whole number" },
		{ WITH(FIELDS(OCI_LAYER, DIGEST, "null")), E_INTEGRITY, "whole number" },
		{ WITH(FIELDS(OCI_LAYER, DIGEST, "1e400")), E_INTEGRITY, "not valid JSON" },
		{ WITH(FIELDS(OCI_LAYER, DIGEST, "9223372036854775808")), E_INTEGRITY,
		  "not valid JSON" },
		{ WITH(FIELDS(OCI_LAYER, DIGEST, "274877906945")), E_INTEGRITY, "LIMIT_BLOB" },
		{ WITH(FIELDS(OCI_LAYER, "sha256:../../../etc/passwd", "7")), E_INTEGRITY,
		  "layers: [0]: digest" },
		{ WITH(FIELDS(OCI_LAYER, "sha512:" HEX64 HEX64, "7")), E_UNSUPPORTED,
		  "only sha256" },
		{ WITH(FIELDS("a/b\\r\\nX: y", DIGEST, "7")), E_INTEGRITY, "not a media type" },
		{ WITH("{\"digest\":\"" DIGEST "\",\"size\":7}"), E_INTEGRITY,
		  "'mediaType' is missing" },
		{ WITH("{\"mediaType\":\"a/b\",\"size\":7}"), E_INTEGRITY, "'digest' is missing" },
		{ WITH("{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\"}"), E_INTEGRITY,
		  "'size' is missing" },
		{ WITH("7"), E_INTEGRITY, "an object expected" },
		{ "{" V2 "," CONFIG ",\"layers\":{}}", E_INTEGRITY, "not a list" },
		{ "{" V2 "," CONFIG "}", E_INTEGRITY, "'layers' is missing" },
		{ "{" V2 "," LAYERS "}", E_INTEGRITY, "'config' is missing" },
		{ "{" V2 "," LAYERS ",\"config\":null}", E_INTEGRITY, "config" },
		{ "{" V2 ",\"manifests\":[]}", E_INTEGRITY, "an index where" },
		{ "{" V2 "," CONFIG "," LAYERS ",\"annotations\":{\"a\":1}}", E_INTEGRITY,
		  "annotations" },
		{ "{" V2 "," CONFIG "," LAYERS ",\"subject\":7}", E_INTEGRITY, "subject" },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(arena_free) struct arena arena = { 0 };
		struct err err = { 0 };
		struct manifest m;

		if (parse(&m, cases[i].text, &arena, &err) || err.code != cases[i].code ||
		    !strstr(err.msg, cases[i].says))
			fail_msg("%s: %s: %s", cases[i].text, err_name(err.code), err.msg);
	}
}

static void whole_manifest(void **state)
{
	static const char text[] = " {\"layers\":[" DESC(OCI_LAYER) "," DESC(
		OCI_LAYER) "],\n" V2 "," CONFIG
			   ",\"subject\":" DESC(
				   OCI_MANIFEST) ",\"artifactType\":\"a/b\",\"x\":{\"y\":[1]},"
						 "\"annotations\":{\"k\":\"v\",\"j\":\"w\"}}\n";
	AUTO(arena_free) struct arena arena = { 0 };
	struct digest digest = digest_of(text, strlen(text));
	struct manifest m;

	(void)state;
	MUST(parse(&m, text, &arena, err));
	assert_string_equal(m.media_type, OCI_MANIFEST);
	assert_string_equal(m.artifact_type, "a/b");
	assert_int_equal(m.layer_count, 2);
	assert_int_equal(m.layers[1].size, 7);
	assert_string_equal(m.subject->media_type, OCI_MANIFEST);
	assert_int_equal(m.annotations.len, 2);
	assert_string_equal(m.annotations.items[1].key, "j");
	/* The bytes are kept, and the digest is theirs. */
	assert_ptr_not_equal(m.raw, text);
	assert_int_equal(m.raw_len, strlen(text));
	assert_memory_equal(m.raw, text, m.raw_len);
	assert_true(digest_eq(&m.digest, &digest));
}

/* A document with `count` entries in a list, and nothing else of note. */
static char *many(const char *key, const char *rest, size_t count)
{
	struct buf out = BUF_INIT(32 << 20);

	buf_putf(&out, "{" V2 "%s,\"%s\":[", rest, key);
	for (size_t i = 0; i < count; i++)
		buf_putf(&out, "%s" DESC(OCI_LAYER), i ? "," : "");
	buf_put(&out, "]}");
	return buf_steal(&out);
}

static void counts_at_their_limits(void **state)
{
	static const struct {
		const char *key, *rest;
		size_t count;
		bool good;
	} cases[] = {
		{ "layers", "," CONFIG, LIMIT_LAYERS - 1, true },
		{ "layers", "," CONFIG, LIMIT_LAYERS, true },
		{ "layers", "," CONFIG, LIMIT_LAYERS + 1, false },
		{ "layers", "," CONFIG, 10000, false },
		{ "layers", "," CONFIG, 50000, false }, /* passes the size limit first */
		{ "layers", "," CONFIG, 0, true },
		{ "manifests", "", LIMIT_INDEX_ENTRIES, true },
		{ "manifests", "", LIMIT_INDEX_ENTRIES + 1, false },
		{ "manifests", "", 0, true },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free) char *text = many(cases[i].key, cases[i].rest, cases[i].count);
		AUTO(arena_free) struct arena arena = { 0 };
		struct err err = { 0 };
		struct manifest m;
		struct index x;
		bool ok = str_eq(cases[i].key, "layers")
				  ? parse(&m, text, &arena, &err)
				  : index_parse(&x, text, strlen(text), NULL, &arena, &err);

		if (ok != cases[i].good || (!ok && err.code != E_INTEGRITY))
			fail_msg("%zu %s: %s", cases[i].count, cases[i].key, err.msg);
	}
}

static void size_at_its_limit(void **state)
{
	static const char text[] = "{" V2 "," CONFIG "," LAYERS "}";
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(auto_free) char *padded = mem_alloc(LIMIT_MANIFEST + 2);
	struct manifest m;

	(void)state;
	memset(padded, ' ', LIMIT_MANIFEST + 1);
	memcpy(padded, text, strlen(text));
	MUST(manifest_parse(&m, padded, LIMIT_MANIFEST, NULL, &arena, err));
	MUST_FAIL(manifest_parse(&m, padded, LIMIT_MANIFEST + 1, NULL, &arena, err), E_INTEGRITY,
		  "4194304 are allowed");
}

static void nested_too_deep(void **state)
{
	AUTO(buf_free) struct buf text = BUF_INIT(1 << 20);
	AUTO(arena_free) struct arena arena = { 0 };
	struct manifest m;

	(void)state;
	buf_put(&text, "{" V2 "," CONFIG "," LAYERS ",\"x\":");
	for (int i = 0; i < 100000; i++)
		buf_put(&text, "[");
	MUST_FAIL(parse(&m, text.ptr, &arena, err), E_INTEGRITY, "nested deeper");
}

static void written_in_the_specs_order(void **state)
{
	static const char want[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_MANIFEST "\",\"artifactType\":\"a/b\","
		"\"config\":" DESC(OCI_CONFIG) ",\"layers\":[" DESC(
			OCI_LAYER) "],"
				   "\"subject\":" DESC(OCI_MANIFEST) ",\"annotations\":{\"b\":"
								     "\"1\",\"a\":\"2\"}}";
	AUTO(arena_free) struct arena arena = { 0 };
	struct json_pair pairs[] = { { "b", "1" }, { "a", "2" } };
	struct descriptor config = { .media_type = OCI_CONFIG, .size = 7 }, layer = config,
			  subject = config;
	struct manifest m = {
		.media_type = OCI_MANIFEST,
		.artifact_type = "a/b",
		.layers = &layer,
		.layer_count = 1,
		.annotations = { pairs, 2 },
		.subject = &subject,
	};
	struct manifest again;

	(void)state;
	MUST(digest_parse(&config.digest, DIGEST, err));
	layer.digest = subject.digest = config.digest;
	layer.media_type = OCI_LAYER;
	subject.media_type = OCI_MANIFEST;
	m.config = config;
	manifest_encode(&m, &arena);
	assert_string_equal(m.raw, want);
	assert_int_equal(m.raw_len, strlen(want));
	MUST(parse(&again, m.raw, &arena, err));
	assert_true(digest_eq(&again.digest, &m.digest));
}

static void index_written_and_read(void **state)
{
	static const char want[] =
		"{\"schemaVersion\":2,\"mediaType\":\"" OCI_INDEX "\",\"manifests\":["
		"{\"mediaType\":\"" OCI_MANIFEST "\",\"digest\":\"" DIGEST "\",\"size\":7,"
		"\"platform\":{\"architecture\":\"arm64\",\"os\":\"linux\"}}]}";
	AUTO(arena_free) struct arena arena = { 0 };
	struct descriptor d = { .media_type = OCI_MANIFEST,
				.size = 7,
				.platform = { .os = "linux", .architecture = "arm64" } };
	struct index x = { .media_type = OCI_INDEX, .manifests = &d, .manifest_count = 1 }, again;

	(void)state;
	MUST(digest_parse(&d.digest, DIGEST, err));
	index_encode(&x, &arena);
	assert_string_equal(x.raw, want);
	MUST(index_parse(&again, x.raw, x.raw_len, OCI_INDEX, &arena, err));
	assert_true(digest_eq(&again.digest, &x.digest));
	assert_string_equal(again.manifests[0].platform.architecture, "arm64");
	MUST_FAIL(index_parse(&again, "{" V2 "," CONFIG "," LAYERS "}",
			      strlen("{" V2 "," CONFIG "," LAYERS "}"), NULL, &arena, err),
		  E_INTEGRITY, "a manifest where");
}

#define ENTRY(platform, more) \
	"{\"mediaType\":\"" OCI_MANIFEST "\",\"digest\":\"" DIGEST "\",\"size\":7" platform more "}"
#define ON(arch, variant) \
	",\"platform\":{\"os\":\"linux\",\"architecture\":\"" arch "\",\"variant\":\"" variant "\"}"
#define ATTESTATION                                                              \
	ENTRY(",\"platform\":{\"os\":\"unknown\",\"architecture\":\"unknown\"}", \
	      ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}")
#define IS_ATTESTATION ",\"annotations\":{\"vnd.docker.reference.type\":\"attestation-manifest\"}"

static void selecting(void **state)
{
	static const struct {
		const char *entries, *want;
		int picked; /* -1: none */
	} cases[] = {
		{ ENTRY(ON("amd64", ""), "") "," ENTRY(ON("arm64", ""), ""), "arm64", 1 },
		{ ENTRY(ON("amd64", ""), "") "," ENTRY(ON("arm64", "v8"), ""), "arm64", 1 },
		{ ENTRY(ON("amd64", ""), "") "," ENTRY(ON("amd64", ""), ""), "amd64", 0 },
		{ ENTRY(ON("arm", "v5"), "") "," ENTRY(ON("arm", "v6"), ""), "arm", 1 },
		{ ENTRY(ON("arm", "v7"), "") "," ENTRY(ON("arm", "v6"), ""), "linux/arm/v6", 1 },
		{ ENTRY(ON("amd64", "v3"), "") "," ENTRY(ON("amd64", ""), ""), "amd64", 1 },
		{ ENTRY(ON("amd64", ""), "") "," ENTRY(ON("amd64", "v3"), ""), "linux/amd64/v3",
		  1 },
		{ ENTRY(ON("amd64", ""), ""), "arm64", -1 },
		{ ATTESTATION "," ENTRY(ON("amd64", ""), ""), "amd64", 1 },
		{ ENTRY(ON("amd64", ""), IS_ATTESTATION), "amd64", -1 },
		{ ENTRY("", ""), "amd64", 0 },
		{ ATTESTATION "," ENTRY("", ""), "amd64", 1 },
		{ ENTRY("", "") "," ENTRY("", ""), "amd64", -1 },
		{ "{\"mediaType\":\"a/b\",\"digest\":\"" DIGEST "\",\"size\":7}", "amd64", -1 },
		{ "", "amd64", -1 },
	};

	(void)state;
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		AUTO(auto_free)
		char *text = mem_printf("{" V2 ",\"manifests\":[%s]}", cases[i].entries);
		AUTO(arena_free) struct arena arena = { 0 };
		const struct descriptor *d;
		struct platform want;
		struct index x;

		MUST(platform_parse(&want, cases[i].want, err));
		MUST(index_parse(&x, text, strlen(text), NULL, &arena, err));
		d = index_select(&x, &want);
		if ((d ? (int)(d - x.manifests) : -1) != cases[i].picked)
			fail_msg("case %zu", i);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sniff_table),
		cmocka_unit_test(hostile_descriptors),
		cmocka_unit_test(whole_manifest),
		cmocka_unit_test(counts_at_their_limits),
		cmocka_unit_test(size_at_its_limit),
		cmocka_unit_test(nested_too_deep),
		cmocka_unit_test(written_in_the_specs_order),
		cmocka_unit_test(index_written_and_read),
		cmocka_unit_test(selecting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
