// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "image/image.h"

/* The manifest with its config descriptor made true, which no fuzzer would find by itself. */
static char *made_true(struct slice manifest, struct slice config, size_t *len_out)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct digest digest = digest_of(config.ptr, config.len);
	json_t *descriptor;
	struct err err = { 0 };

	if (!json_parse(&doc, manifest.ptr, manifest.len, "manifest", &err))
		return NULL;
	descriptor = json_object_get(doc, "config");
	json_object_set_new(descriptor, "digest", json_string(digest_format(&digest).text));
	json_object_set_new(descriptor, "size", json_integer((json_int_t)config.len));
	return json_text(doc, len_out);
}

/* A manifest and a configuration to an image, and a new image on top of it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	struct slice raw = next_part(&rest), config_raw = next_part(&rest);
	AUTO(auto_free) char *manifest = NULL;
	AUTO(image_free) struct image base = { 0 };
	AUTO(image_free) struct image made = { 0 };
	AUTO(config_free) struct config config = { 0 };
	struct layer layer = { .descriptor.media_type =
				       media_text(MEDIA_LAYER, FAMILY_OCI, COMPRESSION_GZIP) };
	struct image_recipe recipe = {
		.base = &base, .config = &config, .layers = &layer, .layer_count = 1
	};
	struct err err = { 0 };
	size_t manifest_len;

	verdict(image_open(&made, raw.ptr, raw.len, NULL, config_raw.ptr, config_raw.len, NULL,
			   &err),
		&err);
	image_free(&made);
	manifest = config_raw.ptr ? made_true(raw, config_raw, &manifest_len) : NULL;
	if (!manifest || !verdict(image_open(&base, manifest, manifest_len, NULL, config_raw.ptr,
					     config_raw.len, NULL, &err),
				  &err))
		return 0;
	layer.diff_id = layer.descriptor.digest = digest_of("layer", 5);
	config_copy(&config, &base.config);
	config_append(&config, &(struct history_entry){ .created_by = "fuzz" }, &layer.diff_id);
	if (verdict(image_make(&made, &recipe, &err), &err))
		assert(made.manifest.layer_count == base.manifest.layer_count + 1);
	return 0;
}
