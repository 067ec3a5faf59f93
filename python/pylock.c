// SPDX-License-Identifier: Apache-2.0
#include "python/pylock.h"

#include <string.h>

#include "base/charset.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/toml.h"
#include "python/location.h"
#include "python/name.h"
#include "python/wheel_name.h"

/* From the document to lines of requirements. Writing is lock.c's. */

struct raw_file {
	const char *name, *url, *path, *upload_time, *subdirectory;
	int64_t size;
	struct json_pairs hashes;
};

struct raw_package {
	const char *name, *version, *marker, *requires_python, *index;
	json_t *vcs, *directory, *archive, *sdist;
	struct json_list wheels; /* of raw_file */
};

struct raw_lock {
	const char *lock_version, *requires_python, *created_by;
	struct json_list environments, extras, dependency_groups, default_groups; /* of texts */
	struct json_list packages; /* of raw_package */
};

/* clang-format off */
static const struct json_field file_fields[] = {
	JSON_OPTIONAL(struct raw_file, name,         "name",         &json_type_text),
	JSON_OPTIONAL(struct raw_file, url,          "url",          &json_type_text),
	JSON_OPTIONAL(struct raw_file, path,         "path",         &json_type_text),
	JSON_OPTIONAL(struct raw_file, upload_time,  "upload-time",  &json_type_text),
	JSON_OPTIONAL(struct raw_file, subdirectory, "subdirectory", &json_type_text),
	JSON_OPTIONAL(struct raw_file, size,         "size",         &json_type_int),
	JSON_REQUIRED(struct raw_file, hashes,       "hashes",       &json_type_pairs),
	{ 0 },
};
static const struct json_type file_type = JSON_OBJECT(struct raw_file, file_fields);
static const struct json_type files_type = JSON_LIST(&file_type);

static const struct json_field package_fields[] = {
	JSON_REQUIRED(struct raw_package, name,            "name",            &json_type_text),
	JSON_OPTIONAL(struct raw_package, version,         "version",         &json_type_text),
	JSON_OPTIONAL(struct raw_package, marker,          "marker",          &json_type_text),
	JSON_OPTIONAL(struct raw_package, requires_python, "requires-python", &json_type_text),
	JSON_OPTIONAL(struct raw_package, index,           "index",           &json_type_text),
	JSON_OPTIONAL(struct raw_package, vcs,             "vcs",             &json_type_any),
	JSON_OPTIONAL(struct raw_package, directory,       "directory",       &json_type_any),
	JSON_OPTIONAL(struct raw_package, archive,         "archive",         &json_type_any),
	JSON_OPTIONAL(struct raw_package, sdist,           "sdist",           &json_type_any),
	JSON_OPTIONAL(struct raw_package, wheels,          "wheels",          &files_type),
	{ 0 },
};
static const struct json_type package_type = JSON_OBJECT(struct raw_package, package_fields);
static const struct json_type packages_type = JSON_LIST(&package_type);

static const struct json_field lock_fields[] = {
	JSON_REQUIRED(struct raw_lock, lock_version,      "lock-version",      &json_type_text),
	JSON_OPTIONAL(struct raw_lock, environments,      "environments",      &json_type_text_list),
	JSON_OPTIONAL(struct raw_lock, requires_python,   "requires-python",   &json_type_text),
	JSON_OPTIONAL(struct raw_lock, extras,            "extras",            &json_type_text_list),
	JSON_OPTIONAL(struct raw_lock, dependency_groups, "dependency-groups", &json_type_text_list),
	JSON_OPTIONAL(struct raw_lock, default_groups,    "default-groups",    &json_type_text_list),
	JSON_REQUIRED(struct raw_lock, created_by,        "created-by",        &json_type_text),
	JSON_REQUIRED(struct raw_lock, packages,          "packages",          &packages_type),
	{ 0 },
};
static const struct json_type lock_type = JSON_OBJECT(struct raw_lock, lock_fields);
/* clang-format on */

struct reading {
	struct requirements *into;
	const char *file;
	const struct python_target *target;
	struct marker_env env;
	struct str_list extras, groups;
	struct map seen; /* keys of the packages that hold */
	struct arena arena;
};

