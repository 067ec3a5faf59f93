// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "builder/driver.h"
#include "builder/layout.h"
#include "registry/pull.h"

/* Base images: found in the store or the registry, their layers fetched only when someone asks. */

static bool blobs_open(struct blob_source *self, struct source **out, const struct descriptor *d,
		       struct err *err)
{
	struct base_blobs *b = (struct base_blobs *)self;
	const struct reference *origin;

	if (store_has_blob(b->store, &d->digest, d->size))
		return store_open_blob(out, b->store, &d->digest, d->size, err);
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
static bool find_image(struct image *out, struct build *b, const struct reference *ref,
		       const struct platform *platform, bool *remote_out, struct err *err)
{
	*remote_out = false;
	if (!b->req->pull && store_has_image(b->env->store, ref)) {
		if (store_find_image(out, b->env->store, ref, platform, err))
			return true;
		if (err->code != E_NOT_FOUND || !b->env->registry)
			return false;
		err_clear(err); /* there for other platforms only */
	}
	if (!b->env->registry)
		return err_set(err, E_NOT_FOUND, "it is not in the store");
	*remote_out = true;
	return registry_pull(out, NULL, b->env->registry, b->env->store, ref, platform, err);
}

static bool load(struct base *base, struct build *b, const char *name,
		 const struct platform *platform, struct err *err)
{
	struct reference ref;
	struct platform have;
	bool remote;

	if (layout_is(name)) {
		remote = false;
		if (!layout_import(&base->image, b->env->store, name, platform, err))
			return false;
	} else {
		if (!reference_parse(&ref, name, err))
			return false;
		reference_default_tag(&ref);
		if (!find_image(&base->image, b, &ref, platform, &remote, err))
			return err_wrap(err, "%s", reference_familiar(&ref).text);
	}
	base_blobs_init(&base->blobs, b->env->store, b->env->registry,
			remote ? base->image.blobs : NULL, &base->image, &base->image.arena);
	base->image.blobs = &base->blobs.source;
	have = image_platform(&base->image);
	if (!platform_matches(&have, platform))
		event_warn(b->env->events, "%s is for %s, not for %s", name,
			   platform_format(&have).text, platform_format(platform).text);
	return true;
}

bool base_get(struct base **out, struct build *b, const char *name, const struct platform *platform,
	      struct err *err)
{
	AUTO(auto_free) char *key = mem_printf("%s %s", name, platform_format(platform).text);
	struct base *base;

	for (base = b->bases; base; base = base->next) {
		if (str_eq(base->name, key)) {
			*out = base;
			return true;
		}
	}
	base = mem_alloc(sizeof(*base));
	if (!load(base, b, name, platform, err)) {
		free(base);
		return false;
	}
	base->name = STEAL(key);
	base->next = b->bases;
	b->bases = base;
	*out = base;
	return true;
}

void bases_free(struct base *list)
{
	while (list) {
		struct base *next = list->next;

		tree_close(list->tree);
		image_free(&list->image);
		free(list->name);
		free(list);
		list = next;
	}
}

bool base_fetch(struct build *b, struct base *base, struct err *err)
{
	const struct manifest *m = &base->image.manifest;
	bool whole = true;

	if (base->fetched)
		return true;
	for (size_t i = 0; i < m->layer_count; i++)
		whole = whole &&
			store_has_blob(b->env->store, &m->layers[i].digest, m->layers[i].size);
	if (!whole && !b->env->registry)
		return err_set(err, E_NOT_FOUND, "layers of the base are not in the store");
	if (!whole && !registry_fetch_layers(b->env->registry, b->env->store, &base->image, err))
		return err_wrap(err, "fetch the base's layers");
	base->fetched = true;
	return true;
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

bool base_tree(struct tree **out, struct build *b, const struct base *base,
	       const struct layer *layers, size_t count, struct err *err)
{
	AUTO(auto_free) struct tree_layer *all = NULL;
	AUTO(auto_close) int indexes = -1;
	size_t below = base ? base->image.manifest.layer_count : 0;

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
	return store_subdir(&indexes, b->env->store, "cache/indexes", err) &&
	       tree_open(out, store_blobs(b->env->store), all, below + count, indexes, err);
}
