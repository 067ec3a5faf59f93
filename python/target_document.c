// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "python/targets.h"

/* A target as a document: what pex calls a complete platform, and what it leaves out. */

/* PEP 508, "Environment Markers"; `extra` is the requirement's, not the target's. */
static const char *const marker_names[] = {
	"implementation_name",
	"implementation_version",
	"os_name",
	"platform_machine",
	"platform_python_implementation",
	"platform_release",
	"platform_system",
	"platform_version",
	"python_full_version",
	"python_version",
	"sys_platform",
};

/* --- out --- */

static json_t *tags_of(const struct python_target *t)
{
	AUTO(str_list_free) struct str_list tags = { 0 };

	python_target_tags(&tags, t);
	return json_texts(&tags);
}

static json_t *markers_of(const struct python_target *t)
{
	AUTO(buf_free) struct buf scratch = BUF_INIT(LIMIT_PYTHON_VERSION);
	json_t *out = json_object();

	for (size_t i = 0; i < ARRAY_LEN(marker_names); i++)
		json_object_set_new(
			out, marker_names[i],
			json_string(python_target_marker(&scratch, t, marker_names[i])));
	return out;
}

static void put(json_t *doc, const char *key, const char *text)
{
	if (text)
		json_object_set_new(doc, key, json_string(text));
}

static json_t *own_part(const struct python_profile *p)
{
	const struct python_target *t = &p->target;
	AUTO(auto_free)
	char *libc =
		mem_printf("%s-%d.%d", t->musl ? "musl" : "glibc", t->libc_major, t->libc_minor);
	AUTO(auto_free) char *python = mem_printf("3.%d.%d", t->minor, t->patch);
	json_t *out = json_object();

	put(out, "name", p->name);
	put(out, "title", p->title);
	put(out, "python", python);
	put(out, "platform", platform_format(&t->platform).text);
	put(out, "libc", libc);
	put(out, "end_of_life", p->end_of_life);
	put(out, "site", p->site);
	put(out, "scripts", p->scripts);
	put(out, "data", p->data);
	if (p->preinstalled) {
		json_t *names = json_array();

		for (const char *const *name = p->preinstalled; *name; name++)
			json_array_append_new(names, json_string(*name));
		json_object_set_new(out, "preinstalled", names);
	}
	return out;
}

json_t *python_profile_export(const struct python_profile *p)
{
	json_t *doc = json_object();

	put(doc, "path", p->interpreter ? p->interpreter : "");
	json_object_set_new(doc, "compatible_tags", tags_of(&p->target));
	json_object_set_new(doc, "marker_environment", markers_of(&p->target));
	json_object_set_new(doc, "rtbuild", own_part(p));
	return doc;
}

/* --- in --- */

/* What of a document is ours. */
struct own {
	const char *title, *python, *platform, *libc, *site, *scripts, *data;
	struct json_list preinstalled;
};
static const struct json_field own_fields[] = {
	JSON_OPTIONAL(struct own, title, "title", &json_type_text),
	JSON_OPTIONAL(struct own, python, "python", &json_type_text),
	JSON_OPTIONAL(struct own, platform, "platform", &json_type_text),
	JSON_OPTIONAL(struct own, libc, "libc", &json_type_text),
	JSON_OPTIONAL(struct own, site, "site", &json_type_text),
	JSON_OPTIONAL(struct own, scripts, "scripts", &json_type_text),
	JSON_OPTIONAL(struct own, data, "data", &json_type_text),
	JSON_OPTIONAL(struct own, preinstalled, "preinstalled", &json_type_text_list),
	{ 0 },
};
static const struct json_type own_type = JSON_OBJECT(struct own, own_fields);

struct document {
	const char *path;
	struct json_list tags;
	struct json_pairs markers;
	struct own own;
};
static const struct json_field document_fields[] = {
	JSON_OPTIONAL(struct document, path, "path", &json_type_text),
	JSON_REQUIRED(struct document, tags, "compatible_tags", &json_type_text_list),
	JSON_REQUIRED(struct document, markers, "marker_environment", &json_type_pairs),
	JSON_OPTIONAL(struct document, own, "rtbuild", &own_type),
	{ 0 },
};
static const struct json_type document_type = JSON_OBJECT(struct document, document_fields);

static bool is_tag(const char *text)
{
	int dashes = 0;

	for (const char *c = text; *c; c++) {
		bool word = (*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z') ||
			    (*c >= '0' && *c <= '9') || *c == '_';

		dashes += *c == '-';
		if ((*c == '-' && (c == text || c[1] == '-' || !c[1])) || (!word && *c != '-'))
			return false;
	}
	return dashes == 2;
}

static bool take_tags(struct python_profile *p, const struct document *d, struct err *err)
{
	const char *const *tags = d->tags.items;

	if (!d->tags.len)
		return err_set(err, E_INPUT, "compatible_tags is empty");
	if (d->tags.len > LIMIT_TARGET_TAGS)
		return err_set(err, E_INPUT, "compatible_tags has more than %d tags",
			       LIMIT_TARGET_TAGS);
	for (size_t i = 0; i < d->tags.len; i++) {
		if (!is_tag(tags[i]))
			return err_set(err, E_INPUT,
				       "compatible_tags: [%zu]: '%s' is not PYTHON-ABI-PLATFORM", i,
				       tags[i]);
		str_list_push(&p->tags, tags[i]);
	}
	return true;
}

static bool is_marker(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(marker_names); i++)
		if (str_eq(marker_names[i], name))
			return true;
	return false;
}

