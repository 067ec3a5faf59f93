// SPDX-License-Identifier: Apache-2.0
#include "builder/cache_records.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* Cache documents as values. Where they come from and what is done with them is cache_read.c's.
 */

#define ANNOTATION_KEYS "io.rtbuild.cache.keys"
#define ANNOTATION_DIFF_ID "io.rtbuild.cache.diff-id"
#define ANNOTATION_UNPACKED "io.rtbuild.cache.unpacked-size"

const char cache_empty_config[] = "{}";
static const char inline_member[] = "io.rtbuild.cache";

void cache_records_free(struct cache_records *r)
{
	free(r->items);
	*r = (struct cache_records){ 0 };
}

void cache_records_add(struct cache_records *r, const struct digest *key, const struct layer *layer)
{
	struct cache_record fresh = { .key = *key, .layer = *layer };

	fresh.layer.descriptor = (struct descriptor){
		.media_type = media_find(layer->descriptor.media_type)->text,
		.digest = layer->descriptor.digest,
		.size = layer->descriptor.size,
	};
	*ARRAY_PUSH(r) = fresh;
}

static int compare(const void *a, const void *b)
{
	const struct cache_record *x = a, *y = b;
	int order = digest_cmp(&x->layer.descriptor.digest, &y->layer.descriptor.digest);

	return order ? order : digest_cmp(&x->key, &y->key);
}

void cache_records_sort(struct cache_records *r)
{
	if (r->len)
		qsort(r->items, r->len, sizeof(*r->items), compare);
}

/* --- reading --- */

static const char *annotation(const struct descriptor *d, const char *key)
{
	for (size_t i = 0; i < d->annotations.len; i++)
		if (str_eq(d->annotations.items[i].key, key))
			return d->annotations.items[i].value;
	return NULL;
}

static bool parse_hex(struct digest *out, struct slice hex)
{
	AUTO(auto_free) char *text = mem_printf("sha256:" SLICE_FMT, SLICE_ARG(hex));
	struct err ignored = { 0 };

	return digest_parse(out, text, &ignored);
}

/* The keys of one layer, separated by blanks. */
static void add_keys(struct cache_records *out, const char *keys, const struct layer *layer)
{
	struct slice rest = slice_of(keys);

	while (rest.ptr && out->len < LIMIT_CACHE_RECORDS) {
		struct slice hex = slice_cut(rest, ' ', &rest);
		struct digest key;

		if (parse_hex(&key, hex))
			cache_records_add(out, &key, layer);
	}
}

/* False: it is no layer we would use. */
static bool layer_of(struct layer *out, const struct descriptor *d, const char *diff_id,
		     const char *unpacked)
{
	struct err ignored = { 0 };
	uint64_t size;

	if (media_find(d->media_type)->kind != MEDIA_LAYER || media_find(d->media_type)->foreign ||
	    !diff_id || !unpacked || d->size > LIMIT_BLOB)
		return false;
	*out = (struct layer){ .descriptor = *d };
	if (!digest_parse(&out->diff_id, diff_id, &ignored) ||
	    !str_to_u64(&size, slice_of(unpacked), INT64_MAX))
		return false;
	out->unpacked_size = (int64_t)size;
	return true;
}

void cache_records_parse(struct cache_records *out, const struct manifest *m)
{
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct descriptor *d = &m->layers[i];
		const char *keys = annotation(d, ANNOTATION_KEYS);
		struct layer layer;

		if (keys && layer_of(&layer, d, annotation(d, ANNOTATION_DIFF_ID),
				     annotation(d, ANNOTATION_UNPACKED)))
			add_keys(out, keys, &layer);
	}
}

/* --- writing --- */

/* The run of sorted records about one layer: where it ends, and its keys. */
static char *join_keys(size_t *end_out, const struct cache_records *r, size_t first)
{
	AUTO(buf_free) struct buf keys = BUF_INIT(SIZE_MAX / 2);
	const struct digest *layer = &r->items[first].layer.descriptor.digest;
	size_t i = first;

	for (; i < r->len && digest_eq(&r->items[i].layer.descriptor.digest, layer); i++)
		buf_putf(&keys, "%s%s", keys.len ? " " : "", digest_hex(&r->items[i].key).text);
	*end_out = i;
	return buf_steal(&keys);
}

/* In OCI's family whatever the image's is: one manifest mixes none (Quay refuses it). */
static const char *oci_type(const char *media_type)
{
	const struct media *m = media_find(media_type);

	return media_text(MEDIA_LAYER, FAMILY_OCI, m->compression);
}