static void reading_free(struct reading *x)
{
	str_list_free(&x->extras);
	str_list_free(&x->groups);
	map_free(&x->seen);
	arena_free(&x->arena);
}

bool pylock_is_name(const char *path)
{
	const char *name = fs_basename(path);
	size_t len = strlen(name), middle;

	if (!str_has_prefix(name, "pylock.") || !str_has_suffix(name, ".toml"))
		return false;
	if (len <= strlen("pylock.toml"))
		return len == strlen("pylock.toml");
	middle = len - strlen("pylock.") - strlen(".toml");
	return middle && !memchr(name + strlen("pylock."), '.', middle);
}

/* --- the document --- */

static bool read_bytes(struct buf *out, const struct requirements *r, const char *path,
		       struct err *err)
{
	if (!location_is_remote(path))
		return fs_read_path(out, path, LIMIT_TOML, err);
	if (!r->fetch)
		return location_refuse_remote(path, err);
	return r->fetch(r->fetch_arg, out, path, err);
}

/* "1.0"; a newer minor version may say what is not known here. */
static bool check_version(struct requirements *r, const char *file, const char *version,
			  struct err *err)
{
	struct slice minor, major = slice_cut(slice_of(version), '.', &minor);

	if (!slice_eq(major, "1")) {
		err_set(err, E_UNSUPPORTED, "%s: lock-version %s is not known here, only 1.0", file,
			version);
		return err_hint(err, "update rtbuild, or lock again");
	}
	if (!slice_eq(minor, "0"))
		str_list_push_take(
			&r->notes,
			mem_printf("%s: lock-version %s is newer than 1.0; what is new in "
				   "it is not known here",
				   file, version));
	return true;
}

static bool parse_document(struct raw_lock *out, struct requirements *r, struct arena *a,
			   const char *path, struct err *err)
{
	AUTO(buf_free) struct buf bytes = BUF_INIT(LIMIT_TOML);
	AUTO(auto_json_decref) json_t *doc = NULL;
	const char *version;

	if (!read_bytes(&bytes, r, path, err) || !toml_parse(&doc, bytes.ptr, bytes.len, path, err))
		return false;
	version = json_text_member(doc, "lock-version");
	if (version && !check_version(r, path, version, err))
		return false;
	if (!json_decode(&lock_type, out, doc, a, err)) {
		*out = (struct raw_lock){ 0 }; /* what it holds so far is the document's */
		return err_wrap(err, "%s", path);
	}
	/* the parts kept as JSON are looked at below, within this document's life */
	for (size_t i = 0; i < out->packages.len; i++) {
		struct raw_package *p = (struct raw_package *)out->packages.items + i;
		json_t **kept[] = { &p->vcs, &p->directory, &p->archive, &p->sdist };

		for (size_t k = 0; k < ARRAY_LEN(kept); k++)
			json_incref(*kept[k]);
	}
	return true;
}

static void raw_lock_free(struct raw_lock *lock)
{
	for (size_t i = 0; i < lock->packages.len; i++) {
		struct raw_package *p = (struct raw_package *)lock->packages.items + i;

		json_decref(p->vcs);
		json_decref(p->directory);
		json_decref(p->archive);
		json_decref(p->sdist);
	}
}

/* --- for this target --- */

static bool python_fits(bool *out, const struct reading *x, const char *wanted, struct err *err)
{
	AUTO(arena_free) struct arena a = { 0 };
	struct specifier_set set;
	struct version python;
	const char *text = arena_printf(&a, "3.%d.%d", x->target->minor, x->target->patch);

	if (!specifier_set_parse(&set, &a, slice_of(wanted), NULL, err) ||
	    !version_parse(&python, &a, slice_of(text), err))
		return err_wrap(err, "requires-python '%s'", wanted);
	*out = specifier_set_matches(&set, &python);
	if (!*out && !x->target->patch) { /* any patch may make it so */
		text = arena_printf(&a, "3.%d.99", x->target->minor);
		if (!version_parse(&python, &a, slice_of(text), err))
			return false;
		*out = specifier_set_matches(&set, &python);
	}
	return true;
}

