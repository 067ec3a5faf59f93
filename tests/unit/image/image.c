// SPDX-License-Identifier: Apache-2.0
#include "fixture.h"

#include "base/limits.h"
#include "image/image.h"

/* image/image.c */

#define DOCKER_MANIFEST "application/vnd.docker.distribution.manifest.v2+json"
#define DOCKER_CONFIG "application/vnd.docker.container.image.v1+json"
#define DOCKER_LAYER "application/vnd.docker.image.rootfs.diff.tar.gzip"

/* An image whose documents are written by hand: `layers` as JSON objects, one diff id each. */
static bool open_text(struct image *out, const char *type, const char *config_type,
		      const char *layers, const char *more, const char *config, struct err *err)
{
	struct digest d = digest_of(config, strlen(config));
	AUTO(auto_free)
	char *manifest = mem_printf(
		"{\"schemaVersion\":2,\"mediaType\":\"%s\",\"config\":{\"mediaType\":\"%s\","
		"\"digest\":\"%s\",\"size\":%zu},\"layers\":[%s]%s}",
		type, config_type, digest_format(&d).text, strlen(config), layers, more);

	return image_open(out, manifest, strlen(manifest), NULL, config, strlen(config), NULL, err);
}

#define ONE_LAYER                                                                        \
	"{ \"urls\" : [\"https://x/y\"], \"mediaType\":\"" DOCKER_LAYER "\",\"size\":5," \
	"\"digest\":\"" DIGEST "\",\"annotations\":{\"a\":\"b\"},\"x\":[1,{\"y\":2}]}"
#define ONE_DIFF_ID "{\"rootfs\":{\"diff_ids\":[\"" DIGEST "\"]},\"os\":\"linux\",\"x\":1}"

static void docker_base(struct image *out)
{
	MUST(open_text(out, DOCKER_MANIFEST, DOCKER_CONFIG, ONE_LAYER, ",\"subject\":null",
		       ONE_DIFF_ID, err));
}

static void made_from_nothing(void **state)
{
	AUTO(built_free) struct built b = { 0 };

	(void)state;
	build(&b, NULL, NULL, TEXTS("one", "two"));
	assert_int_equal(b.image.manifest.layer_count, 2);
	assert_string_equal(b.image.manifest.media_type,
			    "application/vnd.oci.image.manifest.v1+json");
	assert_int_equal(b.image.manifest.config.size, b.image.config_raw_len);
	assert_int_equal(config_diff_id_count(&b.image.config), 2);
	assert_string_equal(image_platform(&b.image).architecture, "amd64");
}

/* Golden bytes: whatever changes them changes every digest users ever pinned. */
static void golden(void **state)
{
	static const char diff_id[] =
		"sha256:09ca7e4eaa6e8ae9c7d261167129184883644d07dfba7cbfbc4c8a2e08360d5b";
	AUTO(built_free) struct built b = { 0 };
	AUTO(auto_free)
	char *config = mem_printf(
		"{\"architecture\":\"amd64\",\"os\":\"linux\",\"config\":{},"
		"\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\"%s\"]},"
		"\"history\":[{\"created\":\"2023-11-14T22:13:20Z\","
		"\"created_by\":\"hello, world\"}],\"created\":\"2023-11-14T22:13:20Z\"}",
		diff_id);
	struct digest d = digest_of(config, strlen(config));
	AUTO(auto_free)
	char *manifest = mem_printf(
		"{\"schemaVersion\":2,\"mediaType\":\"application/vnd.oci.image.manifest.v1+json\","
		"\"config\":{\"mediaType\":\"application/vnd.oci.image.config.v1+json\","
		"\"digest\":\"%s\",\"size\":%zu},\"layers\":[{\"mediaType\":"
		"\"application/vnd.oci.image.layer.v1.tar\",\"digest\":\"%s\",\"size\":12}]}",
		digest_format(&d).text, strlen(config), diff_id);

	(void)state;
	build(&b, NULL, NULL, TEXTS("hello, world"));
	assert_string_equal(b.image.config_raw, config);
	assert_string_equal(b.image.manifest.raw, manifest);
}

