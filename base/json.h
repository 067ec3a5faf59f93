// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_JSON_H
#define BASE_JSON_H

#include <jansson.h> /* the only include of it */
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/*
 * JSON (RFC 8259), strictly: duplicate keys, trailing data, depth beyond
 * LIMIT_JSON_DEPTH and NUL in strings are E_INPUT. `what` names the document in messages.
 */
MUST_CHECK bool json_parse(json_t **out, const char *data, size_t len, const char *what,
			   struct err *err);
/* Compact bytes in the members' own order; the caller frees. */
char *json_text(const json_t *doc, size_t *len_out);
/* Indented by two, with a final newline: for people. */
char *json_text_pretty(const json_t *doc, size_t *len_out);
DEFINE_AUTO(json_t, json_decref)

/* The texts of a list, in order, as an array of its own. */
json_t *json_texts(const struct str_list *list);

/* For documents patched in place: NULL when absent or of another type. Borrowed. */
const char *json_text_member(const json_t *object, const char *key);
/* object[key] as an object, made when absent; E_INPUT when it is something else. */
MUST_CHECK bool json_ensure_object(json_t **out, json_t *object, const char *key, struct err *err);

/*
 * Shape tables: one table describes a struct, for reading and writing.
 *
 *	static const struct json_field descriptor_fields[] = {
 *		JSON_REQUIRED(struct descriptor, media_type, "mediaType", &json_type_text),
 *		JSON_OPTIONAL(struct descriptor, size,       "size",      &json_type_int),
 *		{ 0 },
 *	};
 *	const struct json_type descriptor_type = JSON_OBJECT(struct descriptor, descriptor_fields);
 *
 * Members of these C types go with the built-in types: `const char *` text,
 * `int64_t` int, `bool` bool, `struct json_list` lists, `struct json_pairs` maps of text,
 * `json_t *` any (borrowed from the document, which must outlive it).
 * Unknown members are ignored on reading (OCI requires it). A message names the path: "layers: [0]:
 *digest: ...".
 */
struct json_type {
	size_t size; /* of the C value */
	bool (*decode)(const struct json_type *type, void *value, json_t *json, struct arena *arena,
		       struct err *err);
	json_t *(*encode)(const struct json_type *type, const void *value); /* NULL: leave out */
	const struct json_field *fields;                                    /* objects */
	const struct json_type *element;                                    /* lists */
};

struct json_field {
	const char *name;
	const struct json_type *type;
	size_t offset;
	bool required;
};

#define JSON_REQUIRED(st, member, key, ty)                                                    \
	{                                                                                     \
		.name = (key), .type = (ty), .offset = offsetof(st, member), .required = true \
	}
#define JSON_OPTIONAL(st, member, key, ty)                                                     \
	{                                                                                      \
		.name = (key), .type = (ty), .offset = offsetof(st, member), .required = false \
	}

struct json_list {
	void *items; /* `len` elements of the list's element type, in the arena */
	size_t len;
};
struct json_pair {
	const char *key, *value;
};
struct json_pairs {
	struct json_pair *items;
	size_t len;
};

extern const struct json_type json_type_text;
extern const struct json_type json_type_int; /* 0 .. 2^63-1 */
extern const struct json_type json_type_bool;
extern const struct json_type json_type_pairs; /* object of strings, order kept; null is empty */
extern const struct json_type json_type_any;

bool json_decode_object(const struct json_type *type, void *value, json_t *json,
			struct arena *arena, struct err *err);
json_t *json_encode_object(const struct json_type *type, const void *value);
bool json_decode_list(const struct json_type *type, void *value, json_t *json, struct arena *arena,
		      struct err *err);
json_t *json_encode_list(const struct json_type *type, const void *value);

#define JSON_OBJECT(st, table)                                                                  \
	{                                                                                       \
		.size = sizeof(st), .decode = json_decode_object, .encode = json_encode_object, \
		.fields = (table)                                                               \
	}
#define JSON_LIST(elem)                                                       \
	{                                                                     \
		.size = sizeof(struct json_list), .decode = json_decode_list, \
		.encode = json_encode_list, .element = (elem)                 \
	}
/* Lists of text: items is `const char **`. */
extern const struct json_type json_type_text_list;

/* Text is copied into the arena. */
MUST_CHECK bool json_decode(const struct json_type *type, void *value, json_t *json,
			    struct arena *arena, struct err *err);
json_t *json_encode(const struct json_type *type, const void *value);

/* Two-space YAML (base/yaml.c, libyaml) as a JSON value: one document, core schema scalars (digits
 * behind a 0 stay text), no anchors, no tags, duplicate keys refused; errors carry file:line:col.
 */
MUST_CHECK bool yaml_parse(json_t **out, const char *data, size_t len, const char *file,
			   struct err *err);

/*
 * Where a value of such a document is, for what is found wrong with it later: the place goes into
 * `err`, which was set before. `path` leads there from the top; `of_key`: to the key of the last
 * step instead of the value. A path that is not there gives the nearest place above it. Returns
 * false.
 */
struct yaml_step {
	const char *key; /* of a map; NULL: an item of a list */
	size_t index;
};
bool yaml_err_at(struct err *err, const char *data, size_t len, const char *file,
		 const struct yaml_step *path, size_t depth, bool of_key);

#endif
