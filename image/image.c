// SPDX-License-Identifier: Apache-2.0
#include "image/image.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/document.h"

/* The immutable view of an image: opening one from its bytes, and making one on top of another. */

void image_free(struct image *img)
{
	arena_free(&img->arena);
	config_free(&img->config);
	*img = (struct image){ 0 };
}

static bool check_config_bytes(const struct manifest *m, const char *raw, size_t len,
			       struct err *err)
{
	struct digest got = digest_of(raw, len);

	if ((uint64_t)m->config.size != len)
		return err_set(err, E_INTEGRITY,
			       "the configuration has %zu bytes, the manifest says %lld", len,
			       (long long)m->config.size);
	if (!digest_eq(&got, &m->config.digest))
		return err_set(err, E_INTEGRITY,
			       "the configuration hashes to %s, the manifest says %s",
			       digest_format(&got).text, digest_format(&m->config.digest).text);
	return true;
}

static bool open_config(struct image *img, struct err *err)
{
	size_t diff_ids;

	if (media_find(img->manifest.config.media_type)->kind != MEDIA_CONFIG) {
		/* An artifact: whatever its configuration is, it is none of ours. */
		img->config.doc = json_object();
		return true;
	}
	if (!config_parse(&img->config, img->config_raw, img->config_raw_len, err))
		return false;
	diff_ids = config_diff_id_count(&img->config);
	if (diff_ids != img->manifest.layer_count)
		return err_set(err, E_INTEGRITY,
			       "the manifest lists %zu layers, the configuration %zu diff ids",
			       img->manifest.layer_count, diff_ids);
	return true;
}

bool image_open(struct image *out, const char *manifest_raw, size_t manifest_len,
		const char *content_type, const char *config_raw, size_t config_len,
		struct blob_source *blobs, struct err *err)
{
	AUTO(image_free) struct image img = { .blobs = blobs };

	if (!manifest_parse(&img.manifest, manifest_raw, manifest_len, content_type, &img.arena,
			    err) ||
	    !check_config_bytes(&img.manifest, config_raw, config_len, err))
		return false;
	img.config_raw = arena_slice(&img.arena, (struct slice){ config_raw, config_len });
	img.config_raw_len = config_len;
	if (!open_config(&img, err))
		return false;
	*out = img;
	img = (struct image){ 0 };
	return true;
}

/* The new layer's type in the image's family, where one image mixes none (Quay refuses it). */
static bool place_layer(struct descriptor *out, const struct layer *layer, enum media_family family,
			struct err *err)
{
	const struct media *have = media_find(layer->descriptor.media_type);

	*out = layer->descriptor;
	if (have->kind != MEDIA_LAYER || have->family == family)
		return true;
	out->media_type = media_text(MEDIA_LAYER, family, have->compression);
	if (out->media_type)
		return true;
	err_set(err, E_UNSUPPORTED, "a %s layer on an image in Docker's format",
		compression_name(have->compression));
	return err_hint(err, "use gzip layers, or a base image in OCI format");
}

static bool check_diff_ids(const struct image_recipe *r, size_t base_count, struct err *err)
{
	size_t want = base_count + r->layer_count;

	if (want > LIMIT_LAYERS) {
		err_set(err, E_INPUT, "the image would have %zu layers, %d are allowed", want,
			LIMIT_LAYERS);
		return err_hint(err, "join steps, or flatten the base image");
	}
	if (config_diff_id_count(r->config) != want)
		return err_set(err, E_INTEGRITY,
			       "%zu layers, but the configuration has %zu diff ids", want,
			       config_diff_id_count(r->config));
	for (size_t i = 0; i < r->layer_count; i++) {
		struct digest have = config_diff_id(r->config, base_count + i);

		if (!digest_eq(&have, &r->layers[i].diff_id))
			return err_set(err, E_INTEGRITY, "layer %zu is not the configuration's",
				       base_count + i);
	}
	return true;
}

/* The base's layers, then ours. */
static bool collect_layers(struct manifest *m, const struct image_recipe *r,
			   enum media_family family, struct arena *arena, struct err *err)
{
	size_t base_count = r->base ? r->base->manifest.layer_count : 0;

