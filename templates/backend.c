// SPDX-License-Identifier: Apache-2.0
#include "templates/backend.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "templates/embedded.h"

/* The backend table: data files to structs. What is made of them is runtime/'s business. */

/* clang-format off */
static const struct json_field layout_fields[] = {
	JSON_REQUIRED(struct backend_layout, site,        "site",        &json_type_text),
	JSON_OPTIONAL(struct backend_layout, scripts,     "scripts",     &json_type_text),
	JSON_OPTIONAL(struct backend_layout, data,        "data",        &json_type_text),
	JSON_REQUIRED(struct backend_layout, interpreter, "interpreter", &json_type_text),
	{ 0 },
};
static const struct json_type layout_type = JSON_OBJECT(struct backend_layout, layout_fields);

static const struct json_field handler_fields[] = {
	JSON_REQUIRED(struct backend_handler, entry, "entry", &json_type_text),
	JSON_REQUIRED(struct backend_handler, as,    "as",    &json_type_text),
	JSON_OPTIONAL(struct backend_handler, site,  "site",  &json_type_text),
	JSON_OPTIONAL(struct backend_handler, files, "files", &json_type_text_list),
	{ 0 },
};
static const struct json_type handler_type = JSON_OBJECT(struct backend_handler, handler_fields);

static const struct json_field zip_file_fields[] = {
	JSON_REQUIRED(struct backend_zip_file, path, "path", &json_type_text),
	JSON_REQUIRED(struct backend_zip_file, from, "from", &json_type_text),
	{ 0 },
};
static const struct json_type zip_file_type = JSON_OBJECT(struct backend_zip_file, zip_file_fields);
static const struct json_type zip_files_type = JSON_LIST(&zip_file_type);

static const struct json_field zip_setting_fields[] = {
	JSON_REQUIRED(struct backend_zip_setting, name,   "name",   &json_type_text),
	JSON_OPTIONAL(struct backend_zip_setting, values, "values", &json_type_text_list),
	{ 0 },
};
static const struct json_type zip_setting_type = JSON_OBJECT(struct backend_zip_setting, zip_setting_fields);
static const struct json_type zip_settings_type = JSON_LIST(&zip_setting_type);

static const struct json_field zip_fields[] = {
	JSON_REQUIRED(struct backend_zip, name,         "name",         &json_type_text),
	JSON_REQUIRED(struct backend_zip, installers,   "installers",   &json_type_text_list),
	JSON_OPTIONAL(struct backend_zip, requirements, "requirements", &json_type_text),
	JSON_OPTIONAL(struct backend_zip, settings,     "settings",     &zip_settings_type),
	JSON_OPTIONAL(struct backend_zip, files,        "files",        &zip_files_type),
	JSON_OPTIONAL(struct backend_zip, packed_max,   "packed_max",   &json_type_int),
	{ 0 },
};
static const struct json_type zip_type = JSON_OBJECT(struct backend_zip, zip_fields);

static const struct json_field backend_fields[] = {
	JSON_REQUIRED(struct backend, name,            "name",            &json_type_text),
	JSON_REQUIRED(struct backend, title,           "title",           &json_type_text),
	JSON_REQUIRED(struct backend, artifact,        "artifact",        &json_type_text),
	JSON_REQUIRED(struct backend, default_name,    "default_name",    &json_type_text),
	JSON_OPTIONAL(struct backend, base,            "base",            &json_type_text),
	JSON_REQUIRED(struct backend, pythons,         "pythons",         &json_type_text_list),
	JSON_REQUIRED(struct backend, default_python,  "default_python",  &json_type_text),
	JSON_REQUIRED(struct backend, platforms,       "platforms",       &json_type_text_list),
	JSON_OPTIONAL(struct backend, compressions,    "compressions",    &json_type_text_list),
	JSON_OPTIONAL(struct backend, single_manifest, "single_manifest", &json_type_bool),
	JSON_OPTIONAL(struct backend, unpacked_max,    "unpacked_max",    &json_type_int),
	JSON_OPTIONAL(struct backend, libc,            "libc",            &json_type_pairs),
	JSON_REQUIRED(struct backend, packages,        "packages",        &json_type_text_list),
	JSON_REQUIRED(struct backend, layout,          "layout",          &layout_type),
	JSON_OPTIONAL(struct backend, handler,         "handler",         &handler_type),
	JSON_OPTIONAL(struct backend, zip,             "zip",             &zip_type),
	{ 0 },
};
static const struct json_type backend_type = JSON_OBJECT(struct backend, backend_fields);
/* clang-format on */

