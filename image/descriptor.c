// SPDX-License-Identifier: Apache-2.0
#include "image/descriptor.h"

#include "base/limits.h"

/* The shape of a descriptor (descriptor.md), members in the order of the spec's own Go types. */

bool descriptor_is_foreign(const struct descriptor *d)
{
	return d->urls.len && media_find(d->media_type)->foreign;
}

static bool decode_media_type(const struct json_type *type, void *value, json_t *json,
			      struct arena *arena, struct err *err)
{
	if (!json_type_text.decode(type, value, json, arena, err))
		return false;
	if (!media_is_well_formed(*(const char **)value))
		return err_set(err, E_INPUT, "'%s' is not a media type (RFC 6838)",
			       *(const char **)value);
	return true;
}

static json_t *encode_media_type(const struct json_type *type, const void *value)
{
	return json_type_text.encode(type, value);
}

static bool decode_size(const struct json_type *type, void *value, json_t *json,
			struct arena *arena, struct err *err)
{
	if (!json_type_int.decode(type, value, json, arena, err))
		return false;
	if (*(int64_t *)value > LIMIT_BLOB)
		return err_set(err, E_INPUT, "%lld bytes is above LIMIT_BLOB, %lld",
			       (long long)*(int64_t *)value, (long long)LIMIT_BLOB);
	return true;
}

static json_t *encode_size(const struct json_type *type, const void *value)
{
	return json_type_int.encode(type, value);
}

const struct json_type media_text_type = { .size = sizeof(const char *),
					   .decode = decode_media_type,
					   .encode = encode_media_type };
static const struct json_type size_type = { .size = sizeof(int64_t),
					    .decode = decode_size,
					    .encode = encode_size };

/* Left out when there are none: an empty list would be other bytes. */
static json_t *encode_urls(const struct json_type *type, const void *value)
{
	const struct json_list *urls = value;

	return urls->len ? json_encode_list(type, urls) : NULL;
}

static const struct json_type urls_type = { .size = sizeof(struct json_list),
					    .decode = json_decode_list,
					    .encode = encode_urls,
					    .element = &json_type_text };

/* clang-format off */
static const struct json_field fields[] = {
	JSON_REQUIRED(struct descriptor, media_type,    "mediaType",    &media_text_type),
	JSON_REQUIRED(struct descriptor, digest,        "digest",       &digest_type),
	JSON_REQUIRED(struct descriptor, size,          "size",         &size_type),
	JSON_OPTIONAL(struct descriptor, urls,          "urls",         &urls_type),
	JSON_OPTIONAL(struct descriptor, annotations,   "annotations",  &json_type_pairs),
	JSON_OPTIONAL(struct descriptor, platform,      "platform",     &platform_type),
	JSON_OPTIONAL(struct descriptor, artifact_type, "artifactType", &json_type_text),
	{ 0 },
};
/* clang-format on */

const struct json_type descriptor_type = JSON_OBJECT(struct descriptor, fields);
