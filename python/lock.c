// SPDX-License-Identifier: Apache-2.0
#include "python/lock.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/location.h"
#include "python/lock_document.h"
#include "python/pylock.h"
#include "python/resolve.h"

/* From a choice to what a lock says. How it is written is lock_document.c's. */

enum lock_format lock_format_of(const char *path)
{
	return pylock_is_name(path) ? LOCK_PYLOCK : LOCK_REQUIREMENTS;
}

/* --- versions of before --- */

static void keep_version(struct map *out, struct arena *a, const char *key, const char *text)
{
	struct err bad = { 0 };
	struct version v;

	if (version_parse(&v, a, slice_of(text), &bad))
		map_put_text(out, key, v.text);
}

static bool read_requirements_versions(struct map *out, const char *path, struct err *err)
{
	AUTO(requirements_free) struct requirements r = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	struct err why = { 0 };

	if (!requirements_read(&r, path, &why)) {
		if (why.code == E_NOT_FOUND)
			return true;
		*err = why;
		return false;
	}
	for (size_t i = 0; i < r.len; i++) {
		const struct requirement *what = &r.items[i].requirement;

		for (size_t k = 0; k < what->specifiers.len; k++)
			if (what->specifiers.items[k].op == SPECIFIER_EQUAL &&
			    !what->specifiers.items[k].wildcard)
				keep_version(out, &a, what->key, what->specifiers.items[k].operand);
	}
	return true;
}

bool lock_read_versions(struct map *out, const char *path, struct err *err)
{
	AUTO(map_free) struct map raw = MAP_TEXT;
	AUTO(arena_free) struct arena a = { 0 };

	out->free_value = free;
	if (lock_format_of(path) == LOCK_REQUIREMENTS)
		return read_requirements_versions(out, path, err);
	if (!pylock_read_versions(&raw, path, err))
		return false;
	for (size_t i = 0; i < raw.len; i++)
		keep_version(out, &a, raw.items[i].key, raw.items[i].value);
	return true;
}

/* --- files --- */

/* The wheels of the chosen version, whatever target they are for; where a line names one file, that
 * one alone. */
static size_t wheels_of(struct candidate **out, const struct project *p,
			const struct selected *chosen)
{
	const struct candidate *ca = chosen->candidate;
	size_t count = 0;

	for (size_t i = 0; i < chosen->asked_count; i++) {
		if (!demand_names_file(chosen->asked[i]))
			continue;
		out[0] = chosen->candidate;
		return 1;
	}
	for (size_t i = 0; i < p->len; i++)
		if (version_cmp(&p->items[i]->name.version, &ca->name.version) == 0 &&
		    candidate_is_yanked(p->items[i]) <= candidate_is_yanked(ca))
			out[count++] = p->items[i];
	return count;
}

static int cmp_files(const void *a, const void *b)
{
	const struct lock_file *x = a, *y = b;

	return strcmp(x->candidate->filename, y->candidate->filename);
}

/* The same file may lie in two places: the one that was found first stands for both. */
static void drop_twins(struct lock_package *p)
{
	size_t kept = 0;

	for (size_t i = 0; i < p->file_count; i++)
		if (!kept || !str_eq(p->files[kept - 1].candidate->filename,
				     p->files[i].candidate->filename))
			p->files[kept++] = p->files[i];
	p->file_count = kept;
}

static int64_t size_of(const struct candidate *ca)
{
	struct stat st;

	if (ca->file)
		return ca->file->size;
	return stat(ca->path, &st) == 0 ? st.st_size : -1;
}

static bool add_files(struct lock_package *out, struct arena *a, struct resolve *x,
		      const struct selected *chosen, struct err *err)
{
	const struct project *p = candidates_find(&x->candidates, out->key);
	struct candidate **all = ARENA_ARRAY(a, struct candidate *, p->len + 1);
	struct candidate **unknown = ARENA_ARRAY(a, struct candidate *, p->len + 1);
	size_t count = wheels_of(all, p, chosen), fetch = 0;

	for (size_t i = 0; i < count; i++)
		if (!file_hashes_any(&all[i]->hashes))
			unknown[fetch++] = all[i];
	if (!candidates_fetch(&x->candidates, unknown, fetch, err))
		return false;
	out->files = ARENA_ARRAY(a, struct lock_file, count + 1);
	for (size_t i = 0; i < count; i++) {
		if (all[i]->path &&
		    str_utf8_prefix(all[i]->path, strlen(all[i]->path)) != strlen(all[i]->path))
			return err_set(err, E_INPUT, "a path of %s is not UTF-8", out->key);
		out->files[out->file_count++] = (struct lock_file){ all[i], size_of(all[i]) };
	}
	if (count)
		qsort(out->files, out->file_count, sizeof(*out->files), cmp_files);
	drop_twins(out);
	return true;
}

