// SPDX-License-Identifier: Apache-2.0
#include "runtime/matrix.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "image/platform.h"
#include "templates/render.h"
#include "templates/schema.h"

/* A matrix file to cells. */

struct pattern { /* of exclude; members that are NULL fit all. Of include: of one cell */
	const char *backend, *python, *platform;
};

struct setting {
	const char *backend, *key, *value;
};

struct matrix_file {
	struct json_list backends, pythons, platforms; /* const char * */
	const char *name, *output;
	bool push;
	struct json_list exclude, include; /* struct pattern */
	struct json_list settings;         /* struct setting */
};

/* clang-format off */
static const struct json_field exclude_fields[] = {
	JSON_OPTIONAL(struct pattern, backend,  "backend",  &json_type_text),
	JSON_OPTIONAL(struct pattern, python,   "python",   &json_type_text),
	JSON_OPTIONAL(struct pattern, platform, "platform", &json_type_text),
	{ 0 },
};
static const struct json_type exclude_type = JSON_OBJECT(struct pattern, exclude_fields);
static const struct json_type excludes_type = JSON_LIST(&exclude_type);

static const struct json_field include_fields[] = {
	JSON_REQUIRED(struct pattern, backend,  "backend",  &json_type_text),
	JSON_OPTIONAL(struct pattern, python,   "python",   &json_type_text),
	JSON_OPTIONAL(struct pattern, platform, "platform", &json_type_text),
	{ 0 },
};
static const struct json_type include_type = JSON_OBJECT(struct pattern, include_fields);
static const struct json_type includes_type = JSON_LIST(&include_type);

static const struct json_field setting_fields[] = {
	JSON_REQUIRED(struct setting, backend, "backend", &json_type_text),
	JSON_REQUIRED(struct setting, key,     "key",     &json_type_text),
	JSON_REQUIRED(struct setting, value,   "value",   &json_type_text),
	{ 0 },
};
static const struct json_type setting_type = JSON_OBJECT(struct setting, setting_fields);
static const struct json_type settings_type = JSON_LIST(&setting_type);

static const struct json_field file_fields[] = {
	JSON_OPTIONAL(struct matrix_file, backends,  "backends",  &json_type_text_list),
	JSON_OPTIONAL(struct matrix_file, pythons,   "pythons",   &json_type_text_list),
	JSON_OPTIONAL(struct matrix_file, platforms, "platforms", &json_type_text_list),
	JSON_OPTIONAL(struct matrix_file, name,      "name",      &json_type_text),
	JSON_OPTIONAL(struct matrix_file, output,    "output",    &json_type_text),
	JSON_OPTIONAL(struct matrix_file, push,      "push",      &json_type_bool),
	JSON_OPTIONAL(struct matrix_file, exclude,   "exclude",   &excludes_type),
	JSON_OPTIONAL(struct matrix_file, include,   "include",   &includes_type),
	JSON_OPTIONAL(struct matrix_file, settings,  "settings",  &settings_type),
	{ 0 },
};
/* clang-format on */
static const struct json_type file_type = JSON_OBJECT(struct matrix_file, file_fields);

void matrix_free(struct matrix *m)
{
	for (size_t i = 0; i < m->len; i++) {
		free(m->items[i].name);
		free(m->items[i].output);
		free(m->items[i].skipped);
		str_list_free(&m->items[i].settings);
	}
	free(m->items);
	json_decref(m->doc);
	arena_free(&m->arena);
	*m = (struct matrix){ 0 };
}

struct reading {
	struct matrix *out;
	const struct backend_table *table;
	struct schema schema;
	struct matrix_file file;
};

/* What is wrong with an item of a top-level list. */
static bool item_at(struct reading *r, const char *list, size_t i, struct err *err)
{
	const struct yaml_step path[] = { { .key = list }, { .index = i } };

	return yaml_err_at(err, r->schema.text, r->schema.len, r->schema.file, path,
			   ARRAY_LEN(path), false);
}

/* --- names --- */

static char *replaced(const char *text, char from, char to)
{
	char *copy = mem_strdup(text);

	for (char *c = copy; *c; c++)
		if (*c == from)
			*c = to;
	return copy;
}

static void cell_values(struct map *out, const struct matrix_cell *c)
{
	AUTO(auto_free) char *backend = replaced(c->backend->name, ':', '-');
	AUTO(auto_free) char *platform = replaced(c->platform, '/', '-');
	AUTO(auto_free) char *flat = mem_strdup(c->python);
	AUTO(auto_free) char *os = mem_strndup(c->platform, strcspn(c->platform, "/"));
	const char *dot = strchr(c->python, '.'), *arch = strchr(c->platform, '/');

	if (dot)
		memmove(flat + (dot - c->python), dot + 1, strlen(dot));
	map_put_text(out, "backend", backend);
	map_put_text(out, "python", c->python);
	map_put_text(out, "python_flat", flat);
	map_put_text(out, "platform", platform);
	map_put_text(out, "os", os);
	map_put_text(out, "arch", arch ? arch + 1 : "");
}

