// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_UNIT_EXTEND_BASE_H
#define TESTS_UNIT_EXTEND_BASE_H

#include "support.h"

#include "image/store.h"

/* Base images for tests: whatever configuration, on layers that are a few bytes of text. */

UNUSED static struct reference ref_of(const char *text)
{
	struct reference ref;

	MUST(reference_parse(&ref, text, err));
	return ref;
}

/* `execution` is the "config" member as JSON, `history` the number of its entries (-1: no member).
 */
struct base_recipe {
	const char *execution;
	int history;
	size_t layers;
	const char *architecture; /* NULL: amd64 */
	enum media_family family;
};

UNUSED static char *base_config(const struct base_recipe *r)
{
	struct buf text = BUF_INIT(1 << 20);

	buf_putf(&text,
		 "{\"architecture\":\"%s\",\"os\":\"linux\"%s%s,\"strange\":{\"kept\":12345678901}",
		 r->architecture ? r->architecture : "amd64", r->execution ? ",\"config\":" : "",
		 r->execution ? r->execution : "");
	buf_put(&text, ",\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[");
	for (size_t i = 0; i < r->layers; i++) {
		AUTO(auto_free) char *layer = mem_printf("layer %zu", i);
		struct digest d = digest_of(layer, strlen(layer));

		buf_putf(&text, "%s\"%s\"", i ? "," : "", digest_format(&d).text);
	}
	buf_put(&text, "]}");
	if (r->history >= 0)
		buf_put(&text, ",\"history\":[");
	for (int i = 0; i < r->history; i++)
		buf_putf(&text, "%s{\"created_by\":\"step %d\"}", i ? "," : "", i);
	buf_put(&text, r->history >= 0 ? "]}" : "}");
	return buf_steal(&text);
}

/* Its layers go into the store unless that is NULL. */
UNUSED static void base_make(struct image *out, struct store *store, const struct base_recipe *r)
{
	AUTO(auto_free) char *raw = base_config(r);
	AUTO(config_free) struct config config = { 0 };
	struct layer layers[8] = { 0 };
	struct image_recipe recipe = { .config = &config,
				       .layers = layers,
				       .layer_count = r->layers,
				       .family = r->family,
				       .blobs = store ? store_blobs(store) : NULL };

	MUST(config_parse(&config, raw, strlen(raw), err));
	for (size_t i = 0; i < r->layers; i++) {
		AUTO(auto_free) char *text = mem_printf("layer %zu", i);
		struct digest d = digest_of(text, strlen(text));

		layers[i] = (struct layer){
			.descriptor = { .media_type = media_text(MEDIA_LAYER, r->family,
								 COMPRESSION_GZIP),
					.digest = d,
					.size = (int64_t)strlen(text) },
			.diff_id = d,
		};
		if (store)
			MUST(store_put_bytes(&d, store, text, strlen(text), err));
	}
	MUST(image_make(out, &recipe, err));
}

UNUSED static void base_put(struct store *store, const char *name, const struct base_recipe *r)
{
	struct reference ref = ref_of(name);
	struct image img;

	base_make(&img, store, r);
	MUST(store_put_image(store, &img, &ref, err));
	image_free(&img);
}

#endif
