// SPDX-License-Identifier: Apache-2.0
#include "python/candidates.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "python/name.h"

/* Which files could be installed, in order of preference. Which ones will be is wheels.c's. */

static void candidate_close(struct candidate *ca)
{
	if (!ca->is_open)
		return;
	wheel_close(&ca->wheel);
	metadata_free(&ca->metadata);
}

void candidates_init(struct candidates *c, const struct python_target *target)
{
	*c = (struct candidates){ .target = target };
	tag_ranks_make(&c->ranks, target);
}

void candidates_free(struct candidates *c)
{
	for (size_t i = 0; i < c->projects.len; i++) {
		struct project *p = c->projects.items[i].value;

		for (size_t k = 0; k < p->len; k++)
			candidate_close(p->items[k]);
		free(p->items);
		str_list_free(&p->others);
	}
	map_free(&c->projects);
	tag_ranks_free(&c->ranks);
	str_list_free(&c->places);
	arena_free(&c->arena);
	*c = (struct candidates){ 0 };
}

static struct project *project_for(struct candidates *c, const char *key)
{
	struct project *p = map_get(&c->projects, key);

	if (p)
		return p;
	p = ARENA_NEW(&c->arena, struct project);
	p->key = arena_strdup(&c->arena, key);
	map_put(&c->projects, p->key, p);
	return p;
}

/* Later versions, then better tags, then higher builds, then the first one found: pip's order. */
static int cmp_candidates(const void *left, const void *right)
{
	const struct candidate *a = *(const struct candidate *const *)left;
	const struct candidate *b = *(const struct candidate *const *)right;
	int c = (a->rank == SIZE_MAX) - (b->rank == SIZE_MAX);

	if (!c)
		c = -version_cmp(&a->name.version, &b->name.version);
	if (!c)
		c = (a->rank > b->rank) - (a->rank < b->rank);
	if (!c)
		c = -wheel_name_cmp_build(&a->name, &b->name);
	return c ? c : (a->order > b->order) - (a->order < b->order);
}

static void add_candidate(struct candidates *c, const char *path, const struct wheel_name *name)
{
	struct project *p = project_for(c, name->key);
	struct candidate *ca = ARENA_NEW(&c->arena, struct candidate);

	ca->path = arena_strdup(&c->arena, path);
	ca->filename = fs_basename(ca->path);
	ca->name = *name;
	ca->order = c->count++;
	if (!wheel_name_rank(&ca->rank, name, &c->ranks))
		ca->unfit = "is built for other targets";
	*ARRAY_PUSH(p) = ca;
	p->is_sorted = false;
}

/* "numpy-1.26.4.tar.gz": known only to be named when nothing better is there. */
static void add_source(struct candidates *c, const char *filename)
{
	static const char *const suffixes[] = { ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz" };

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		struct slice stem = slice_of(filename);
		const char *dash;

		if (!str_has_suffix(filename, suffixes[i]))
			continue;
		stem.len -= strlen(suffixes[i]);
		dash = memrchr(stem.ptr, '-', stem.len);
		if (!dash)
			return;
		stem.len = (size_t)(dash - stem.ptr);
		str_list_push_take(&project_for(c, name_normalize(&c->arena, stem))->others,
				   mem_printf("%s is a source archive", filename));
		return;
	}
}

static void add_named_file(struct candidates *c, const char *dir, const char *filename)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", dir, filename);
	struct wheel_name name;
	struct err bad = { 0 };
	struct slice rest;

	if (!str_has_suffix(filename, ".whl")) {
		add_source(c, filename);
		return;
	}
	if (wheel_name_parse(&name, &c->arena, filename, &bad)) {
		add_candidate(c, path, &name);
		return;
	}
	str_list_push_take(&project_for(c, name_normalize(&c->arena, slice_cut(slice_of(filename),
									       '-', &rest)))
				    ->others,
			   mem_printf("%s has no valid wheel name", filename));
}

bool candidates_add_dir(struct candidates *c, const char *dir, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int fd = -1;

	if (str_list_has(&c->places, dir))
		return true;
	if (!fs_open_dir(&fd, dir, err) || !fs_list(&names, fd, ".", FS_BENEATH, err))
		return err_wrap(err, "find-links %s", dir);
	for (size_t i = 0; i < names.len; i++)
		add_named_file(c, dir, names.items[i]);
	str_list_push(&c->places, dir);
	return true;
}