static bool load_one(struct backend *out, const struct embedded_file *file, struct arena *arena,
		     struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	size_t directory_len = (size_t)(strchr(file->name, '/') - file->name);

	if (!yaml_parse(&doc, file->data, file->len, file->name, err) ||
	    !json_decode(&backend_type, out, doc, arena, err))
		return err_wrap(err, "templates/%s", file->name);
	out->directory = arena_slice(arena, (struct slice){ file->name, directory_len });
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct backend *)a)->name, ((const struct backend *)b)->name);
}

bool backend_table_load(struct backend_table *out, struct err *err)
{
	*out = (struct backend_table){ 0 };
	out->items = ARENA_ARRAY(&out->arena, struct backend, embedded_count);
	for (size_t i = 0; i < embedded_count; i++) {
		if (!str_has_suffix(embedded_files[i].name, "/backend.yaml"))
			continue;
		if (!load_one(&out->items[out->len++], &embedded_files[i], &out->arena, err)) {
			backend_table_free(out);
			return false;
		}
	}
	qsort(out->items, out->len, sizeof(*out->items), by_name);
	return true;
}

void backend_table_free(struct backend_table *t)
{
	arena_free(&t->arena);
	*t = (struct backend_table){ 0 };
}

/* "a, b, c" of `count` names. */
static char *join(const char *const *names, size_t count)
{
	AUTO(buf_free) struct buf text = BUF_INIT(4096);

	for (size_t i = 0; i < count; i++)
		buf_putf(&text, "%s%s", i ? ", " : "", names[i]);
	return buf_steal(&text);
}

bool backend_find(const struct backend **out, const struct backend_table *t, const char *name,
		  struct err *err)
{
	AUTO(auto_free) const char **names = mem_alloc((t->len + 1) * sizeof(*names));
	AUTO(auto_free) char *all = NULL;
	const char *near;

	for (size_t i = 0; i < t->len; i++) {
		names[i] = t->items[i].name;
		if (str_eq(t->items[i].name, name)) {
			*out = &t->items[i];
			return true;
		}
	}
	near = str_nearest(name, names, t->len);
	all = join(names, t->len);
	err_set(err, E_USAGE, "unknown backend '%s'", name);
	return near ? err_hint(err, "did you mean %s? Backends: %s", near, all)
		    : err_hint(err, "backends: %s", all);
}

static bool list_has(const struct json_list *list, const char *text)
{
	const char *const *items = list->items;

	for (size_t i = 0; i < list->len; i++)
		if (str_eq(items[i], text))
			return true;
	return false;
}

bool backend_python(const char **out, const struct backend *b, const char *python, struct err *err)
{
	AUTO(auto_free) char *all = NULL;

	*out = python ? python : b->default_python;
	if (list_has(&b->pythons, *out))
		return true;
	all = join(b->pythons.items, b->pythons.len);
	err_set(err, E_USAGE, "%s has no Python %s", b->name, *out);
	return err_hint(err, "it has %s", all);
}

bool backend_check_platform(const struct backend *b, const char *platform, struct err *err)
{
	AUTO(auto_free) char *all = NULL;

	if (list_has(&b->platforms, platform))
		return true;
	all = join(b->platforms.items, b->platforms.len);
	err_set(err, E_USAGE, "%s does not run on %s", b->name, platform);
	return err_hint(err, "it runs on %s", all);
}

const char *backend_libc(const struct backend *b, const char *python)
{
	for (size_t i = 0; i < b->libc.len; i++)
		if (str_eq(b->libc.items[i].key, python))
			return b->libc.items[i].value;
	return NULL;
}
