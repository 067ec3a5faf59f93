// SPDX-License-Identifier: Apache-2.0
#include "python/candidates.h"

#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "python/location.h"
#include "python/name.h"

/*
 * Which files could be installed, in order of preference. What is in them is candidate_files.c's,
 * which ones will be taken wheels.c's.
 */

static void candidate_close(struct candidate *ca)
{
	if (ca->is_open)
		wheel_close(&ca->wheel);
	metadata_free(&ca->metadata);
}

void candidates_init(struct candidates *c, const struct python_target *target,
		     struct index_client *client, struct events *events)
{
	*c = (struct candidates){ .target = target, .client = client, .events = events };
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
		free(p->sources.items);
	}
	map_free(&c->projects);
	map_free(&c->asked);
	map_free(&c->pythons);
	tag_ranks_free(&c->ranks);
	str_list_free(&c->places);
	str_list_free(&c->indexes);
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

/* Later versions (those that were not yanked before the others), then better tags, then higher
 * builds, then the first one found: pip's order. */
static int cmp_candidates(const void *left, const void *right)
{
	const struct candidate *a = *(const struct candidate *const *)left;
	const struct candidate *b = *(const struct candidate *const *)right;
	int c = (a->rank == SIZE_MAX) - (b->rank == SIZE_MAX);

	if (!c)
		c = -version_cmp(&a->name.version, &b->name.version);
	if (!c)
		c = candidate_is_yanked(a) - candidate_is_yanked(b);
	if (!c)
		c = (a->rank > b->rank) - (a->rank < b->rank);
	if (!c)
		c = -wheel_name_cmp_build(&a->name, &b->name);
	return c ? c : (a->order > b->order) - (a->order < b->order);
}

static struct candidate *add_candidate(struct candidates *c, const char *filename,
				       const struct wheel_name *name)
{
	struct project *p = project_for(c, name->key);
	struct candidate *ca = ARENA_NEW(&c->arena, struct candidate);

	ca->filename = filename;
	ca->name = *name;
	ca->order = c->count++;
	if (!wheel_name_rank(&ca->rank, name, &c->ranks))
		ca->unfit = "is built for other targets";
	*ARRAY_PUSH(p) = ca;
	p->is_sorted = false;
	return ca;
}

static struct candidate *add_local(struct candidates *c, const char *path,
				   const struct wheel_name *name)
{
	const char *kept = arena_strdup(&c->arena, path);
	struct candidate *ca = add_candidate(c, fs_basename(kept), name);

	ca->path = ca->id = kept;
	return ca;
}

bool candidate_is_yanked(const struct candidate *ca)
{
	return ca->file && ca->file->yanked;
}

/* "numpy-1.26.4.tar.gz": the part before the version; empty when it is no source archive. */
static struct slice source_name(const char *filename)
{
	static const char *const suffixes[] = { ".tar.gz", ".zip", ".tar.bz2", ".tgz", ".tar.xz" };

	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		struct slice stem = slice_of(filename);
		const char *dash;

		if (!str_has_suffix(filename, suffixes[i]))
			continue;
		stem.len -= strlen(suffixes[i]);
		dash = memrchr(stem.ptr, '-', stem.len);
		return (struct slice){ filename, dash ? (size_t)(dash - filename) : 0 };
	}
	return (struct slice){ 0 };
}

/* Known only to be named when nothing better is there, and for locks. */
static struct project *add_source(struct candidates *c, const char *key, const char *filename)
{
	struct slice name = source_name(filename);
	struct project *p;

	if (!name.len)
		return NULL;
	p = project_for(c, key ? key : name_normalize(&c->arena, name));
	str_list_push_take(&p->others, mem_printf("%s is a source archive", filename));
	return p;
}

