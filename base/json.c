// SPDX-License-Identifier: Apache-2.0
#include "base/json.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* Strict JSON text, and the engine behind shape tables (jansson underneath). */

/* jansson's own depth limit is fixed when it is built (2048); ours is by counting brackets outside
 * strings. */
static bool depth_is_fine(const char *data, size_t len)
{
	int depth = 0;
	bool in_string = false;

	for (size_t i = 0; i < len; i++) {
		char c = data[i];

		if (in_string) {
			if (c == '\\')
				i++;
			else if (c == '"')
				in_string = false;
		} else if (c == '"') {
			in_string = true;
		} else if (c == '{' || c == '[') {
			if (++depth > LIMIT_JSON_DEPTH)
				return false;
		} else if (c == '}' || c == ']') {
			depth--;
		}
	}
	return true;
}

/* The line that holds byte `position`, for the caret. */
static void place(struct err *err, const char *what, const char *data, size_t len,
		  const json_error_t *at)
{
	size_t position = at->position > 0 ? (size_t)at->position : 0;
	size_t start, end;

	if (at->line < 1)
		return;
	position = position < len ? position : len;
	start = end = position;
	while (start && data[start - 1] != '\n')
		start--;
	while (end < len && data[end] != '\n')
		end++;
	err_at(err, what, at->line, at->column > 0 ? at->column : 1, data + start, end - start);
}

bool json_parse(json_t **out, const char *data, size_t len, const char *what, struct err *err)
{
	json_error_t at = { 0 };

	if (!depth_is_fine(data, len))
		return err_set(err, E_INPUT, "%s: JSON nested deeper than %d", what,
			       LIMIT_JSON_DEPTH);
	*out = json_loadb(data, len, JSON_REJECT_DUPLICATES, &at);
	if (*out)
		return true;
	err_set(err, E_INPUT, "%s: not valid JSON: %s", what, at.text);
	place(err, what, data, len, &at);
	return false;
}

static char *dump(const json_t *doc, size_t flags, size_t *len_out)
{
	char *text = json_dumps(doc, flags | JSON_ENCODE_ANY);

	if (!text)
		abort(); /* only memory, or a value of our own that is no JSON */
	if (len_out)
		*len_out = strlen(text);
	return text;
}

char *json_text(const json_t *doc, size_t *len_out)
{
	return dump(doc, JSON_COMPACT, len_out);
}

char *json_text_pretty(const json_t *doc, size_t *len_out)
{
	AUTO(auto_free) char *text = dump(doc, JSON_INDENT(2) | JSON_REAL_PRECISION(15), NULL);
	char *whole = mem_printf("%s\n", text);

	if (len_out)
		*len_out = strlen(whole);
	return whole;
}

json_t *json_texts(const struct str_list *list)
{
	json_t *out = json_array();

	for (size_t i = 0; i < list->len; i++)
		json_array_append_new(out, json_string(list->items[i]));
	return out;
}

const char *json_text_member(const json_t *object, const char *key)
{
	return json_string_value(json_object_get(object, key));
}

bool json_ensure_object(json_t **out, json_t *object, const char *key, struct err *err)
{
	json_t *member = json_object_get(object, key);

	if (!member || json_is_null(member)) {
		member = json_object();
		json_object_set_new(object, key, member);
	}
	if (!json_is_object(member))
		return err_set(err, E_INPUT, "'%s' is not an object", key);
	*out = member;
	return true;
}

static bool wrong_type(struct err *err, const char *want, const json_t *json)
{
	static const char *const names[] = {
		[JSON_OBJECT] = "an object", [JSON_ARRAY] = "a list",    [JSON_STRING] = "text",
		[JSON_INTEGER] = "a number", [JSON_REAL] = "a fraction", [JSON_TRUE] = "true",
		[JSON_FALSE] = "false",      [JSON_NULL] = "null",
	};

	return err_set(err, E_INPUT, "%s expected, not %s", want, names[json_typeof(json)]);
}

static bool decode_text(const struct json_type *type, void *value, json_t *json,
			struct arena *arena, struct err *err)
{
	(void)type;
	if (!json_is_string(json))
		return wrong_type(err, "text", json);
	*(const char **)value = arena_strdup(arena, json_string_value(json));
	return true;
}

static json_t *encode_text(const struct json_type *type, const void *value)
{
	const char *text = *(const char *const *)value;

	(void)type;
	return text ? json_string(text) : NULL;
}

static bool decode_int(const struct json_type *type, void *value, json_t *json, struct arena *arena,
		       struct err *err)
{
	(void)type;
	(void)arena;
	if (!json_is_integer(json))
		return wrong_type(err, "a whole number", json);
	if (json_integer_value(json) < 0)
		return err_set(err, E_INPUT, "%lld is negative",
			       (long long)json_integer_value(json));
	*(int64_t *)value = json_integer_value(json);
	return true;
}

static json_t *encode_int(const struct json_type *type, const void *value)
{
	(void)type;
	return json_integer(*(const int64_t *)value);
}

