// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "builder/driver.h"
#include "builder/layout.h"
#include "builder/stepcache.h"
#include "layers/file_index.h"
#include "registry/pull.h"

/* Base images: found in the store or the registry, their layers fetched only when someone asks. */

static bool blobs_open(struct blob_source *self, struct source **out, const struct descriptor *d,
		       struct err *err)
{
	struct base_blobs *b = (struct base_blobs *)self;
	const struct reference *origin;

	struct blob_source *cached = cache_remote_blobs(b->cache);

	if (store_has_blob(b->store, &d->digest, d->size))
		return store_open_blob(out, b->store, &d->digest, d->size, err);
	if (cached && cache_remote_knows(b->cache, &d->digest))
		return cached->open(cached, out, d, err);
	if (b->remote)
		return b->remote->open(b->remote, out, d, err);
	origin = store_blob_origin(b->store, &d->digest);
	if (!origin || !b->registry)
		return err_set(err, E_NOT_FOUND,
			       "layer %s is not in the store, and nothing tells where it is",
			       digest_format(&d->digest).text);
	struct blob_source *from = registry_blobs(b->registry, origin);

	return from->open(from, out, d, err);
}

/* A layer made here has no origin: a push that believed it had would be refused. */
static const struct reference *blobs_origin(struct blob_source *self, const struct descriptor *d)
{
	struct base_blobs *b = (struct base_blobs *)self;

	for (size_t i = 0; b->remote && b->remote->origin && i < b->layer_count; i++)
		if (digest_eq(&b->layers[i], &d->digest))
			return b->remote->origin(b->remote, d);
	if (cache_remote_origin(b->cache, &d->digest))
		return cache_remote_origin(b->cache, &d->digest);
	return store_blob_origin(b->store, &d->digest);
}

void base_blobs_init(struct base_blobs *b, struct store *store, struct registry *registry,
		     struct blob_source *remote, const struct image *from, struct arena *arena)
{
	size_t count = from ? from->manifest.layer_count : 0;

	*b = (struct base_blobs){ .source = { .open = blobs_open, .origin = blobs_origin },
				  .store = store,
				  .registry = registry,
				  .remote = remote,
				  .layers = arena_alloc(arena, (count + 1) * sizeof(*b->layers)),
				  .layer_count = count };
	for (size_t i = 0; i < count; i++)
		b->layers[i] = from->manifest.layers[i].digest;
}

/* The store's image when it has the name, unless the registry must be asked. */
static bool find_image(struct image *out, const struct build_env *env, bool pull,
		       const struct reference *ref, const struct platform *platform,
		       bool *remote_out, struct err *err)
{
	*remote_out = false;
	if (!pull && store_has_image(env->store, ref)) {
		if (store_find_image(out, env->store, ref, platform, err))
			return true;
		if (err->code != E_NOT_FOUND || !env->registry)
			return false;
		err_clear(err); /* there for other platforms only */
	}
	if (!env->registry)
		return err_set(err, E_NOT_FOUND, "it is not in the store");
	*remote_out = true;
	return company_pull(out, env, ref, platform, err);
}

bool base_find(struct image *out, struct base_blobs *blobs, const struct build_env *env, bool pull,
	       const char *name, const struct platform *platform, struct err *err)
{
	struct reference ref;
	bool remote = false;

	if (layout_is(name)) {
		if (!layout_import(out, env->store, name, platform, err))
			return false;
	} else {
		if (!reference_parse(&ref, name, err))
			return false;
		reference_default_tag(&ref);
		if (!find_image(out, env, pull, &ref, platform, &remote, err))
			return remote ? false /* which names it */
				      : err_wrap(err, "%s", reference_familiar(&ref).text);
	}
	base_blobs_init(blobs, env->store, env->registry, remote ? out->blobs : NULL, out,
			&out->arena);
	out->blobs = &blobs->source;
	return true;
}

static bool load(struct base *base, struct build *b, const char *name,
		 const struct platform *platform, struct err *err)
{
	struct platform have;

	if (!base_find(&base->image, &base->blobs, b->env, b->req->pull, name, platform, err))
		return false;
	have = image_platform(&base->image);
	if (!platform_matches(&have, platform))
		event_warn(b->env->events, "%s is for %s, not for %s", name,
			   platform_format(&have).text, platform_format(platform).text);
	return true;
}