static void verified_on_opening(void **state)
{
	AUTO(built_free) struct built b = { 0 };
	AUTO(auto_free) char *config = NULL;
	struct image img;
	size_t len;

	(void)state;
	build(&b, NULL, NULL, TEXTS("one"));
	len = b.image.config_raw_len;
	config = mem_dup(b.image.config_raw, len + 1);
	MUST(image_open(&img, b.image.manifest.raw, b.image.manifest.raw_len, NULL, config, len,
			NULL, err));
	image_free(&img);
	MUST_FAIL(image_open(&img, b.image.manifest.raw, b.image.manifest.raw_len, NULL, config,
			     len - 1, NULL, err),
		  E_INTEGRITY, "bytes, the manifest says");
	config[len / 2] ^= 1;
	MUST_FAIL(image_open(&img, b.image.manifest.raw, b.image.manifest.raw_len, NULL, config,
			     len, NULL, err),
		  E_INTEGRITY, "hashes to");
	MUST_FAIL(open_text(&img, DOCKER_MANIFEST, DOCKER_CONFIG, ONE_LAYER "," ONE_LAYER, "",
			    ONE_DIFF_ID, err),
		  E_INTEGRITY, "2 layers, the configuration 1");
	MUST_FAIL(open_text(&img, DOCKER_MANIFEST, DOCKER_CONFIG, ONE_LAYER, "", "{}", err),
		  E_INTEGRITY, "diff_ids is missing");
}

static void artifact_has_no_image_config(void **state)
{
	AUTO(image_free) struct image img = { 0 };

	(void)state;
	MUST(open_text(&img, "application/vnd.oci.image.manifest.v1+json",
		       "application/vnd.oci.empty.v1+json", ONE_LAYER, "", "{}", err));
	assert_int_equal(config_diff_id_count(&img.config), 0);
	assert_null(config_env(&img.config, "PATH"));
	assert_string_equal(image_platform(&img).os, "");
}

/* The base's layers keep members we do not know; ours follow, in the base's family. */
static void on_a_docker_base(void **state)
{
	static const char want_layer[] =
		"{\"urls\":[\"https://x/y\"],\"mediaType\":\"" DOCKER_LAYER
		"\",\"size\":5,\"digest\":\"" DIGEST
		"\",\"annotations\":{\"a\":\"b\"},\"x\":[1,{\"y\":2}]},"
		"{\"mediaType\":\"application/vnd.docker.image.rootfs.diff.tar\",\"digest\":\"";
	AUTO(image_free) struct image base = { 0 };
	AUTO(built_free) struct built b = { 0 };

	(void)state;
	docker_base(&base);
	build(&b, NULL, &base, TEXTS("more"));
	assert_string_equal(b.image.manifest.media_type, DOCKER_MANIFEST);
	assert_string_equal(b.image.manifest.config.media_type, DOCKER_CONFIG);
	assert_non_null(strstr(b.image.manifest.raw, want_layer));
	assert_null(strstr(b.image.manifest.raw, "subject"));
	assert_int_equal(b.image.manifest.layer_count, 2);
	assert_int_equal(json_integer_value(json_object_get(b.image.config.doc, "x")), 1);
}

static void zstd_does_not_fit_docker(void **state)
{
	AUTO(image_free) struct image base = { 0 };
	AUTO(config_free) struct config config = { 0 };
	struct layer layer = layer_of("x");
	struct image_recipe r = { .config = &config, .layers = &layer, .layer_count = 1 };
	const struct history_entry entry = { 0 };
	struct image img;

	(void)state;
	docker_base(&base);
	layer.descriptor.media_type = media_text(MEDIA_LAYER, FAMILY_OCI, COMPRESSION_ZSTD);
	config_copy(&config, &base.config);
	config_append(&config, &entry, &layer.diff_id);
	r.base = &base;
	MUST_FAIL(image_make(&img, &r, err), E_UNSUPPORTED, "zstd layer");
}