static bool take_markers(struct python_profile *p, const struct document *d, struct err *err)
{
	p->markers = (struct map)MAP_TEXT;
	for (size_t i = 0; i < d->markers.len; i++) {
		const struct json_pair *pair = &d->markers.items[i];

		if (!is_marker(pair->key)) {
			const char *near =
				str_nearest(pair->key, marker_names, ARRAY_LEN(marker_names));

			err_set(err, E_INPUT, "marker_environment: '%s' is no marker of PEP 508",
				pair->key);
			return near && err_hint(err, "did you mean %s?", near);
		}
		map_put_text(&p->markers, pair->key, pair->value);
	}
	return true;
}

/* "3.12.4", of the marker that tells most; what is behind a patch number ("rc1", "+") is dropped.
 */
static const char *python_of(struct python_profile *p)
{
	const char *full = map_text(&p->markers, "python_full_version");
	const char *text = full ? full : map_text(&p->markers, "python_version");

	return text ? arena_slice(&p->arena, (struct slice){ text, strspn(text, "0123456789.") })
		    : NULL;
}

/* The C library of the first tag that names one: "manylinux_2_34_x86_64", "musllinux_1_2_aarch64",
 * and the older names of the former (PEP 600, 656). */
static const char *libc_of(struct python_profile *p)
{
	static const struct {
		const char *prefix, *libc;
		bool has_version;
	} kinds[] = {
		{ "manylinux2014_", "glibc-2.17", false },
		{ "manylinux2010_", "glibc-2.12", false },
		{ "manylinux1_", "glibc-2.5", false },
		{ "manylinux_", "glibc", true },
		{ "musllinux_", "musl", true },
	};

	for (size_t i = 0; i < p->tags.len; i++) {
		const char *platform = strrchr(p->tags.items[i], '-') + 1;

		for (size_t k = 0; k < ARRAY_LEN(kinds); k++) {
			struct slice major, minor, rest = slice_of(platform);

			if (!str_has_prefix(platform, kinds[k].prefix))
				continue;
			if (!kinds[k].has_version)
				return kinds[k].libc;
			slice_cut(rest, '_', &rest);
			major = slice_cut(rest, '_', &rest);
			minor = slice_cut(rest, '_', &rest);
			return arena_printf(&p->arena, "%s-" SLICE_FMT "." SLICE_FMT, kinds[k].libc,
					    SLICE_ARG(major), SLICE_ARG(minor));
		}
	}
	return NULL;
}

static bool check_kind(const struct python_profile *p, struct err *err)
{
	static const struct {
		const char *marker, *want;
	} rows[] = {
		{ "sys_platform", "linux" },
		{ "os_name", "posix" },
		{ "platform_system", "Linux" },
		{ "implementation_name", "cpython" },
		{ "platform_python_implementation", "CPython" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		const char *value = map_text(&p->markers, rows[i].marker);

		if (value && !str_eq(value, rows[i].want))
			return err_set(err, E_INPUT, "%s is '%s': targets are CPython on Linux",
				       rows[i].marker, value);
	}
	return true;
}

static bool take_target(struct python_profile *p, const struct own *own, struct err *err)
{
	const char *machine = map_text(&p->markers, "platform_machine");
	const char *python = own->python ? own->python : python_of(p);
	const char *platform = own->platform ? own->platform : machine;
	const char *libc = own->libc ? own->libc : libc_of(p);
	struct platform parsed;

	if (!python || !platform || !libc)
		return err_set(err, E_INPUT, "it does not say its %s",
			       !python     ? "Python: marker python_full_version"
			       : !platform ? "architecture: marker platform_machine"
					   : "C library: a manylinux or musllinux tag");
	if (!platform_parse(&parsed, platform, err) ||
	    !python_target_make(&p->target, python, &parsed, libc, err)) {
		err->code = E_INPUT;
		return false;
	}
	return true;
}

static void take_rest(struct python_profile *p, const struct document *d, const char *what)
{
	const char *const *names = d->own.preinstalled.items;

	p->name = arena_strdup(&p->arena, what);
	p->title = d->own.title ? d->own.title : "";
	p->end_of_life = python_end_of_life(p->target.minor);
	p->interpreter = d->path && d->path[0] ? d->path : NULL;
	p->site = d->own.site;
	p->scripts = d->own.scripts;
	p->data = d->own.data;
	if (d->own.preinstalled.len) {
		const char **copy =
			arena_alloc(&p->arena, (d->own.preinstalled.len + 1) * sizeof(*copy));

		memcpy(copy, names, d->own.preinstalled.len * sizeof(*copy));
		p->preinstalled = copy;
	}
}

bool python_profile_import(struct python_profile *out, json_t *doc, const char *what,
			   struct err *err)
{
	struct document d = { 0 };

	*out = (struct python_profile){ 0 };
	if (!json_decode(&document_type, &d, doc, &out->arena, err) || !take_tags(out, &d, err) ||
	    !take_markers(out, &d, err) || !check_kind(out, err) ||
	    !take_target(out, &d.own, err)) {
		python_profile_free(out);
		return err_wrap(err, "%s", what);
	}
	take_rest(out, &d, what);
	out->target.tags = &out->tags;
	out->target.markers = &out->markers;
	return true;
}