/* The one of that name, made when nobody asked for it before. */
static struct base *enter(struct build_company *c, const char *key)
{
	struct base *base;

	lock_take(&c->lock);
	for (base = c->bases; base && !str_eq(base->name, key);)
		base = base->next;
	if (!base) {
		base = mem_alloc(sizeof(*base));
		base->name = mem_strdup(key);
		lock_init(&base->lock);
		lock_init(&base->files_lock);
		base->next = c->bases;
		c->bases = base;
	}
	lock_drop(&c->lock);
	return base;
}

bool base_get(struct base **out, struct build *b, const char *name, const struct platform *platform,
	      struct err *err)
{
	AUTO(auto_free) char *key = mem_printf("%s %s", name, platform_format(platform).text);
	struct base *base = enter(b->shared->company, key);
	bool ok;

	lock_take(&base->lock);
	if (base->state == BASE_NEW)
		base->state =
			load(base, b, name, platform, &base->failure) ? BASE_LOADED : BASE_FAILED;
	ok = base->state == BASE_LOADED;
	lock_drop(&base->lock);
	*out = base;
	if (!ok) {
		*err = base->failure;
		plan_hint_stage(b->plan, name, err);
	}
	return ok;
}

void bases_free(struct base *list)
{
	while (list) {
		struct base *next = list->next;

		tree_close(list->tree);
		image_free(&list->image);
		lock_free(&list->lock);
		lock_free(&list->files_lock);
		free(list->name);
		free(list);
		list = next;
	}
}

bool base_fetch_layers(const struct build_env *env, const struct image *img, size_t first,
		       size_t count, struct err *err)
{
	struct image part = *img; /* the same documents, fewer layers */
	bool whole = true;

	part.manifest.layers += first;
	part.manifest.layer_count = count;
	for (size_t i = 0; i < count; i++)
		whole = whole && store_has_blob(env->store, &part.manifest.layers[i].digest,
						part.manifest.layers[i].size);
	if (whole)
		return true;
	if (!env->registry)
		return err_set(err, E_NOT_FOUND, "layers of the base are not in the store");
	return registry_fetch_layers(env->registry, env->store, &part, 0, err) ||
	       err_wrap(err, "fetch the base's layers");
}

/* The layers from number `first` on, as many as are not in the store. */
static bool fetch_from(struct build *b, const struct base *base, size_t first, struct err *err)
{
	return base_fetch_layers(b->env, &base->image, first,
				 base->image.manifest.layer_count - first, err);
}

/* Holding files_lock. */
static bool fetch_all(struct build *b, struct base *base, struct err *err)
{
	base->fetched = base->fetched || fetch_from(b, base, 0, err);
	return base->fetched;
}

bool base_fetch(struct build *b, struct base *base, struct err *err)
{
	bool ok;

	lock_take(&base->files_lock);
	ok = fetch_all(b, base, err);
	lock_drop(&base->files_lock);
	return ok;
}

bool base_files(struct tree **out, struct build *b, struct base *base, struct err *err)
{
	bool ok;

	lock_take(&base->files_lock);
	ok = fetch_all(b, base, err) &&
	     (base->tree || base_tree(&base->tree, b, base, NULL, 0, err));
	*out = base->tree;
	lock_drop(&base->files_lock);
	return ok;
}

struct digest *base_diff_ids(const struct base *base, const struct layer *layers, size_t count,
			     size_t *count_out)
{
	size_t below = base ? config_diff_id_count(&base->image.config) : 0;
	struct digest *out = mem_alloc((below + count + 1) * sizeof(*out));

	for (size_t i = 0; i < below; i++)
		out[i] = config_diff_id(&base->image.config, i);
	for (size_t i = 0; i < count; i++)
		out[below + i] = layers[i].diff_id;
	*count_out = below + count;
	return out;
}

/* All layers of a base (may be NULL) and those on top, lowest first; the caller frees. */
static bool join_layers(struct tree_layer **out, size_t *count_out, const struct base *base,
			const struct layer *layers, size_t count, struct err *err)
{
	size_t below = base ? base->image.manifest.layer_count : 0;
	struct tree_layer *all;

	if (base && config_diff_id_count(&base->image.config) != below)
		return err_set(err, E_INTEGRITY, "the base lists %zu layers, its config %zu", below,
			       config_diff_id_count(&base->image.config));
	all = mem_alloc((below + count + 1) * sizeof(*all));
	for (size_t i = 0; i < below; i++)
		all[i] = (struct tree_layer){ .descriptor = base->image.manifest.layers[i],
					      .diff_id = config_diff_id(&base->image.config, i) };
	for (size_t i = 0; i < count; i++)
		all[below + i] = (struct tree_layer){ .descriptor = layers[i].descriptor,
						      .diff_id = layers[i].diff_id };
	*out = all;
	*count_out = below + count;
	return true;
}