static bool fill(char **out, const struct matrix_cell *c, const char *what, const char *text,
		 struct err *err)
{
	AUTO(map_free) struct map values = MAP_TEXT;
	AUTO(buf_free) struct buf filled = BUF_INIT(LIMIT_TEMPLATE);

	cell_values(&values, c);
	if (!render_text(&filled, what, text, strlen(text), &values, err)) {
		err->at = (struct err_place){ 0 }; /* in the text; the file's is the member's */
		return false;
	}
	*out = buf_steal(&filled);
	return true;
}

static bool name_cell(struct reading *r, struct matrix_cell *c, struct err *err)
{
	const char *output =
		r->file.output ? r->file.output : "{{backend}}-py{{python_flat}}-{{arch}}";
	bool is_zip = !backend_is_image(c->backend),
	     is_image = str_eq(c->backend->artifact, "image");

	if (!is_zip && r->file.name && !fill(&c->name, c, "name", r->file.name, err))
		return schema_at(&r->schema, "name", err);
	if (!is_image && !fill(&c->output, c, "output", output, err))
		return schema_at(&r->schema, "output", err);
	if (is_zip && !str_has_suffix(c->output, ".zip")) {
		char *with = mem_printf("%s.zip", c->output);

		free(c->output);
		c->output = with;
	}
	return true;
}

/* --- cells --- */

static bool has_text(const struct json_list *l, const char *text)
{
	const char *const *items = l->items;

	for (size_t i = 0; i < l->len; i++)
		if (str_eq(items[i], text))
			return true;
	return false;
}

static bool is_excluded(const struct reading *r, const struct matrix_cell *c)
{
	const struct pattern *p = r->file.exclude.items;

	for (size_t i = 0; i < r->file.exclude.len; i++)
		if ((!p[i].backend || str_eq(p[i].backend, c->backend->name)) &&
		    (!p[i].python || str_eq(p[i].python, c->python)) &&
		    (!p[i].platform || str_eq(p[i].platform, c->platform)))
			return true;
	return false;
}

static bool is_known(const struct matrix *m, const struct matrix_cell *c)
{
	for (size_t i = 0; i < m->len; i++)
		if (m->items[i].backend == c->backend && str_eq(m->items[i].python, c->python) &&
		    str_eq(m->items[i].platform, c->platform))
			return true;
	return false;
}

static bool fits(const struct matrix_cell *c, struct err *err)
{
	const char *python;

	return backend_python(&python, c->backend, c->python, err) &&
	       backend_check_platform(c->backend, c->platform, err);
}

/* Of a backend with defaults in the place of what is NULL. */
static struct matrix_cell cell_of(const struct backend *b, const char *python, const char *platform)
{
	const char *const *platforms = b->platforms.items;

	return (struct matrix_cell){ .backend = b,
				     .python = python ? python : b->default_python,
				     .platform = platform ? platform : platforms[0] };
}

static bool find_backend(const struct backend **out, const struct reading *r, const char *name,
			 struct err *err)
{
	return backend_find(out, r->table, name, err) && backend_check_built(*out, err);
}

static bool add_product(struct reading *r, const struct backend *b, struct err *err)
{
	const char *const *pythons = r->file.pythons.items;
	const char *const *platforms = r->file.platforms.items;
	size_t python_count = r->file.pythons.len ? r->file.pythons.len : 1;
	size_t platform_count = r->file.platforms.len ? r->file.platforms.len : 1;

	for (size_t i = 0; i < python_count; i++)
		for (size_t k = 0; k < platform_count; k++) {
			struct matrix_cell c = cell_of(b, r->file.pythons.len ? pythons[i] : NULL,
						       r->file.platforms.len ? platforms[k] : NULL);
			struct err why = { 0 };

			if (is_excluded(r, &c) || is_known(r->out, &c))
				continue;
			if (!fits(&c, &why))
				c.skipped = mem_strdup(why.msg);
			*ARRAY_PUSH(r->out) = c;
			if (!name_cell(r, &r->out->items[r->out->len - 1], err))
				return false;
		}
	return true;
}