/* --- who asks --- */

static int cmp_texts(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static const char *asker(struct arena *a, const struct demand *d)
{
	AUTO(auto_free) char *shown = NULL;
	const char *colon;

	if (d->by)
		return d->by->name.key;
	if (!d->line->origin[0])
		return "the command line";
	colon = d->line->file ? strrchr(d->line->origin, ':') : NULL;
	shown = str_printable(d->line->origin,
			      colon ? (size_t)(colon - d->line->origin) : strlen(d->line->origin),
			      LIMIT_PATH);
	location_mask(shown);
	return arena_printf(a, "-r %s", shown);
}

static void add_askers(struct lock_package *out, struct arena *a, const struct selected *chosen)
{
	const char **all = ARENA_ARRAY(a, const char *, chosen->asked_count + 1);
	size_t kept = 0;

	for (size_t i = 0; i < chosen->asked_count; i++)
		all[i] = asker(a, chosen->asked[i]);
	if (chosen->asked_count)
		qsort(all, chosen->asked_count, sizeof(*all), cmp_texts);
	for (size_t i = 0; i < chosen->asked_count; i++)
		if ((!kept || !str_eq(all[kept - 1], all[i])) && !str_eq(all[i], out->key))
			all[kept++] = all[i];
	out->via = all;
	out->via_count = kept;
}

/* --- which environments it is for --- */

/* The choice depends on the variable: a marker that was looked at names it. */
static bool depends_on(const struct resolve *x, enum marker_variable v)
{
	for (size_t i = 0; i < x->requirements.len; i++)
		if (marker_mentions(x->requirements.items[i].requirement.marker, v))
			return true;
	for (size_t i = 0; i < x->chosen.len; i++) {
		const struct candidate *ca = x->chosen.items[i].candidate;

		for (size_t k = 0; k < ca->requires_count; k++)
			if (marker_mentions(ca->requires_dist[k].marker, v))
				return true;
	}
	return false;
}

/* Python's minor version decides about tags and Requires-Python, the system about tags; what else
 * a marker asked for counts as well. */
static const char *environment_of(struct arena *a, const struct resolve *x,
				  const struct python_target *target)
{
	static const enum marker_variable asked[] = { MARKER_PLATFORM_MACHINE,
						      MARKER_PYTHON_FULL_VERSION };
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
	const struct marker_env env = marker_env_make(a, target);

	buf_putf(&text,
		 "implementation_name == '%s' and python_version == '%s' and sys_platform == '%s'",
		 env.values[MARKER_IMPLEMENTATION_NAME], env.values[MARKER_PYTHON_VERSION],
		 env.values[MARKER_SYS_PLATFORM]);
	for (size_t i = 0; i < ARRAY_LEN(asked); i++)
		if (depends_on(x, asked[i]) &&
		    (asked[i] != MARKER_PYTHON_FULL_VERSION || target->patch))
			buf_putf(&text, " and %s == '%s'", marker_variable_name(asked[i]),
				 env.values[asked[i]]);
	return arena_strdup(a, text.ptr);
}

/* --- the whole --- */

static int cmp_packages(const void *a, const void *b)
{
	return strcmp(((const struct lock_package *)a)->key, ((const struct lock_package *)b)->key);
}

static bool describe(struct lock_document *out, struct arena *a, struct resolve *x,
		     const struct wheel_request *req, struct err *err)
{
	out->target = req->target;
	out->environment = environment_of(a, x, req->target);
	out->packages = ARENA_ARRAY(a, struct lock_package, x->chosen.len + 1);
	for (size_t i = 0; i < x->chosen.len; i++) {
		const struct selected *chosen = &x->chosen.items[i];
		struct lock_package *p = &out->packages[out->package_count++];

		*p = (struct lock_package){ .key = chosen->candidate->name.key,
					    .chosen = chosen->candidate };
		for (size_t k = 0; k < chosen->asked_count; k++)
			p->by_path = p->by_path ||
				     (chosen->asked[k]->line && chosen->asked[k]->line->path);
		add_askers(p, a, chosen);
		if (!add_files(p, a, x, chosen, err))
			return false;
	}
	if (out->package_count)
		qsort(out->packages, out->package_count, sizeof(*out->packages), cmp_packages);
	return true;
}

bool lock_make(struct buf *out, const struct wheel_request *req, const struct lock_options *options,
	       struct events *events, struct err *err)
{
	AUTO(resolve_free) struct resolve x = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	struct lock_document doc = { .output = options->output };

	if (!resolve_run(&x, req, events, err) || !describe(&doc, &a, &x, req, err))
		return false;
	if (options->format == LOCK_PYLOCK)
		lock_document_put_pylock(out, &doc);
	else
		lock_document_put_requirements(out, &doc);
	return true;
}