static bool open_tree(struct tree **out, struct build *b, const struct tree_layer *layers,
		      size_t count, struct err *err)
{
	AUTO(auto_close) int indexes = -1;

	return store_subdir(&indexes, b->env->store, "cache/indexes", err) &&
	       tree_open(out, store_blobs(b->env->store), layers, count, indexes, err);
}

bool base_tree(struct tree **out, struct build *b, const struct base *base,
	       const struct layer *layers, size_t count, struct err *err)
{
	AUTO(auto_free) struct tree_layer *all = NULL;
	size_t total;

	return stepcache_fetch(b, layers, count, err) &&
	       join_layers(&all, &total, base, layers, count, err) &&
	       open_tree(out, b, all, total, err);
}

/* A regular file there, through links inside what the tree holds. */
static bool has_file(const struct tree *t, const char *path)
{
	const struct entry *e;
	struct err ignored = { 0 };

	return tree_find(&e, NULL, t, path, true, &ignored) && e && e->kind == ENTRY_FILE;
}

/* The layer of that number, counted from the lowest, comes to the store. */
static bool bring_layer(struct build *b, struct base *base, const struct layer *layers,
			size_t number, struct err *err)
{
	size_t below = base ? base->image.manifest.layer_count : 0;
	bool ok;

	if (number >= below)
		return stepcache_fetch(b, &layers[number - below], 1, err);
	lock_take(&base->files_lock); /* two that ask at once get it once */
	ok = base->fetched || fetch_from(b, base, number, err);
	lock_drop(&base->files_lock);
	return ok;
}

/* Looking into it costs next to nothing. */
static bool is_at_hand(const struct build *b, const struct tree_layer *layer, int indexes)
{
	return store_has_blob(b->env->store, &layer->descriptor.digest, layer->descriptor.size) &&
	       file_index_is_kept(&layer->diff_id, indexes);
}

bool base_upper(struct tree **out, struct build *b, struct base *base, const struct layer *layers,
		size_t count, upper_ask_fn *ask, const void *arg, struct err *err)
{
	AUTO(auto_free) struct tree_layer *all = NULL;
	AUTO(auto_close) int indexes = -1;
	enum upper_says says = UPPER_MORE;
	size_t total;

	*out = NULL;
	if (!store_subdir(&indexes, b->env->store, "cache/indexes", err) ||
	    !join_layers(&all, &total, base, layers, count, err))
		return false;
	for (size_t first = total; first-- > 1 && says == UPPER_MORE;) {
		AUTO(auto_tree_close) struct tree *tree = NULL;

		if (!bring_layer(b, base, layers, first, err))
			return false;
		if (is_at_hand(b, &all[first - 1], indexes))
			continue; /* it is looked into together with this one */
		if (!tree_open_upper(&tree, store_blobs(b->env->store), all + first, total - first,
				     indexes, err))
			return false;
		says = tree ? ask(arg, tree) : UPPER_MORE;
		if (says == UPPER_ENOUGH)
			*out = STEAL(tree);
	}
	return true;
}

struct wanted_names {
	bool passwd, group;
};

static enum upper_says ask_names(const void *arg, const struct tree *upper)
{
	const struct wanted_names *w = arg;

	return (!w->passwd || has_file(upper, "/etc/passwd")) &&
			       (!w->group || has_file(upper, "/etc/group"))
		       ? UPPER_ENOUGH
		       : UPPER_MORE;
}

bool base_names(struct tree **out, struct build *b, const struct product *p, bool passwd,
		bool group, struct err *err)
{
	const struct wanted_names wanted = { passwd, group };

	if (!base_upper(out, b, p->base, p->layers.items, p->layers.len, ask_names, &wanted, err))
		return false;
	return *out || ((!p->base || base_fetch(b, p->base, err)) &&
			base_tree(out, b, p->base, p->layers.items, p->layers.len, err));
}
