// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/document.h"
#include "image/manifest.h"

/* Indexes: reading as they are, writing new ones, and choosing an entry. The interface is in
 * manifest.h. */

/* image-index.md, members in the order of the spec's Go types. */
struct shape {
	int64_t version;
	const char *media_type;
	const char *artifact_type;
	struct json_list manifests;
	struct json_pairs annotations;
};

static const struct json_type manifests_type = JSON_LIST(&descriptor_type);

/* clang-format off */
static const struct json_field fields[] = {
	JSON_REQUIRED(struct shape, version,       "schemaVersion", &json_type_int),
	JSON_OPTIONAL(struct shape, media_type,    "mediaType",     &media_text_type),
	JSON_OPTIONAL(struct shape, artifact_type, "artifactType",  &json_type_text),
	JSON_REQUIRED(struct shape, manifests,     "manifests",     &manifests_type),
	JSON_OPTIONAL(struct shape, annotations,   "annotations",   &json_type_pairs),
	{ 0 },
};
/* clang-format on */

static const struct json_type shape_type = JSON_OBJECT(struct shape, fields);

static void keep_raw(struct index *x, const char *raw, size_t len, struct arena *arena)
{
	x->raw = arena_slice(arena, (struct slice){ raw, len });
	x->raw_len = len;
	x->digest = digest_of(raw, len);
}

static bool read_shape(struct index *out, json_t *doc, const char *content_type,
		       struct arena *arena, struct err *err)
{
	struct shape shape = { 0 };
	enum media_kind kind;

	if (!document_kind(&kind, &out->media_type, doc, content_type, err))
		return false;
	if (kind != MEDIA_INDEX)
		return err_set(err, E_INTEGRITY, "a manifest where an index was expected");
	if (!document_list_fits(doc, "manifests", LIMIT_INDEX_ENTRIES, err) ||
	    !json_decode(&shape_type, &shape, doc, arena, err))
		return false;
	out->manifests = shape.manifests.items;
	out->manifest_count = shape.manifests.len;
	out->annotations = shape.annotations;
	return true;
}

bool index_parse(struct index *out, const char *raw, size_t len, const char *content_type,
		 struct arena *arena, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;

	*out = (struct index){ 0 };
	if (!document_parse(&doc, raw, len, LIMIT_MANIFEST, "index", err))
		return false;
	if (!read_shape(out, doc, content_type, arena, err))
		return document_refuse(err, "index");
	keep_raw(out, raw, len, arena);
	return true;
}

void index_encode(struct index *x, struct arena *arena)
{
	const struct shape shape = {
		.version = 2,
		.media_type = x->media_type,
		.manifests = { .items = x->manifests, .len = x->manifest_count },
		.annotations = x->annotations,
	};
	AUTO(auto_json_decref) json_t *doc = json_encode(&shape_type, &shape);
	AUTO(auto_free) char *text = NULL;
	size_t len;

	text = json_text(doc, &len);
	keep_raw(x, text, len, arena);
}

bool index_entry_is_image(const struct descriptor *d)
{
	enum media_kind kind = media_find(d->media_type)->kind;

	if (kind != MEDIA_MANIFEST && kind != MEDIA_INDEX)
		return false;
	/* BuildKit lists attestations beside the images they speak of, as platform unknown/unknown.
	 */
	if (str_eq(d->platform.os, "unknown"))
		return false;
	for (size_t i = 0; i < d->annotations.len; i++)
		if (str_eq(d->annotations.items[i].key, "vnd.docker.reference.type"))
			return false;
	return true;
}

const struct descriptor *index_select(const struct index *x, const struct platform *want)
{
	const struct descriptor *best = NULL, *unnamed = NULL;
	int best_rank = 0;
	size_t images = 0;

	for (size_t i = 0; i < x->manifest_count; i++) {
		const struct descriptor *d = &x->manifests[i];
		int rank;

		if (!index_entry_is_image(d))
			continue;
		images++;
		if (!d->platform.os[0]) {
			unnamed = d;
			continue;
		}
		rank = platform_rank(&d->platform, want);
		if (rank > best_rank) {
			best = d;
			best_rank = rank;
		}
	}
	/* An index around a single image need not say its platform. */
	return !best && images == 1 ? unnamed : best;
}