static void annotations(void **state)
{
	AUTO(image_free) struct image base = { 0 };
	AUTO(image_free) struct image img = { 0 };
	AUTO(config_free) struct config config = { 0 };
	struct json_pair pairs[] = { { "b", "new" }, { "c", "\xff" } };
	struct json_pairs more = { pairs, 2 };
	struct image_recipe r = { .base = &base, .config = &config, .annotations = &more };

	(void)state;
	MUST(open_text(&base, "application/vnd.oci.image.manifest.v1+json", DOCKER_CONFIG,
		       ONE_LAYER, ",\"annotations\":{\"a\":\"1\",\"b\":\"old\"}", ONE_DIFF_ID,
		       err));
	config_copy(&config, &base.config);
	MUST(image_make(&img, &r, err));
	assert_non_null(strstr(img.manifest.raw, "\"annotations\":{\"a\":\"1\",\"b\":\"new\","
						 "\"c\":\"\xef\xbf\xbd\"}}"));
}

static void recipe_must_agree(void **state)
{
	AUTO(config_free) struct config config = { 0 };
	const struct platform p = { .os = "linux", .architecture = "amd64" };
	struct layer layers[] = { layer_of("a"), layer_of("b") };
	struct image_recipe r = { .config = &config, .layers = layers, .layer_count = 2 };
	const struct history_entry entry = { 0 };
	struct image img;

	(void)state;
	config_init(&config, &p);
	config_append(&config, &entry, &layers[1].diff_id);
	MUST_FAIL(image_make(&img, &r, err), E_INTEGRITY, "2 layers, but");
	config_append(&config, &entry, &layers[0].diff_id);
	MUST_FAIL(image_make(&img, &r, err), E_INTEGRITY, "layer 0");
}

static void too_many_layers(void **state)
{
	AUTO(config_free) struct config config = { 0 };
	AUTO(auto_free) struct layer *layers = mem_alloc((LIMIT_LAYERS + 1) * sizeof(*layers));
	const struct platform p = { .os = "linux", .architecture = "amd64" };
	struct image_recipe r = { .config = &config, .layers = layers };
	const struct history_entry entry = { 0 };
	struct image img;

	(void)state;
	config_init(&config, &p);
	for (size_t i = 0; i <= LIMIT_LAYERS; i++) {
		layers[i] = layer_of("a");
		if (i < LIMIT_LAYERS)
			config_append(&config, &entry, &layers[i].diff_id);
	}
	r.layer_count = LIMIT_LAYERS;
	MUST(image_make(&img, &r, err));
	image_free(&img);
	r.layer_count = LIMIT_LAYERS + 1;
	MUST_FAIL(image_make(&img, &r, err), E_INPUT, "501 layers, 500 are allowed");
}

static void docker_format_on_request(void **state)
{
	AUTO(config_free) struct config config = { 0 };
	AUTO(image_free) struct image img = { 0 };
	const struct platform p = { .os = "linux", .architecture = "amd64" };
	struct image_recipe r = { .config = &config, .family = FAMILY_DOCKER };

	(void)state;
	config_init(&config, &p);
	MUST(image_make(&img, &r, err));
	assert_string_equal(img.manifest.media_type, DOCKER_MANIFEST);
	assert_string_equal(img.manifest.config.media_type, DOCKER_CONFIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(made_from_nothing),
		cmocka_unit_test(golden),
		cmocka_unit_test(verified_on_opening),
		cmocka_unit_test(artifact_has_no_image_config),
		cmocka_unit_test(on_a_docker_base),
		cmocka_unit_test(zstd_does_not_fit_docker),
		cmocka_unit_test(annotations),
		cmocka_unit_test(recipe_must_agree),
		cmocka_unit_test(too_many_layers),
		cmocka_unit_test(docker_format_on_request),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