static bool decode_bool(const struct json_type *type, void *value, json_t *json,
			struct arena *arena, struct err *err)
{
	(void)type;
	(void)arena;
	if (!json_is_boolean(json))
		return wrong_type(err, "true or false", json);
	*(bool *)value = json_is_true(json);
	return true;
}

static json_t *encode_bool(const struct json_type *type, const void *value)
{
	(void)type;
	return json_boolean(*(const bool *)value);
}

static bool decode_pairs(const struct json_type *type, void *value, json_t *json,
			 struct arena *arena, struct err *err)
{
	struct json_pairs *pairs = value;
	const char *key;
	json_t *item;

	(void)type;
	*pairs = (struct json_pairs){ 0 };
	if (json_is_null(json))
		return true;
	if (!json_is_object(json))
		return wrong_type(err, "an object", json);
	pairs->items = ARENA_ARRAY(arena, struct json_pair, json_object_size(json));
	json_object_foreach(json, key, item)
	{
		if (!json_is_string(item)) {
			wrong_type(err, "text", item);
			return err_wrap(err, "%s", key);
		}
		pairs->items[pairs->len++] = (struct json_pair){
			.key = arena_strdup(arena, key),
			.value = arena_strdup(arena, json_string_value(item)),
		};
	}
	return true;
}

static json_t *encode_pairs(const struct json_type *type, const void *value)
{
	const struct json_pairs *pairs = value;
	json_t *object;

	(void)type;
	if (!pairs->len)
		return NULL;
	object = json_object();
	for (size_t i = 0; i < pairs->len; i++)
		json_object_set_new(object, pairs->items[i].key,
				    json_string(pairs->items[i].value));
	return object;
}

static bool decode_any(const struct json_type *type, void *value, json_t *json, struct arena *arena,
		       struct err *err)
{
	(void)type;
	(void)arena;
	(void)err;
	*(json_t **)value = json;
	return true;
}

static json_t *encode_any(const struct json_type *type, const void *value)
{
	(void)type;
	return json_incref(*(json_t *const *)value);
}

const struct json_type json_type_text = { .size = sizeof(const char *),
					  .decode = decode_text,
					  .encode = encode_text };
const struct json_type json_type_int = { .size = sizeof(int64_t),
					 .decode = decode_int,
					 .encode = encode_int };
const struct json_type json_type_bool = { .size = sizeof(bool),
					  .decode = decode_bool,
					  .encode = encode_bool };
const struct json_type json_type_pairs = { .size = sizeof(struct json_pairs),
					   .decode = decode_pairs,
					   .encode = encode_pairs };
const struct json_type json_type_any = { .size = sizeof(json_t *),
					 .decode = decode_any,
					 .encode = encode_any };
const struct json_type json_type_text_list = JSON_LIST(&json_type_text);

bool json_decode_object(const struct json_type *type, void *value, json_t *json,
			struct arena *arena, struct err *err)
{
	if (!json_is_object(json))
		return wrong_type(err, "an object", json);
	for (const struct json_field *f = type->fields; f->name; f++) {
		json_t *member = json_object_get(json, f->name);

		if (!member && f->required)
			return err_set(err, E_INPUT, "'%s' is missing", f->name);
		/* Go writers put null where a list or object is empty. */
		if (!member || (json_is_null(member) && !f->required))
			continue;
		if (!f->type->decode(f->type, (char *)value + f->offset, member, arena, err))
			return err_wrap(err, "%s", f->name);
	}
	return true;
}

json_t *json_encode_object(const struct json_type *type, const void *value)
{
	json_t *object = json_object();

	for (const struct json_field *f = type->fields; f->name; f++) {
		json_t *member = f->type->encode(f->type, (const char *)value + f->offset);

		if (member)
			json_object_set_new(object, f->name, member);
	}
	return object;
}

bool json_decode_list(const struct json_type *type, void *value, json_t *json, struct arena *arena,
		      struct err *err)
{
	const struct json_type *element = type->element;
	struct json_list *list = value;

	*list = (struct json_list){ 0 };
	if (json_is_null(json))
		return true;
	if (!json_is_array(json))
		return wrong_type(err, "a list", json);
	list->len = json_array_size(json);
	list->items = arena_alloc(arena, list->len * element->size);
	for (size_t i = 0; i < list->len; i++)
		if (!element->decode(element, (char *)list->items + i * element->size,
				     json_array_get(json, i), arena, err))
			return err_wrap(err, "[%zu]", i);
	return true;
}

json_t *json_encode_list(const struct json_type *type, const void *value)
{
	const struct json_type *element = type->element;
	const struct json_list *list = value;
	json_t *array = json_array();

	for (size_t i = 0; i < list->len; i++)
		json_array_append_new(array, element->encode(element, (const char *)list->items +
									      i * element->size));
	return array;
}

bool json_decode(const struct json_type *type, void *value, json_t *json, struct arena *arena,
		 struct err *err)
{
	return type->decode(type, value, json, arena, err);
}

json_t *json_encode(const struct json_type *type, const void *value)
{
	return type->encode(type, value);
}