bool candidates_add_file(struct candidates *c, const char *path, struct err *err)
{
	struct wheel_name name;

	if (!wheel_name_parse(&name, &c->arena, fs_basename(path), err))
		return false;
	add_candidate(c, path, &name);
	return true;
}

struct project *candidates_find(struct candidates *c, const char *key)
{
	struct project *p = map_get(&c->projects, key);

	if (p && !p->is_sorted && p->len)
		qsort(p->items, p->len, sizeof(*p->items), cmp_candidates);
	if (p)
		p->is_sorted = true;
	return p;
}

const char *candidates_nearest(const struct candidates *c, const char *key)
{
	AUTO(auto_free) const char **keys = mem_alloc((c->projects.len + 1) * sizeof(*keys));

	for (size_t i = 0; i < c->projects.len; i++)
		keys[i] = c->projects.items[i].key;
	return str_nearest(key, keys, c->projects.len);
}

/* Is the target's Python among those wanted? Without a known patch, any patch may make it so. */
static bool python_fits(const struct specifier_set *wanted, const struct python_target *t,
			struct arena *a)
{
	static const int patches[] = { 0, 99 };
	size_t count = t->patch ? 1 : ARRAY_LEN(patches);

	for (size_t i = 0; i < count; i++) {
		struct err never = { 0 };
		struct version python;
		const char *text =
			arena_printf(a, "3.%d.%d", t->minor, t->patch ? t->patch : patches[i]);

		if (version_parse(&python, a, slice_of(text), &never) &&
		    specifier_set_matches(wanted, &python))
			return true;
	}
	return false;
}

static void check_python(struct candidate *ca, struct candidates *c)
{
	struct specifier_set wanted;
	struct err bad = { 0 };
	const char *text = ca->metadata.requires_python;

	if (!text)
		return;
	if (!specifier_set_parse(&wanted, &c->arena, slice_of(text), NULL, &bad))
		ca->unfit = arena_printf(&c->arena, "has a malformed Requires-Python '%s'", text);
	else if (!python_fits(&wanted, c->target, &c->arena))
		ca->unfit = arena_printf(&c->arena, "needs Python %s", text);
}

/* Requirements nobody can read rule the file out, not the whole command: old releases have such. */
static void parse_requires(struct candidate *ca, struct candidates *c)
{
	const struct str_list *texts = &ca->metadata.requires_dist;

	ca->requires_dist = ARENA_ARRAY(&c->arena, struct requirement, texts->len + 1);
	for (size_t i = 0; i < texts->len; i++) {
		struct err bad = { 0 };

		if (!requirement_parse(&ca->requires_dist[i], &c->arena, slice_of(texts->items[i]),
				       NULL, &bad)) {
			ca->unfit = arena_printf(&c->arena, "has a malformed Requires-Dist '%s'",
						 texts->items[i]);
			return;
		}
		ca->requires_count++;
	}
}

bool candidate_look(struct candidate *ca, struct candidates *c, struct err *err)
{
	if (ca->is_open)
		return true;
	if (!wheel_open(&ca->wheel, &ca->metadata, &c->arena, ca->path, &ca->name, err))
		return false;
	ca->is_open = true;
	parse_requires(ca, c);
	check_python(ca, c);
	return true;
}

bool candidate_hash(struct candidate *ca, struct candidates *c, struct err *err)
{
	/* SHA-256 is always made, for the cache key of the wheel */
	static const enum hash_kind others[] = { HASH_SHA384, HASH_SHA512 };

	if (ca->has_hashes)
		return true;
	if (!candidate_look(ca, c, err) ||
	    !wheel_read_hashes(&ca->wheel, others, c->only_sha256 ? 0 : ARRAY_LEN(others),
			       &ca->hashes[HASH_SHA384], err))
		return false;
	memcpy(ca->hashes[HASH_SHA256], ca->wheel.hash, SHA256_SIZE);
	ca->has_hashes = true;
	return true;
}
