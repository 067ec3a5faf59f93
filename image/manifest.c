// SPDX-License-Identifier: Apache-2.0
#include "image/manifest.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/document.h"

/* Manifests of one image: reading as they are, and writing new ones. Indexes are index.c's. */

/* The document's own shape, members in the order of the spec's Go types. */
struct shape {
	int64_t version;
	const char *media_type;
	const char *artifact_type;
	struct descriptor config;
	struct json_list layers;
	const struct descriptor *subject;
	struct json_pairs annotations;
};

static bool decode_subject(const struct json_type *type, void *value, json_t *json,
			   struct arena *arena, struct err *err)
{
	struct descriptor *subject = ARENA_NEW(arena, struct descriptor);

	(void)type;
	*(const struct descriptor **)value = subject;
	return json_decode(&descriptor_type, subject, json, arena, err);
}

static json_t *encode_subject(const struct json_type *type, const void *value)
{
	const struct descriptor *subject = *(const struct descriptor *const *)value;

	(void)type;
	return subject ? json_encode(&descriptor_type, subject) : NULL;
}

static const struct json_type subject_type = { .size = sizeof(struct descriptor *),
					       .decode = decode_subject,
					       .encode = encode_subject };
static const struct json_type layers_type = JSON_LIST(&descriptor_type);

/* clang-format off */
static const struct json_field fields[] = {
	JSON_REQUIRED(struct shape, version,       "schemaVersion", &json_type_int),
	JSON_OPTIONAL(struct shape, media_type,    "mediaType",     &media_text_type),
	JSON_OPTIONAL(struct shape, artifact_type, "artifactType",  &json_type_text),
	JSON_REQUIRED(struct shape, config,        "config",        &descriptor_type),
	JSON_REQUIRED(struct shape, layers,        "layers",        &layers_type),
	JSON_OPTIONAL(struct shape, subject,       "subject",       &subject_type),
	JSON_OPTIONAL(struct shape, annotations,   "annotations",   &json_type_pairs),
	{ 0 },
};
/* clang-format on */

static const struct json_type shape_type = JSON_OBJECT(struct shape, fields);

bool manifest_sniff(enum media_kind *out, const char *raw, size_t len, const char *content_type,
		    struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;

	return document_parse(&doc, raw, len, LIMIT_MANIFEST, "manifest", err) &&
	       (document_kind(out, NULL, doc, content_type, err) ||
		document_refuse(err, "manifest"));
}

/* Keep the document's bytes in the arena: the digest belongs to them. */
static void keep_raw(struct manifest *m, const char *raw, size_t len, struct arena *arena)
{
	m->raw = arena_slice(arena, (struct slice){ raw, len });
	m->raw_len = len;
	m->digest = digest_of(raw, len);
}

static bool read_shape(struct manifest *out, json_t *doc, const char *content_type,
		       struct arena *arena, struct err *err)
{
	struct shape shape = { 0 };
	enum media_kind kind;

	if (!document_kind(&kind, &out->media_type, doc, content_type, err))
		return false;
	if (kind != MEDIA_MANIFEST)
		return err_set(err, E_INTEGRITY, "an index where a manifest was expected");
	if (!document_list_fits(doc, "layers", LIMIT_LAYERS, err) ||
	    !json_decode(&shape_type, &shape, doc, arena, err))
		return false;
	out->artifact_type = shape.artifact_type;
	out->config = shape.config;
	out->layers = shape.layers.items;
	out->layer_count = shape.layers.len;
	out->annotations = shape.annotations;
	out->subject = shape.subject;
	return true;
}

bool manifest_parse(struct manifest *out, const char *raw, size_t len, const char *content_type,
		    struct arena *arena, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;

	*out = (struct manifest){ 0 };
	if (!document_parse(&doc, raw, len, LIMIT_MANIFEST, "manifest", err))
		return false;
	if (!read_shape(out, doc, content_type, arena, err))
		return document_refuse(err, "manifest");
	keep_raw(out, raw, len, arena);
	return true;
}

void manifest_encode_on(struct manifest *m, const json_t *base_layers, struct arena *arena)
{
	const struct shape shape = {
		.version = 2,
		.media_type = m->media_type,
		.artifact_type = m->artifact_type,
		.config = m->config,
		.layers = { .items = m->layers, .len = m->layer_count },
		.subject = m->subject,
		.annotations = m->annotations,
	};
	AUTO(auto_json_decref) json_t *doc = json_encode(&shape_type, &shape);
	json_t *layers = json_object_get(doc, "layers"), *layer;
	AUTO(auto_free) char *text = NULL;
	size_t i, len;

	json_array_foreach(base_layers, i, layer) json_array_set(layers, i, layer);
	text = json_text(doc, &len);
	keep_raw(m, text, len, arena);
}

void manifest_encode(struct manifest *m, struct arena *arena)
{
	manifest_encode_on(m, NULL, arena);
}
