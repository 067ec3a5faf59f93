// SPDX-License-Identifier: Apache-2.0
#include "builder/definition.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "builder/cache.h"
#include "builder/download.h"
#include "builder/spool.h"

/* What a step is defined by, as a key. The key of what it comes to is copystep.c's. */

/* --- the files of a context --- */

typedef bool visit_fn(void *arg, const char *rest, const struct entry *e, struct err *err);

/* Which --parents copies with a match. */
static bool visit_parents(const struct definition *d, const char *path, visit_fn *visit, void *arg,
			  struct err *err)
{
	AUTO(auto_free) char *above = mem_strdup(path);

	for (char *slash = strrchr(above, '/'); slash; slash = strrchr(above, '/')) {
		const struct entry *e;

		*slash = '\0';
		e = files_find(d->from, above);
		if (e && !visit(arg, above, e, err))
			return false;
	}
	return true;
}

static bool visit_match(const struct definition *d, const char *path, visit_fn *visit, void *arg,
			struct err *err)
{
	const struct entry *e;
	size_t first, end, prefix;

	if (!files_follow(&e, d->from, path, err))
		return false;
	if (!e)
		return err_set(err, E_NOT_FOUND, "'%s' is a link that leads nowhere", path);
	if (!visit_parents(d, path, visit, arg, err) || !visit(arg, path, e, err))
		return false;
	if (e->kind != ENTRY_DIR)
		return true;
	prefix = e->path[0] ? strlen(e->path) + 1 : 0;
	files_below(d->from, e->path, &first, &end);
	for (size_t i = first; i < end; i++) {
		const struct entry *item = d->from->items[i];
		const char *rest = item->path + prefix;

		/* an excluded directory may be kept for what is taken back inside */
		if ((item->kind == ENTRY_DIR || !dockerignore_matches(d->excludes, rest)) &&
		    !visit(arg, rest, item, err))
			return false;
	}
	return true;
}

static bool visit_sources(const struct step *step, const struct definition *d, visit_fn *visit,
			  void *arg, struct err *err)
{
	for (size_t i = 0; d->from && i < step->copy.source_count; i++) {
		AUTO(str_list_free) struct str_list matches = { 0 };

		if (!files_select(&matches, d->from, step->copy.sources[i], err))
			return false;
		for (size_t k = 0; k < matches.len; k++)
			if (!visit_match(d, matches.items[k], visit, arg, err))
				return false;
	}
	return true;
}

static bool learn(void *arg, const char *rest, const struct entry *e, struct err *err)
{
	(void)arg;
	(void)rest;
	return e->kind != ENTRY_FILE || !context_is_file(e) || context_learn(e, err);
}

bool definition_learn(const struct step *step, const struct definition *d, struct err *err)
{
	return d->identity || visit_sources(step, d, learn, NULL, err);
}

/* NULL: nobody has read it yet. */
static const unsigned char *hash_of(unsigned char own[SHA256_SIZE], const struct entry *e)
{
	if (context_is_file(e))
		return context_hash(e);
	if (e->open == spool_open_range)
		return ((const struct spool_range *)e->data)->hash;
	if (e->open != entry_open_bytes && e->size)
		return NULL;
	sha256_of(own, e->size ? e->data : "", (size_t)e->size);
	return own;
}

struct keying {
	struct cache_key *key;
	struct map links; /* files with several names -> the number of the first */
};

/* Names of one file become one file: by number, since an inode's means nothing elsewhere. Whether
 * it is the first of them, whose bytes stand for all. */
static bool is_first(struct keying *keying, const struct entry *e)
{
	AUTO(auto_free) char *identity = NULL;
	size_t number;

	if (e->kind != ENTRY_FILE || !context_is_file(e) || !context_has_links(e))
		return true;
	identity = context_identity(e);
	number = (size_t)(uintptr_t)map_get(&keying->links, identity);
	cache_key_number(keying->key, (int64_t)number);
	if (!number)
		map_put(&keying->links, identity,
			(void *)(uintptr_t)(keying->links.len + 1)); /* NOLINT */
	return !number;
}

/* Everything of a file but its time. */
static bool key_file(void *arg, const char *rest, const struct entry *e, struct err *err)
{
	struct keying *keying = arg;
	unsigned char own[SHA256_SIZE];
	const unsigned char *hash;

	cache_key_text(keying->key, rest);
	cache_key_entry(keying->key, e);
	if (!is_first(keying, e) || e->kind != ENTRY_FILE)
		return true;
	hash = hash_of(own, e);
	if (!hash)
		return err_set(err, E_INPUT, "'%s' was not read yet", e->path);
	cache_key_bytes(keying->key, hash, SHA256_SIZE);
	return true;
}

/* --- the step --- */

static void key_texts(struct cache_key *k, const char *const *texts, size_t count)
{
	cache_key_number(k, (int64_t)count);
	for (size_t i = 0; i < count; i++)
		cache_key_text(k, texts[i]);
}

static void key_step(struct cache_key *k, const struct step *step)
{
	const struct step_copy *c = &step->copy;

	cache_key_number(k, step->kind);
	cache_key_text(k, step->in->original); /* with every flag there is or will be */
	cache_key_text(k, step->text);
	cache_key_text(k, step->user);
	cache_key_number(k, c->link + 2 * c->parents + 4 * c->keep_git_dir);
	cache_key_number(k, c->has_unpack + 2 * c->unpack);
	cache_key_text(k, c->chown);
	cache_key_text(k, c->chmod);
	key_texts(k, c->excludes, c->exclude_count);
	key_texts(k, c->sources, c->source_count);
	cache_key_number(k, (int64_t)c->inline_count);
	for (size_t i = 0; i < c->inline_count; i++) {
		cache_key_text(k, c->inlines[i].name);
		cache_key_text(k, c->inlines[i].content);
	}
	cache_key_text(k, c->dest);
}

/* The stage so far: what destinations and names of users are looked up in. */
static void key_stage(struct cache_key *k, const struct build *b, const struct product *p)
{
	size_t count;
	AUTO(auto_free)
	struct digest *below = base_diff_ids(p->base, p->layers.items, p->layers.len, &count);
	struct digest chain = cache_chain(below, count);

	cache_key_bytes(k, chain.bytes, sizeof(chain.bytes));
	cache_key_number(k, p->view.base);
	/* which an unread base is taken to have */
	cache_key_text(k, p->base ? config_text(&p->base->image.config, "WorkingDir") : NULL);
	cache_key_text(k, config_text(&p->config, "WorkingDir"));
	cache_key_number(k, b->req->keep_times);
	cache_key_number(k, b->created);
}

static bool has_downloads(const struct step *step)
{
	for (size_t i = 0; i < step->copy.source_count; i++)
		if (download_is_url(step->copy.sources[i]) ||
		    download_is_git(step->copy.sources[i]))
			return true;
	return false;
}

bool definition_key(struct digest *out, struct build *b, size_t stage, const struct step *step,
		    const struct definition *d)
{
	struct err ignored = { 0 };
	struct cache_key k;
	struct keying keying = { .key = &k };
	bool known;

	if (has_downloads(step))
		return false;
	cache_key_begin(&k, "definition", &b->req->layer);
	key_stage(&k, b, &b->products[stage]);
	key_step(&k, step);
	if (d->chain)
		cache_key_bytes(&k, d->chain->bytes, sizeof(d->chain->bytes));
	cache_key_text(&k, d->identity);
	known = d->identity || visit_sources(step, d, key_file, &keying, &ignored);
	map_free(&keying.links);
	if (known)
		*out = cache_key_end(&k);
	else
		cache_key_free(&k);
	return known;
}