static bool add_products(struct reading *r, struct err *err)
{
	const char *const *names = r->file.backends.items;

	for (size_t i = 0; i < r->file.backends.len; i++) {
		const struct backend *b;

		if (!find_backend(&b, r, names[i], err))
			return item_at(r, "backends", i, err);
		if (!add_product(r, b, err))
			return false;
	}
	return true;
}

static bool add_includes(struct reading *r, struct err *err)
{
	const struct pattern *p = r->file.include.items;

	for (size_t i = 0; i < r->file.include.len; i++) {
		const struct backend *b;
		struct matrix_cell c;

		if (!find_backend(&b, r, p[i].backend, err))
			return item_at(r, "include", i, err);
		c = cell_of(b, p[i].python, p[i].platform);
		if (!fits(&c, err))
			return item_at(r, "include", i, err);
		if (is_known(r->out, &c))
			continue;
		*ARRAY_PUSH(r->out) = c;
		if (!name_cell(r, &r->out->items[r->out->len - 1], err))
			return false;
	}
	return true;
}

/* --- the whole --- */

/* One that is for no cell would be a typing error. */
static bool add_settings(struct reading *r, struct err *err)
{
	const struct setting *all = r->file.settings.items;

	for (size_t i = 0; i < r->file.settings.len; i++) {
		bool used = false;

		for (size_t k = 0; k < r->out->len; k++) {
			struct matrix_cell *c = &r->out->items[k];

			if (!str_eq(c->backend->name, all[i].backend))
				continue;
			str_list_push_take(&c->settings,
					   mem_printf("%s=%s", all[i].key, all[i].value));
			used = true;
		}
		if (used)
			continue;
		err_set(err, E_INPUT, "no runtime is of %s", all[i].backend);
		return item_at(r, "settings", i, err);
	}
	return true;
}

/* A word no backend of the table has is a typing error, not a hole in the product. */
static bool known_words(struct reading *r, const char *list, const struct json_list *words,
			size_t offset, struct err *err)
{
	const char *const *items = words->items;

	for (size_t i = 0; i < words->len; i++) {
		bool known = false;

		for (size_t k = 0; k < r->table->len && !known; k++) {
			const struct backend *b = &r->table->items[k];

			known = has_text((const struct json_list *)((const char *)b + offset),
					 items[i]) ||
				(offset == offsetof(struct backend, pythons) &&
				 has_text(&b->old_pythons, items[i]));
		}
		if (known)
			continue;
		err_set(err, E_INPUT, "no backend has '%s'", items[i]);
		return item_at(r, list, i, err);
	}
	return true;
}

/* Of names two cells have, the second would replace the first. */
static bool distinct(struct reading *r, struct err *err)
{
	AUTO(map_free) struct map seen = { 0 };

	for (size_t i = 0; i < r->out->len; i++) {
		const struct matrix_cell *c = &r->out->items[i];
		const char *words[] = { c->name, c->output };

		for (size_t k = 0; k < ARRAY_LEN(words) && !c->skipped; k++) {
			if (!words[k])
				continue;
			if (map_has(&seen, words[k])) {
				err_set(err, E_INPUT, "two runtimes would be '%s'", words[k]);
				err_hint(err,
					 "{{backend}}, {{python_flat}}, {{arch}} tell them apart");
				return schema_at(&r->schema, k ? "output" : "name", err);
			}
			map_put(&seen, words[k], r);
		}
		if (c->name || c->skipped || !backend_is_image(c->backend))
			continue;
		for (size_t k = 0; k < i; k++)
			if (r->out->items[k].backend == c->backend && !r->out->items[k].skipped) {
				err_set(err, E_INPUT, "%s is built more than once, under one name",
					c->backend->name);
				return err_hint(err,
						"name: with {{python_flat}} or {{arch}} in it");
			}
	}
	return true;
}

bool matrix_read(struct matrix *out, const struct backend_table *t, const char *text, size_t len,
		 const char *file, struct err *err)
{
	struct reading r = { .out = out,
			     .table = t,
			     .schema = { .file = file, .text = text, .len = len } };

	if (!yaml_parse(&out->doc, text, len, file, err) ||
	    !schema_check(&r.schema, &file_type, out->doc, err) ||
	    !json_decode(&file_type, &r.file, out->doc, &out->arena, err))
		return false;
	out->push = r.file.push;
	if (!known_words(&r, "pythons", &r.file.pythons, offsetof(struct backend, pythons), err) ||
	    !known_words(&r, "platforms", &r.file.platforms, offsetof(struct backend, platforms),
			 err) ||
	    !add_products(&r, err) || !add_includes(&r, err))
		return false;
	if (!out->len)
		return err_set(err, E_INPUT, "%s: no runtime is left to build", file);
	return add_settings(&r, err) && distinct(&r, err);
}