static void encode_layer(struct descriptor *out, const struct layer *layer, const char *keys,
			 struct arena *arena)
{
	struct json_pair *pairs = ARENA_ARRAY(arena, struct json_pair, 3);

	pairs[0] = (struct json_pair){ ANNOTATION_DIFF_ID,
				       arena_strdup(arena, digest_format(&layer->diff_id).text) };
	pairs[1] = (struct json_pair){ ANNOTATION_KEYS, arena_strdup(arena, keys) };
	pairs[2] =
		(struct json_pair){ ANNOTATION_UNPACKED,
				    arena_printf(arena, "%lld", (long long)layer->unpacked_size) };
	*out = layer->descriptor;
	out->media_type = oci_type(layer->descriptor.media_type);
	out->annotations = (struct json_pairs){ .items = pairs, .len = 3 };
}

bool cache_records_encode(struct manifest *out, struct cache_records *r, struct arena *arena)
{
	size_t i = 0;

	cache_records_sort(r);
	*out = (struct manifest){
		.media_type = media_text(MEDIA_MANIFEST, FAMILY_OCI, COMPRESSION_NONE),
		.artifact_type = CACHE_ARTIFACT_TYPE,
		.config = { .media_type = "application/vnd.oci.empty.v1+json",
			    .digest = digest_of(cache_empty_config, strlen(cache_empty_config)),
			    .size = (int64_t)strlen(cache_empty_config) },
		.layers = ARENA_ARRAY(arena, struct descriptor, LIMIT_LAYERS),
	};
	while (i < r->len && out->layer_count < LIMIT_LAYERS) {
		const struct layer *layer = &r->items[i].layer;
		AUTO(auto_free) char *keys = join_keys(&i, r, i);

		encode_layer(&out->layers[out->layer_count++], layer, keys, arena);
	}
	manifest_encode(out, arena);
	return i == r->len;
}

/* --- inline --- */

struct inline_record {
	const char *diff_id, *keys, *unpacked;
};
static const struct json_field inline_fields[] = {
	JSON_REQUIRED(struct inline_record, diff_id, "diffId", &json_type_text),
	JSON_REQUIRED(struct inline_record, keys, "keys", &json_type_text),
	JSON_REQUIRED(struct inline_record, unpacked, "unpackedSize", &json_type_text),
	{ 0 },
};
static const struct json_type inline_type = JSON_OBJECT(struct inline_record, inline_fields);
static const struct json_type inline_list = JSON_LIST(&inline_type);

/* The image's layer with a diff id; NULL: none. */
static const struct descriptor *layer_with(const struct image *img, const char *diff_id)
{
	struct err ignored = { 0 };
	struct digest want;

	if (!digest_parse(&want, diff_id, &ignored))
		return NULL;
	for (size_t i = 0; i < img->manifest.layer_count; i++) {
		struct digest have = config_diff_id(&img->config, i);

		if (digest_eq(&have, &want))
			return &img->manifest.layers[i];
	}
	return NULL;
}

void cache_records_parse_inline(struct cache_records *out, const struct image *img)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct json_list list = { 0 };
	struct err ignored = { 0 };
	json_t *doc = json_object_get(img->config.doc, inline_member);

	if (!doc || config_diff_id_count(&img->config) != img->manifest.layer_count ||
	    !json_decode(&inline_list, &list, doc, &arena, &ignored))
		return;
	for (size_t i = 0; i < list.len; i++) {
		const struct inline_record *record = (struct inline_record *)list.items + i;
		const struct descriptor *d = layer_with(img, record->diff_id);
		struct layer layer;

		if (d && layer_of(&layer, d, record->diff_id, record->unpacked))
			add_keys(out, record->keys, &layer);
	}
}

static bool is_among(const struct digest *digest, const struct layer *layers, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (digest_eq(&layers[i].descriptor.digest, digest))
			return true;
	return false;
}

void cache_records_put_inline(struct config *c, struct cache_records *r, const struct layer *layers,
			      size_t count)
{
	json_t *list = json_array();

	cache_records_sort(r);
	for (size_t i = 0; i < r->len;) {
		const struct layer *layer = &r->items[i].layer;
		AUTO(auto_free) char *keys = join_keys(&i, r, i);
		AUTO(auto_free) char *size = mem_printf("%lld", (long long)layer->unpacked_size);
		struct digest_text diff_id = digest_format(&layer->diff_id);
		struct inline_record record = { .diff_id = diff_id.text,
						.keys = keys,
						.unpacked = size };

		if (is_among(&layer->descriptor.digest, layers, count))
			json_array_append_new(list, json_encode(&inline_type, &record));
	}
	json_object_set_new(c->doc, inline_member, list);
}