	m->layer_count = base_count + r->layer_count;
	m->layers = ARENA_ARRAY(arena, struct descriptor, m->layer_count);
	for (size_t i = 0; i < base_count; i++)
		m->layers[i] = r->base->manifest.layers[i];
	for (size_t i = 0; i < r->layer_count; i++)
		if (!place_layer(&m->layers[base_count + i], &r->layers[i], family, err))
			return false;
	return true;
}

static void put_pair(struct json_pairs *pairs, const char *key, const char *value)
{
	for (size_t i = 0; i < pairs->len; i++) {
		if (str_eq(pairs->items[i].key, key)) {
			pairs->items[i].value = value;
			return;
		}
	}
	pairs->items[pairs->len++] = (struct json_pair){ key, value };
}

static const char *clean_text(const char *text, struct arena *arena)
{
	AUTO(auto_free) char *clean = document_utf8(text);

	return arena_strdup(arena, clean);
}

/* The base's annotations, changed or followed by the recipe's. */
static void collect_annotations(struct json_pairs *out, const struct image_recipe *r,
				struct arena *arena)
{
	const struct json_pairs none = { 0 };
	const struct json_pairs *base = r->base ? &r->base->manifest.annotations : &none;
	const struct json_pairs *more = r->annotations ? r->annotations : &none;

	out->items = ARENA_ARRAY(arena, struct json_pair, base->len + more->len);
	for (size_t i = 0; i < base->len; i++)
		put_pair(out, base->items[i].key, base->items[i].value);
	for (size_t i = 0; i < more->len; i++)
		put_pair(out, clean_text(more->items[i].key, arena),
			 clean_text(more->items[i].value, arena));
}

/* The base's layer objects as they were written, unknown members included. */
static bool base_layers(json_t **doc_out, const struct image *base, struct err *err)
{
	if (!base)
		return true;
	return document_parse(doc_out, base->manifest.raw, base->manifest.raw_len, LIMIT_MANIFEST,
			      "base manifest", err);
}

bool image_make(struct image *out, const struct image_recipe *r, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	AUTO(auto_json_decref) json_t *base_doc = NULL;
	enum media_family family =
		r->base ? media_find(r->base->manifest.media_type)->family : r->family;
	struct manifest m = { 0 };
	AUTO(auto_free) char *config = NULL;
	size_t config_len;

	if (!check_diff_ids(r, r->base ? r->base->manifest.layer_count : 0, err) ||
	    !base_layers(&base_doc, r->base, err) || !collect_layers(&m, r, family, &arena, err))
		return false;
	config = config_encode(r->config, &config_len);
	m.media_type = media_text(MEDIA_MANIFEST, family, COMPRESSION_NONE);
	m.config = (struct descriptor){
		.media_type = media_text(MEDIA_CONFIG, family, COMPRESSION_NONE),
		.digest = digest_of(config, config_len),
		.size = (int64_t)config_len,
	};
	collect_annotations(&m.annotations, r, &arena);
	manifest_encode_on(&m, json_object_get(base_doc, "layers"), &arena);
	return image_open(out, m.raw, m.raw_len, m.media_type, config, config_len, r->blobs, err);
}

struct platform image_platform(const struct image *img)
{
	return config_platform(&img->config);
}

void image_index(struct index *out, const struct index_recipe *r, struct arena *arena)
{
	bool annotated = r->family == FAMILY_OCI;

	*out = (struct index){
		.media_type = media_text(MEDIA_INDEX, r->family, COMPRESSION_NONE),
		.manifests = ARENA_ARRAY(arena, struct descriptor, r->count),
		.manifest_count = r->count,
	};
	if (annotated && r->annotations)
		out->annotations = *r->annotations;
	for (size_t i = 0; i < r->count; i++) {
		const struct manifest *m = &r->images[i].manifest;

		out->manifests[i] = (struct descriptor){
			.media_type = m->media_type,
			.digest = m->digest,
			.size = (int64_t)m->raw_len,
			.platform = r->platforms[i],
		};
		if (annotated && r->entry_annotations)
			out->manifests[i].annotations = r->entry_annotations[i];
	}
	index_encode(out, arena);
}