static void add_named_file(struct candidates *c, const char *dir, const char *filename)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", dir, filename);
	struct wheel_name name;
	struct err bad = { 0 };
	struct slice rest;

	if (!str_has_suffix(filename, ".whl")) {
		add_source(c, NULL, filename);
		return;
	}
	if (wheel_name_parse(&name, &c->arena, filename, &bad)) {
		add_local(c, path, &name);
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

bool candidates_add_file(struct candidates *c, const struct requirement_line *line, struct err *err)
{
	struct wheel_name name;

	if (!wheel_name_parse(&name, &c->arena, fs_basename(line->path), err))
		return false;
	add_local(c, line->path, &name)->line = line;
	return true;
}

const char *candidates_nearest(const struct candidates *c, const char *key)
{
	AUTO(auto_free) const char **keys = mem_alloc((c->projects.len + 1) * sizeof(*keys));

	for (size_t i = 0; i < c->projects.len; i++)
		keys[i] = c->projects.items[i].key;
	return str_nearest(key, keys, c->projects.len);
}

/* --- what indexes have --- */

/* A wheel that a page lists. `key` NULL: the page is of several projects. */
static void add_listed_wheel(struct candidates *c, const char *key, const struct simple_file *f,
			     const char *index)
{
	struct wheel_name name;
	struct err bad = { 0 };
	struct candidate *ca;

	if (!wheel_name_parse(&name, &c->arena, f->filename, &bad)) {
		if (key)
			str_list_push_take(&project_for(c, key)->others,
					   mem_printf("%s has no valid wheel name", f->filename));
		return;
	}
	if (key && !str_eq(key, name.key)) {
		str_list_push_take(&project_for(c, key)->others,
				   mem_printf("%s is of another project", f->filename));
		return;
	}
	ca = add_candidate(c, f->filename, &name);
	ca->file = f;
	ca->index = index;
	ca->id = f->url;
	ca->hashes = f->hashes;
	if (!ca->unfit)
		ca->unfit = f->refused ? f->refused : candidates_python(c, f->requires_python);
	if (ca->unfit)
		ca->rank = SIZE_MAX;
}

static void say_status(struct candidates *c, const char *key, const struct simple_page *page)
{
	AUTO(auto_free)
	char *text = mem_printf("%s%s%s", page->status ? page->status : "",
				page->status_reason ? ": " : "",
				page->status_reason ? page->status_reason : "");
	AUTO(auto_free) char *shown = str_printable(text, strlen(text), 300);

	if (page->newer && !c->said_newer) {
		event_warn(
			c->events,
			"a package index speaks %s of its format; rtbuild may not know all of it",
			page->newer);
		c->said_newer = true;
	}
	if (!page->status)
		return;
	event_warn(c->events, "the project %s is %s", key, shown);
	if (!page->len)
		str_list_push_take(&project_for(c, key)->others,
				   mem_printf("its index has it as %s", shown));
}

/* The page's texts are in the arena of `c` already. */
static void add_page(struct candidates *c, const char *key, const struct simple_page *page,
		     const char *index)
{
	struct simple_file *files = ARENA_ARRAY(&c->arena, struct simple_file, page->len + 1);

	if (page->len)
		memcpy(files, page->items, page->len * sizeof(*files));
	for (size_t i = 0; i < page->len; i++) {
		struct project *p;

		if (str_has_suffix(files[i].filename, ".whl")) {
			add_listed_wheel(c, key, &files[i], index);
			continue;
		}
		p = add_source(c, key, files[i].filename);
		if (p)
			*ARRAY_PUSH(&p->sources) = &files[i];
	}
	say_status(c, key ? key : index, page);
}

/* Of several hashes any one will do, so only one alone is a promise. */
static void take_hash(struct simple_file *f, const struct requirement_line *line)
{
	const struct requirement_hash *h = line->hashes;

	if (line->hash_count != 1)
		return;
	memcpy(f->hashes.values[h->kind], h->value, hash_kind_size(h->kind));
	f->hashes.known[h->kind] = true;
}

bool candidates_add_url(struct candidates *c, const struct requirement_line *line, struct err *err)
{
	AUTO(auto_free) char *plain = NULL;
	struct simple_file *f = ARENA_NEW(&c->arena, struct simple_file);
	size_t path = strcspn(line->url, "?");
	char *filename;
	struct wheel_name name;
	struct candidate *ca;

	if (!index_client_take(&plain, c->client, line->url, err))
		return false;
	filename = arena_slice(&c->arena, (struct slice){ line->url, path });
	filename = arena_strdup(&c->arena, fs_basename(filename));
	str_urldecode(filename);
	if (!wheel_name_parse(&name, &c->arena, filename, err))
		return false;
	*f = (struct simple_file){ .filename = filename,
				   .url = arena_strdup(&c->arena, plain),
				   .size = -1 };
	take_hash(f, line);
	ca = add_candidate(c, filename, &name);
	ca->file = f;
	ca->id = f->url;
	ca->hashes = f->hashes;
	ca->given_url = arena_strdup(&c->arena, line->url);
	ca->line = line;
	return true;
}

static bool add_locked(struct candidates *c, const struct locked_wheel *w, const char *index,
		       struct err *err)
{
	AUTO(auto_free) char *plain = NULL;
	struct simple_file *f = ARENA_NEW(&c->arena, struct simple_file);
	struct wheel_name name;
	struct candidate *ca;

	if (!wheel_name_parse(&name, &c->arena, w->file.filename, err))
		return false;
	if (w->path) {
		ca = add_local(c, w->path, &name);
		ca->filename = w->file.filename;
		ca->locked = &w->file;
		return true;
	}
	if (!c->client)
		return location_refuse_remote(w->file.url, err);
	if (!index_client_take(&plain, c->client, w->file.url, err))
		return false;
	*f = w->file;
	f->url = arena_strdup(&c->arena, plain);
	ca = add_candidate(c, f->filename, &name);
	ca->file = f;
	ca->id = f->url;
	ca->index = index;
	ca->hashes = f->hashes;
	return true;
}

void candidates_close_project(struct candidates *c, const char *key)
{
	map_put(&c->asked, key, NULL);
}

bool candidates_add_locked(struct candidates *c, const struct requirement_line *line,
			   struct err *err)
{
	for (size_t i = 0; i < line->wheel_count; i++)
		if (!add_locked(c, &line->wheels[i], line->index, err))
			return false;
	candidates_close_project(c, line->requirement.key);
	return true;
}

bool candidates_add_page(struct candidates *c, const char *url, struct err *err)
{
	AUTO(simple_page_free) struct simple_page page = { 0 };
	AUTO(auto_free) char *plain = NULL;
	bool found;

	if (!index_client_take(&plain, c->client, url, err))
		return false;
	if (str_list_has(&c->places, plain))
		return true;
	if (!index_client_page(&page, &found, c->client, &c->arena, plain, err))
		return err_wrap(err, "find-links");
	if (!found)
		return err_set(err, E_NOT_FOUND, "find-links %s: there is no such page", plain);
	str_list_push(&c->places, plain);
	add_page(c, NULL, &page, arena_strdup(&c->arena, plain));
	return true;
}

bool candidates_add_index(struct candidates *c, const char *url, struct err *err)
{
	AUTO(auto_free) char *plain = NULL;

	if (!index_client_take(&plain, c->client, url, err))
		return false;
	if (str_list_has(&c->indexes, plain))
		return true;
	str_list_push(&c->indexes, plain);
	str_list_push(&c->places, plain);
	return true;
}

/* One project asked of the indexes in their order. */
struct load {
	const char *key;
	const char *index; /* the one that has it; NULL: none */
	struct simple_page page;
	struct arena arena;
};

struct loads {
	struct candidates *candidates;
	struct load *items;
	size_t len;
};

static void loads_free(struct loads *l)
{
	for (size_t i = 0; i < l->len; i++) {
		simple_page_free(&l->items[i].page);
		arena_free(&l->items[i].arena);
	}
	free(l->items);
}

static bool load_one(void *arg, size_t job, struct err *err)
{
	const struct loads *all = arg;
	const struct str_list *indexes = &all->candidates->indexes;
	struct load *l = &all->items[job];

	for (size_t i = 0; i < indexes->len && !l->index; i++) {
		bool found = false;

		if (!index_client_project(&l->page, &found, all->candidates->client, &l->arena,
					  indexes->items[i], l->key, err))
			return false;
		if (found)
			l->index = indexes->items[i];
	}
	return true;
}

bool candidates_load(struct candidates *c, const char *const *keys, size_t count, struct err *err)
{
	AUTO(loads_free)
	struct loads l = { .candidates = c, .items = mem_alloc((count + 1) * sizeof(*l.items)) };

	for (size_t i = 0; i < count && c->indexes.len; i++) {
		if (map_has(&c->asked, keys[i]))
			continue;
		map_put(&c->asked, keys[i], NULL);
		l.items[l.len++].key = arena_strdup(&c->arena, keys[i]);
	}
	if (l.len && !parallel_run(l.len, LIMIT_PARALLEL_PAGES, load_one, &l, err))
		return false;
	for (size_t i = 0; i < l.len; i++) {
		struct load *one = &l.items[i];

		arena_adopt(&c->arena, &one->arena);
		if (one->index)
			add_page(c, one->key, &one->page, arena_strdup(&c->arena, one->index));
	}
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
