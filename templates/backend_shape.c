// SPDX-License-Identifier: Apache-2.0
#include "templates/backend_shape.h"

#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "image/platform.h"
#include "templates/naming_rule.h"
#include "templates/release.h"
#include "templates/schema.h"

/* backend.yaml to rows of the table. */

/* clang-format off */
static const struct json_field layout_fields[] = {
	JSON_REQUIRED(struct backend_layout, site,        "site",        &json_type_text),
	JSON_OPTIONAL(struct backend_layout, scripts,     "scripts",     &json_type_text),
	JSON_OPTIONAL(struct backend_layout, data,        "data",        &json_type_text),
	JSON_OPTIONAL(struct backend_layout, headers,     "headers",     &json_type_text),
	JSON_REQUIRED(struct backend_layout, interpreter, "interpreter", &json_type_text),
	{ 0 },
};
static const struct json_type layout_type = JSON_OBJECT(struct backend_layout, layout_fields);

static const struct json_field handler_fields[] = {
	JSON_REQUIRED(struct backend_handler, entry,  "entry",  &json_type_text),
	JSON_REQUIRED(struct backend_handler, as,     "as",     &json_type_text),
	JSON_OPTIONAL(struct backend_handler, zip,    "zip",    &json_type_text),
	JSON_OPTIONAL(struct backend_handler, zip_as, "zip_as", &json_type_text),
	JSON_OPTIONAL(struct backend_handler, site,   "site",   &json_type_text),
	JSON_OPTIONAL(struct backend_handler, files,  "files",  &json_type_text_list),
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

static const struct json_field cpu_fields[] = {
	JSON_REQUIRED(struct backend_cpu, cpu,  "cpu",  &json_type_text),
	JSON_OPTIONAL(struct backend_cpu, min,  "min",  &json_type_int),
	JSON_OPTIONAL(struct backend_cpu, max,  "max",  &json_type_int),
	JSON_OPTIONAL(struct backend_cpu, step, "step", &json_type_int),
	{ 0 },
};
static const struct json_type cpu_type = JSON_OBJECT(struct backend_cpu, cpu_fields);
static const struct json_type cpus_type = JSON_LIST(&cpu_type);

static const struct json_field setting_fields[] = {
	JSON_REQUIRED(struct backend_setting, name, "name",    &json_type_text),
	JSON_OPTIONAL(struct backend_setting, def,  "default", &json_type_text),
	JSON_OPTIONAL(struct backend_setting, what, "what",    &json_type_text),
	{ 0 },
};
static const struct json_type setting_type = JSON_OBJECT(struct backend_setting, setting_fields);
static const struct json_type settings_type = JSON_LIST(&setting_type);

static const struct json_field descriptor_fields[] = {
	JSON_REQUIRED(struct backend_descriptor, file,        "file",        &json_type_text),
	JSON_REQUIRED(struct backend_descriptor, apply,       "apply",       &json_type_text),
	JSON_OPTIONAL(struct backend_descriptor, name_max,    "name_max",    &json_type_int),
	JSON_OPTIONAL(struct backend_descriptor, name_words,  "name_words",  &json_type_bool),
	JSON_OPTIONAL(struct backend_descriptor, pull_secret, "pull_secret", &json_type_text),
	JSON_OPTIONAL(struct backend_descriptor, registry,    "registry",    &json_type_text),
	JSON_OPTIONAL(struct backend_descriptor, cpus,        "cpus",        &cpus_type),
	JSON_OPTIONAL(struct backend_descriptor, settings,    "settings",    &settings_type),
	{ 0 },
};
static const struct json_type deployment_type = JSON_OBJECT(struct backend_descriptor, descriptor_fields);

static const struct json_type int_list_type = JSON_LIST(&json_type_int);
static const struct json_field limit_fields[] = {
	JSON_REQUIRED(struct backend_limit, def,     "default", &json_type_int),
	JSON_OPTIONAL(struct backend_limit, min,     "min",     &json_type_int),
	JSON_OPTIONAL(struct backend_limit, max,     "max",     &json_type_int),
	JSON_OPTIONAL(struct backend_limit, step,    "step",    &json_type_int),
	JSON_OPTIONAL(struct backend_limit, options, "options", &int_list_type),
	{ 0 },
};
static const struct json_type limit_type = JSON_OBJECT(struct backend_limit, limit_fields);

static const struct json_field naming_fields[] = {
	JSON_REQUIRED(struct backend_naming, def,  "default", &json_type_text),
	JSON_REQUIRED(struct backend_naming, rule, "rule",    &json_type_text),
	{ 0 },
};
static const struct json_type naming_type = JSON_OBJECT(struct backend_naming, naming_fields);

static const struct json_field backend_fields[] = {
	JSON_REQUIRED(struct backend, name,              "name",              &json_type_text),
	JSON_REQUIRED(struct backend, title,             "title",             &json_type_text),
	JSON_REQUIRED(struct backend, artifact,          "artifact",          &json_type_text),
	JSON_REQUIRED(struct backend, sources,           "sources",           &json_type_pairs),
	JSON_OPTIONAL(struct backend, section,           "section",           &json_type_text),
	JSON_OPTIONAL(struct backend, config_keys,       "config_keys",       &json_type_text_list),
	JSON_OPTIONAL(struct backend, config,            "config",            &json_type_pairs),
	JSON_REQUIRED(struct backend, naming,            "naming",            &naming_type),
	JSON_OPTIONAL(struct backend, base,              "base",              &json_type_text),
	JSON_REQUIRED(struct backend, pythons,           "pythons",           &json_type_text_list),
	JSON_OPTIONAL(struct backend, old_pythons,       "old_pythons",       &json_type_text_list),
	JSON_REQUIRED(struct backend, default_python,    "default_python",    &json_type_text),
	JSON_REQUIRED(struct backend, platforms,         "platforms",         &json_type_text_list),
	JSON_OPTIONAL(struct backend, formats,           "formats",           &json_type_text_list),
	JSON_OPTIONAL(struct backend, compressions,      "compressions",      &json_type_text_list),
	JSON_OPTIONAL(struct backend, single_manifest,   "single_manifest",   &json_type_bool),
	JSON_OPTIONAL(struct backend, packed_max,        "packed_max",        &json_type_int),
	JSON_OPTIONAL(struct backend, unpacked_max,      "unpacked_max",      &json_type_int),
	JSON_OPTIONAL(struct backend, memory,            "memory",            &limit_type),
	JSON_OPTIONAL(struct backend, timeout,           "timeout",           &limit_type),
	JSON_OPTIONAL(struct backend, libc,              "libc",              &json_type_pairs),
	JSON_OPTIONAL(struct backend, packages,          "packages",          &json_type_text_list),
	JSON_OPTIONAL(struct backend, system_packages,   "system_packages",   &json_type_text_list),
	JSON_OPTIONAL(struct backend, system_probe,      "system_probe",      &json_type_text),
	JSON_OPTIONAL(struct backend, setup,             "setup",             &json_type_text_list),
	JSON_OPTIONAL(struct backend, downloads,         "downloads",         &json_type_pairs),
	JSON_OPTIONAL(struct backend, environment,       "environment",       &json_type_pairs),
	JSON_OPTIONAL(struct backend, pip,               "pip",               &json_type_text),
	JSON_OPTIONAL(struct backend, workdir,           "workdir",           &json_type_text),
	JSON_OPTIONAL(struct backend, user,              "user",              &json_type_text),
	JSON_OPTIONAL(struct backend, port,              "port",              &json_type_int),
	JSON_OPTIONAL(struct backend, entrypoint,        "entrypoint",        &json_type_any),
	JSON_OPTIONAL(struct backend, command,           "command",           &json_type_any),
	JSON_OPTIONAL(struct backend, layout,            "layout",            &layout_type),
	JSON_OPTIONAL(struct backend, handler,           "handler",           &handler_type),
	JSON_OPTIONAL(struct backend, zip,               "zip",               &zip_type),
	JSON_OPTIONAL(struct backend, descriptor,        "descriptor",        &deployment_type),
	{ 0 },
};
/* clang-format on */
const struct json_type backend_type = JSON_OBJECT(struct backend, backend_fields);

/* --- what a type cannot say --- */

static bool one_of(const char *text, const char *const *words, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (str_eq(text, words[i]))
			return true;
	return false;
}

static bool each_of(const struct json_list *list, const char *const *words, size_t count)
{
	const char *const *items = list->items;

	for (size_t i = 0; i < list->len; i++)
		if (!one_of(items[i], words, count))
			return false;
	return true;
}

static bool artifact_fits(const struct backend *b)
{
	static const char *const kinds[] = { "image", "layer", "zip", "sif", "vm", "host" };

	return one_of(b->artifact, kinds, ARRAY_LEN(kinds));
}

static bool base_fits(const struct backend *b)
{
	static const char *const based[] = { "image", "sif", "vm" };

	return one_of(b->artifact, based, ARRAY_LEN(based)) == (b->base != NULL);
}

static bool pythons_fit(const struct backend *b)
{
	const char *const *items = b->pythons.items;

	for (size_t i = 0; i < b->pythons.len; i++)
		if (!python_release_find(items[i]))
			return false;
	return b->pythons.len;
}

static bool default_python_fits(const struct backend *b)
{
	return one_of(b->default_python, b->pythons.items, b->pythons.len);
}

static bool platforms_fit(const struct backend *b)
{
	const char *const *items = b->platforms.items;

	for (size_t i = 0; i < b->platforms.len; i++) {
		struct platform p;
		struct err ignored = { 0 };

		/* "linux" alone is this machine's, which a backend's is not */
		if (!strchr(items[i], '/') || !platform_parse(&p, items[i], &ignored))
			return false;
	}
	return b->platforms.len;
}

static bool formats_fit(const struct backend *b)
{
	static const char *const formats[] = { "oci", "docker" };

	return each_of(&b->formats, formats, ARRAY_LEN(formats));
}

static bool compressions_fit(const struct backend *b)
{
	static const char *const kinds[] = { "gzip", "zstd", "none" };

	return each_of(&b->compressions, kinds, ARRAY_LEN(kinds));
}

static bool naming_fits(const struct backend *b)
{
	enum naming_rule rule;

	return naming_rule_parse(&rule, b->naming.rule);
}

static bool path_fits(const char *path)
{
	AUTO(auto_free) char *clean = NULL;
	struct err ignored = { 0 };

	return !path ||
	       (fs_clean_member(&clean, path, strlen(path), &ignored) && str_eq(clean, path));
}

static bool layout_fits(const struct backend *b)
{
	return path_fits(b->layout.site) && path_fits(b->layout.scripts) &&
	       path_fits(b->layout.data) && path_fits(b->layout.headers);
}

static bool handler_fits(const struct backend *b)
{
	const struct backend_handler *h = &b->handler;
	const char *const *files = h->files.items;
	bool fits = path_fits(h->entry) && path_fits(h->as) && path_fits(h->zip) &&
		    path_fits(h->zip_as) && path_fits(h->site);

	for (size_t i = 0; i < h->files.len; i++)
		fits = fits && path_fits(files[i]);
	return fits && (!h->entry || str_has_prefix(h->entry, "lithops/"));
}

static bool zip_fits(const struct backend *b)
{
	static const char *const installers[] = { "wheels", "pip" };
	const struct backend_zip_file *files = b->zip.files.items;
	bool fits = str_eq(b->artifact, "zip") == (b->zip.name != NULL) &&
		    path_fits(b->zip.requirements) &&
		    each_of(&b->zip.installers, installers, ARRAY_LEN(installers));

	for (size_t i = 0; i < b->zip.files.len; i++)
		fits = fits && path_fits(files[i].path);
	return fits && (!b->zip.name || b->zip.installers.len);
}

static bool descriptor_fits(const struct backend *b)
{
	static const char *const suffixes[] = { ".json", ".yaml", ".sh", ".service" };
	const char *suffix = b->descriptor.file ? strrchr(b->descriptor.file, '.') : suffixes[0];

	return suffix && one_of(suffix, suffixes, ARRAY_LEN(suffixes)) &&
	       path_fits(b->descriptor.file) &&
	       (!b->descriptor.name_max || b->descriptor.name_max >= 24);
}

static bool workdir_fits(const struct backend *b)
{
	return b->workdir ? b->workdir[0] == '/' : !b->base || !b->handler.entry;
}

static bool downloads_fit(const struct backend *b)
{
	for (size_t i = 0; i < b->downloads.len; i++)
		if (b->downloads.items[i].key[0] != '/' ||
		    !str_has_prefix(b->downloads.items[i].value, "https://"))
			return false;
	return true;
}

static bool environment_fits(const struct backend *b)
{
	static const char name[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789";

	for (size_t i = 0; i < b->environment.len; i++) {
		const char *key = b->environment.items[i].key;

		if (!*key || key[strspn(key, name)] || strpbrk(b->environment.items[i].value, "\n"))
			return false;
	}
	return true;
}

static bool start_fits(const json_t *value)
{
	const json_t *item;
	size_t i;

	if (!value || json_is_string(value))
		return true;
	json_array_foreach(value, i, item) if (!json_is_string(item)) return false;
	return json_array_size(value);
}

static bool entrypoint_fits(const struct backend *b)
{
	return start_fits(b->entrypoint);
}

static bool command_fits(const struct backend *b)
{
	return start_fits(b->command);
}

static bool port_fits(const struct backend *b)
{
	return b->port <= 65535;
}

static const struct {
	const char *member;
	bool (*fits)(const struct backend *b);
	const char *want;
} rules[] = {
	{ "artifact", artifact_fits, "image, layer, zip, sif, vm or host" },
	{ "base", base_fits, "an image, sif or vm has a base, nothing else has" },
	{ "pythons", pythons_fit, "a list of Pythons from 3.6 to 3.14" },
	{ "default_python", default_python_fits, "one of its pythons" },
	{ "platforms", platforms_fit, "a list of OS/ARCH" },
	{ "formats", formats_fit, "of oci and docker" },
	{ "compressions", compressions_fit, "of gzip, zstd and none" },
	{ "naming", naming_fits,
	  "its rule is plain, registry, hub, ... (templates/naming_rule.h)" },
	{ "layout", layout_fits, "relative paths without . and .." },
	{ "handler", handler_fits, "relative paths without . and .., the entry below lithops/" },
	{ "zip", zip_fits,
	  "an artifact zip has one, with relative paths, installed by wheels or pip" },
	{ "descriptor", descriptor_fits,
	  "its file ends in .json, .yaml, .sh or .service; its names have 24 characters or more" },
	{ "workdir", workdir_fits, "an absolute path; an image with a handler needs one" },
	{ "downloads", downloads_fit, "an absolute path to an https URL" },
	{ "environment", environment_fits, "names of letters, digits and _, values of one line" },
	{ "entrypoint", entrypoint_fits, "a list of words, or text for a shell" },
	{ "command", command_fits, "a list of words, or text for a shell" },
	{ "port", port_fits, "at most 65535" },
};

static bool check_values(struct schema *s, const struct backend *b, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(rules); i++)
		if (!rules[i].fits(b)) {
			err_set(err, E_INPUT, "%s: '%s' cannot be: %s", b->name, rules[i].member,
				rules[i].want);
			return schema_at(s, rules[i].member, err);
		}
	return true;
}

/* --- variants --- */

/* Of the whole with the variant's members, by the rules of backend_shape.h. */
static json_t *merge(const json_t *whole, json_t *variant)
{
	static const char *const merged[] = { "environment", "sources", "downloads" };
	json_t *doc = json_deep_copy(whole);
	const char *key;
	json_t *value;

	json_object_foreach(variant, key, value)
	{
		json_t *own = json_object_get(doc, key);

		if (str_eq(key, "name") || str_eq(key, "title")) {
			AUTO(auto_free)
			char *both = mem_printf("%s%s%s", json_string_value(own),
						*key == 'n' ? ":" : ", ", json_string_value(value));

			json_object_set_new(doc, key, json_string(both));
		} else if (str_eq(key, "more_packages")) {
			json_array_extend(json_object_get(doc, "packages"), value);
		} else if (own && one_of(key, merged, ARRAY_LEN(merged))) {
			json_object_update(own, value);
		} else {
			json_t *copy = json_deep_copy(value);

			if (own && str_eq(key, "setup"))
				json_array_extend(copy, own);
			json_object_set_new(doc, key, copy);
		}
	}
	return doc;
}

static bool add_row(struct backend_table *t, struct schema *s, const char *directory, json_t *doc,
		    const char *variant, struct err *err)
{
	struct backend *b = ARRAY_PUSH(t);

	if (!t->documents)
		t->documents = json_array();
	json_array_append_new(t->documents, doc);
	if (!json_decode(&backend_type, b, doc, &t->arena, err))
		return err_wrap(err, "%s", s->file);
	b->directory = directory;
	b->document = doc;
	b->variant = variant ? arena_strdup(&t->arena, variant) : NULL;
	return check_values(s, b, err);
}

static bool read_variants(struct backend_table *t, struct schema *s, const char *directory,
			  const json_t *whole, const json_t *variants, struct err *err)
{
	struct json_field fields[ARRAY_LEN(backend_fields) + 1];
	const struct json_type type = JSON_OBJECT(struct backend, fields);
	json_t *variant;
	size_t i;

	memcpy(&fields[1], backend_fields, sizeof(backend_fields));
	fields[0] = (struct json_field){ .name = "more_packages", .type = &json_type_text_list };
	for (i = 1; fields[i].name; i++)
		fields[i].required = str_eq(fields[i].name, "name");
	if (variants && !json_is_array(variants)) {
		err_set(err, E_INPUT, "variants: a list expected");
		return schema_at(s, "variants", err);
	}
	json_array_foreach(variants, i, variant)
	{
		s->path[0] = (struct yaml_step){ .key = "variants" };
		s->path[1] = (struct yaml_step){ .index = i };
		s->depth = 2;
		if (!schema_check(s, &type, variant, err) ||
		    !add_row(t, s, directory, merge(whole, variant),
			     json_text_member(variant, "name"), err))
			return false;
	}
	return true;
}

bool backend_read(struct backend_table *t, const struct template_file *file, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL, *variants = NULL;
	struct schema s = { .file = file->shown, .text = file->data, .len = file->len };
	const char *directory =
		arena_slice(&t->arena, (struct slice){ file->name, strcspn(file->name, "/") });

	if (!yaml_parse(&doc, file->data, file->len, file->shown, err))
		return false;
	variants = json_incref(json_object_get(doc, "variants"));
	json_object_del(doc, "variants");
	return schema_check(&s, &backend_type, doc, err) &&
	       add_row(t, &s, directory, json_incref(doc), NULL, err) &&
	       read_variants(t, &s, directory, doc, variants, err);
}