static bool refuse_target(const struct reading *x, const char *why, struct err *err)
{
	AUTO(buf_free) struct buf target = BUF_INIT(SIZE_MAX / 2);

	python_target_format(&target, x->target);
	err_set(err, E_UNSUPPORTED, "it is not for %s: %s", target.ptr, why);
	return err_hint(err, "lock again for this target (rtbuild python lock)");
}

static bool check_python(const struct reading *x, const char *wanted, struct err *err)
{
	AUTO(auto_free) char *why = NULL;
	bool fits = false;

	if (!wanted)
		return true;
	if (!python_fits(&fits, x, wanted, err))
		return false;
	why = mem_printf("requires-python is %s", wanted);
	return fits || refuse_target(x, why, err);
}

static bool holds(bool *out, struct reading *x, const char *text, struct err *err)
{
	const struct marker *m = NULL;

	*out = true;
	if (!text)
		return true;
	if (!marker_parse_locked(&m, &x->arena, slice_of(text), NULL, err) ||
	    !marker_eval(out, m, &x->env, err))
		return err_wrap(err, "marker '%s'", text);
	return true;
}

static bool check_environments(struct reading *x, const struct raw_lock *lock, struct err *err)
{
	const char *const *markers = lock->environments.items;
	bool any = !lock->environments.len;

	for (size_t i = 0; !any && i < lock->environments.len; i++)
		if (!holds(&any, x, markers[i], err))
			return err_wrap(err, "environments");
	return any || refuse_target(x, "none of its environments holds", err);
}

/* --- packages --- */

static const char *last_component(struct arena *a, const char *place)
{
	char *copy = arena_slice(a, (struct slice){ place, strcspn(place, "?#") });
	char *name = arena_strdup(a, fs_basename(copy));

	if (location_is_remote(place))
		str_urldecode(name);
	return name;
}

static bool take_hashes(struct requirement_line *line, struct simple_file *f, struct arena *a,
			const struct json_pairs *hashes, struct err *err)
{
	for (size_t i = 0; i < hashes->len; i++) {
		struct slice kind = slice_of(hashes->items[i].key);
		struct slice hex = slice_of(hashes->items[i].value);
		enum hash_kind known;

		if (!hash_kind_find(&known, kind.ptr, kind.len))
			continue; /* a weaker one beside */
		if (!requirement_line_add_hash(line, a, kind, hex, err))
			return false;
		if (!file_hashes_add(&f->hashes, kind, hex))
			return err_set(err, E_INPUT, "malformed hashes");
	}
	if (file_hashes_any(&f->hashes))
		return true;
	err_set(err, E_INPUT, "none of its hashes is one that counts");
	return err_hint(err, "lock again with sha256, sha384 or sha512");
}

/* A path or file: URL as to open, relative to the lock file; NULL for what is no path here. */
static const char *path_beside(struct reading *x, const char *path)
{
	struct arena *a = &x->into->arena;

	if (location_is_file(path))
		return location_path(a, slice_of(path));
	if (path[0] == '/')
		return arena_strdup(a, path);
	return arena_printf(a, "%.*s%s", (int)(fs_basename(x->file) - x->file), x->file, path);
}

static bool take_place(struct locked_wheel *w, struct reading *x, const struct raw_file *raw,
		       struct err *err)
{
	struct arena *a = &x->into->arena;
	const char *url = raw->url;

	if (raw->path && location_is_remote(x->file))
		return err_set(err, E_INPUT,
			       "a lock from the network cannot name '%s' of this machine",
			       raw->path);
	if (raw->path || (url && location_is_file(url))) {
		w->path = path_beside(x, raw->path ? raw->path : url);
		return w->path || err_set(err, E_INPUT, "'%s' names no file of this machine", url);
	}
	if (!url || !location_is_remote(url))
		return err_set(err, E_INPUT, "it has neither a path nor an http URL");
	w->file.url = arena_slice(a, (struct slice){ url, strcspn(url, "#") });
	return true;
}

