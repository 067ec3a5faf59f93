// SPDX-License-Identifier: Apache-2.0
#include "templates/schema.h"

#include <assert.h>
#include <string.h>

#include "base/mem.h"

/* Shape tables, read strictly: what base/json.c ignores on purpose is a typing error here. */

static bool place(const struct schema *s, bool of_key, struct err *err)
{
	return yaml_err_at(err, s->text, s->len, s->file, s->path, s->depth, of_key);
}

bool schema_at(struct schema *s, const char *member, struct err *err)
{
	s->path[0] = (struct yaml_step){ .key = member };
	s->depth = 1;
	return place(s, true, err);
}

static bool check(struct schema *s, const struct json_type *type, json_t *json, struct err *err);

static bool check_below(struct schema *s, struct yaml_step step, const struct json_type *type,
			json_t *json, struct err *err)
{
	assert(s->depth < ARRAY_LEN(s->path));
	s->path[s->depth++] = step;
	if (!check(s, type, json, err))
		return false;
	s->depth--;
	return true;
}

static bool unknown(struct schema *s, const struct json_type *type, const char *key,
		    struct err *err)
{
	const char *names[64];
	const char *near;
	size_t count = 0;

	for (const struct json_field *f = type->fields; f->name && count < ARRAY_LEN(names); f++)
		names[count++] = f->name;
	near = str_nearest(key, names, count);
	err_set(err, E_INPUT, "there is no member '%s'", key);
	if (near)
		err_hint(err, "did you mean %s?", near);
	s->path[s->depth++] = (struct yaml_step){ .key = key };
	return place(s, true, err);
}

static bool check_object(struct schema *s, const struct json_type *type, json_t *json,
			 struct err *err)
{
	const char *key;
	json_t *member;

	json_object_foreach(json, key, member)
	{
		const struct json_field *f = type->fields;

		while (f->name && !str_eq(f->name, key))
			f++;
		if (!f->name)
			return unknown(s, type, key, err);
		if (!check_below(s, (struct yaml_step){ .key = key }, f->type, member, err))
			return false;
	}
	for (const struct json_field *f = type->fields; f->name; f++)
		if (f->required && !json_object_get(json, f->name)) {
			err_set(err, E_INPUT, "'%s' is missing", f->name);
			return place(s, false, err);
		}
	return true;
}

static bool check_list(struct schema *s, const struct json_type *type, json_t *json,
		       struct err *err)
{
	json_t *item;
	size_t i;

	json_array_foreach(json, i, item) if (!check_below(s, (struct yaml_step){ .index = i },
							   type->element, item, err)) return false;
	return true;
}

/* Whether it can be read at all, the value itself thrown away. */
static bool check_leaf(struct schema *s, const struct json_type *type, json_t *json,
		       struct err *err)
{
	AUTO(arena_free) struct arena scratch = { 0 };

	return type->decode(type, arena_alloc(&scratch, type->size), json, &scratch, err) ||
	       place(s, false, err);
}

static bool check(struct schema *s, const struct json_type *type, json_t *json, struct err *err)
{
	if (type->fields && json_is_object(json))
		return check_object(s, type, json, err);
	if (type->element && json_is_array(json))
		return check_list(s, type, json, err);
	if (json_is_null(json)) {
		err_set(err, E_INPUT, "the value is missing");
		return place(s, true, err);
	}
	return check_leaf(s, type, json, err);
}

bool schema_check(struct schema *s, const struct json_type *type, json_t *doc, struct err *err)
{
	return check(s, type, doc, err);
}