static bool take_file(struct locked_wheel *w, struct requirement_line *line, struct reading *x,
		      const struct raw_file *raw, struct err *err)
{
	struct arena *a = &x->into->arena;
	const char *place = raw->path ? raw->path : raw->url;
	struct wheel_name name;

	*w = (struct locked_wheel){ .file = { .size = raw->size ? raw->size : -1 } };
	if (!place)
		return err_set(err, E_INPUT, "it has neither a path nor a URL");
	w->file.filename = raw->name ? arena_strdup(a, raw->name) : last_component(a, place);
	if (!wheel_name_parse(&name, a, w->file.filename, err))
		return false;
	if (!str_eq(name.key, line->requirement.key))
		return err_set(err, E_INPUT, "'%s' is a wheel of another project",
			       w->file.filename);
	return take_place(w, x, raw, err) && take_hashes(line, &w->file, a, &raw->hashes, err);
}

static bool take_wheels(struct requirement_line *line, struct reading *x,
			const struct raw_file *files, size_t count, struct err *err)
{
	struct locked_wheel *wheels = ARENA_ARRAY(&x->into->arena, struct locked_wheel, count + 1);

	for (size_t i = 0; i < count; i++)
		if (!take_file(&wheels[i], line, x, &files[i], err))
			return err_wrap(err, "wheels: [%zu]", i);
	line->wheels = wheels;
	line->wheel_count = count;
	return true;
}

static bool refuse_source(const char *what, const struct raw_package *p, struct err *err)
{
	err_set(err, E_UNSUPPORTED,
		"it is locked to %s: rtbuild installs wheels and builds nothing", what);
	return err_hint(err,
			"lock it again with a wheel of %s by --find-links, or install it in a RUN "
			"step (--installer pip)",
			p->name);
}

/* An archive is a wheel here, or nothing we take. */
static bool take_archive(struct requirement_line *line, struct reading *x,
			 const struct raw_package *p, struct err *err)
{
	struct raw_file f = { 0 };
	const char *place;

	if (!json_decode(&file_type, &f, p->archive, &x->arena, err))
		return err_wrap(err, "archive");
	place = f.path ? f.path : f.url;
	if (place && !str_has_suffix(last_component(&x->arena, place), ".whl"))
		return refuse_source("a source archive", p, err);
	return take_wheels(line, x, &f, 1, err);
}

/* One source and no second. */
static bool take_source(struct requirement_line *line, struct reading *x,
			const struct raw_package *p, struct err *err)
{
	int sources = !!p->vcs + !!p->directory + !!p->archive + (p->sdist || p->wheels.len);

	if (sources > 1)
		return err_set(err, E_INPUT, "it has more than one source");
	if (p->vcs)
		return refuse_source("a repository", p, err);
	if (p->directory)
		return refuse_source("a folder", p, err);
	if (p->archive)
		return take_archive(line, x, p, err);
	if (p->wheels.len)
		return take_wheels(line, x, p->wheels.items, p->wheels.len, err);
	if (p->sdist)
		return refuse_source("a source archive alone", p, err);
	return err_set(err, E_INPUT, "it has no source");
}

static bool check_once(struct reading *x, const char *key, struct err *err)
{
	if (map_has(&x->seen, key)) {
		err_set(err, E_INPUT, "two entries of it hold for the target");
		return err_hint(err, "their markers must exclude each other");
	}
	map_put(&x->seen, key, NULL);
	return true;
}

static bool add_package(struct reading *x, const struct raw_package *p, struct err *err)
{
	struct arena *a = &x->into->arena;
	const char *text = p->version ? arena_printf(a, "%s==%s", p->name, p->version) : p->name;
	struct requirement_line line = { .is_locked = true, .origin = arena_strdup(a, x->file) };
	bool wanted;

	if (!holds(&wanted, x, p->marker, err))
		return false;
	if (!wanted)
		return true;
	if (!requirement_parse(&line.requirement, a, slice_of(text), NULL, err) ||
	    !check_once(x, line.requirement.key, err) ||
	    !check_python(x, p->requires_python, err) || !take_source(&line, x, p, err))
		return false;
	if (x->into->len >= LIMIT_REQUIREMENTS_ENTRIES)
		return err_set(err, E_INPUT, "more than %d requirements",
			       LIMIT_REQUIREMENTS_ENTRIES);
	line.index = p->index ? arena_strdup(a, p->index) : NULL;
	*ARRAY_PUSH(x->into) = line;
	return true;
}

/* --- extras and groups --- */

bool pylock_choice_is_made(const struct pylock_choice *choice)
{
	return choice && (choice->extras.len || choice->groups.len || choice->no_default_groups);
}

static void normalize_all(struct str_list *out, struct arena *a, const struct json_list *names)
{
	const char *const *items = names->items;

	for (size_t i = 0; i < names->len; i++)
		str_list_push(out, name_normalize(a, slice_of(items[i])));
}

/* Add what is wanted of the `known` ones, which are `what`: "extra". */
static bool choose(struct str_list *out, struct arena *a, const struct str_list *wanted,
		   const struct str_list *known, const char *what, struct err *err)
{
	for (size_t i = 0; i < wanted->len; i++) {
		AUTO(buf_free) struct buf all = BUF_INIT(SIZE_MAX / 2);
		const char *key = name_normalize(a, slice_of(wanted->items[i]));

		if (str_list_has(known, key)) {
			str_list_push(out, key);
			continue;
		}
		for (size_t k = 0; k < known->len; k++)
			buf_putf(&all, "%s%s", k ? ", " : "", known->items[k]);
		err_set(err, E_INPUT, "it has no %s '%s'", what, wanted->items[i]);
		return err_hint(err, "it has %s", known->len ? all.ptr : "none");
	}
	return true;
}

/* The specification: no extras and the default groups, unless the user says otherwise. */
static bool choose_all(struct reading *x, const struct raw_lock *lock,
		       const struct pylock_choice *choice, struct err *err)
{
	AUTO(str_list_free) struct str_list extras = { 0 };
	AUTO(str_list_free) struct str_list groups = { 0 };

	if (!choice || !choice->no_default_groups)
		normalize_all(&x->groups, &x->arena, &lock->default_groups);
	if (!choice)
		return true;
	normalize_all(&extras, &x->arena, &lock->extras);
	normalize_all(&groups, &x->arena, &lock->dependency_groups);
	normalize_all(&groups, &x->arena, &lock->default_groups);
	return choose(&x->extras, &x->arena, &choice->extras, &extras, "extra", err) &&
	       choose(&x->groups, &x->arena, &choice->groups, &groups, "dependency group", err);
}

static bool add_packages(struct reading *x, const struct raw_lock *lock, struct err *err)
{
	const struct raw_package *packages = lock->packages.items;

	if (!check_python(x, lock->requires_python, err) || !check_environments(x, lock, err))
		return false;
	for (size_t i = 0; i < lock->packages.len; i++)
		if (!add_package(x, &packages[i], err))
			return err_wrap(err, "packages: [%zu] %s", i, packages[i].name);
	return true;
}

bool pylock_read(struct requirements *r, const char *path, const struct python_target *target,
		 const struct pylock_choice *choice, struct err *err)
{
	AUTO(reading_free) struct reading x = { .into = r, .file = path, .target = target };
	AUTO(raw_lock_free) struct raw_lock lock = { 0 };

	if (location_is_file(path)) {
		x.file = location_path(&r->arena, slice_of(path));
		if (!x.file)
			return err_set(err, E_INPUT, "'%s' names no file of this machine", path);
	}
	x.env = marker_env_make(&x.arena, target);
	x.env.extras = &x.extras;
	x.env.dependency_groups = &x.groups;
	if (!parse_document(&lock, r, &x.arena, x.file, err))
		return false;
	return (choose_all(&x, &lock, choice, err) && add_packages(&x, &lock, err)) ||
	       err_wrap(err, "%s", path);
}

bool pylock_read_versions(struct map *out, const char *path, struct err *err)
{
	AUTO(requirements_free) struct requirements none = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(raw_lock_free) struct raw_lock lock = { 0 };
	const struct raw_package *packages;
	struct err why = { 0 };

	if (!parse_document(&lock, &none, &a, path, &why)) {
		if (why.code == E_NOT_FOUND)
			return true;
		*err = why;
		return false;
	}
	packages = lock.packages.items;
	for (size_t i = 0; i < lock.packages.len; i++)
		if (packages[i].version)
			map_put_text(out, name_normalize(&a, slice_of(packages[i].name)),
				     packages[i].version);
	return true;
}
