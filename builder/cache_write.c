// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/mem.h"
#include "builder/cache_records.h"
#include "builder/cache_remote_private.h"
#include "registry/archive_write.h"
#include "registry/push.h"

/* --cache-to: what steps came to, written where another machine finds it. */

static bool is_in(const struct image *img, const struct digest *d)
{
	for (size_t i = 0; i < img->manifest.layer_count; i++)
		if (digest_eq(&img->manifest.layers[i].digest, d))
			return true;
	return false;
}

/* The other keys of layers that were found in a cache: a build that knew everything writes what it
 * read. */
static void add_known(struct cache_records *out, const struct cache_remote *c,
		      const struct map *layers)
{
	for (size_t i = 0; i < c->known.len; i++) {
		const struct known *k = c->known.items[i].value;
		AUTO(auto_free) char *text = mem_printf("sha256:%s", c->known.items[i].key);
		struct err ignored = { 0 };
		struct digest key;

		if (map_has(layers, digest_hex(&k->layer.descriptor.digest).text) &&
		    !map_has(&c->noted, c->known.items[i].key) &&
		    digest_parse(&key, text, &ignored))
			cache_records_add(out, &key, &k->layer);
	}
}

/* mode=min: only what the images hold anyway. */
static void collect(struct cache_records *out, struct cache_remote *c, bool all,
		    const struct image *const *images, size_t image_count)
{
	AUTO(map_free) struct map layers = { 0 };

	lock_take(&c->lock);
	for (size_t i = 0; i < c->noted.len; i++) {
		const struct noted *noted = c->noted.items[i].value;
		const struct cache_record *r = &noted->record;
		bool wanted = all;

		for (size_t k = 0; k < image_count && !wanted; k++)
			wanted = is_in(images[k], &r->layer.descriptor.digest);
		if (!wanted)
			continue;
		cache_records_add(out, &r->key, &r->layer);
		map_put(&layers, digest_hex(&r->layer.descriptor.digest).text, c);
	}
	add_known(out, c, &layers);
	lock_drop(&c->lock);
}

static bool has_defined(const struct cache_remote *c, const struct digest *layer)
{
	for (size_t i = 0; i < c->noted.len; i++) {
		const struct noted *noted = c->noted.items[i].value;

		if (noted->defined && digest_eq(&noted->record.layer.descriptor.digest, layer))
			return true;
	}
	return false;
}

static void collect_defined(struct cache_records *out, struct cache_remote *c)
{
	lock_take(&c->lock);
	for (size_t i = 0; i < c->noted.len; i++) {
		const struct noted *noted = c->noted.items[i].value;
		const struct cache_record *r = &noted->record;

		if (noted->defined || !has_defined(c, &r->layer.descriptor.digest))
			cache_records_add(out, &r->key, &r->layer);
	}
	lock_drop(&c->lock);
}

void cache_remote_put_inline(struct cache_remote *c, struct config *config,
			     const struct layer *layers, size_t count)
{
	AUTO(cache_records_free) struct cache_records records = { 0 };
	bool wanted = false;

	for (size_t i = 0; c && i < c->opt.to_count; i++)
		wanted = wanted || c->opt.to[i].kind == CACHE_INLINE;
	if (!wanted)
		return;
	collect_defined(&records, c);
	cache_records_put_inline(config, &records, layers, count);
}

/* A reference in the cache's own registry, best the cache's own repository. */
static const struct reference *mount_from(const struct cache_place *to,
					  const struct reference *pushed, size_t count)
{
	const struct reference *best = NULL;

	for (size_t i = 0; i < count; i++) {
		if (reference_same_repository(&pushed[i], &to->ref))
			return NULL; /* it has them: a HEAD each tells */
		if (!best && str_eq(reference_api_host(&pushed[i]), reference_api_host(&to->ref)))
			best = &pushed[i];
	}
	return best;
}

/* A cache is pushed as any image: same registry means no bytes, what is there is not sent. */
static bool write_registry(struct cache_remote *c, const struct cache_place *to,
			   const struct manifest *m, const struct reference *pushed, size_t count,
			   struct err *err)
{
	AUTO(image_free) struct image img = { 0 };
	struct push_options opt = { .mount_from = mount_from(to, pushed, count) };

	return image_open(&img, m->raw, m->raw_len, NULL, cache_empty_config,
			  strlen(cache_empty_config), cache_remote_blobs(c), err) &&
	       registry_push(c->opt.registry, &img, &to->ref, NULL, &opt, err);
}

static bool write_local(struct cache_remote *c, const struct cache_place *to,
			const struct manifest *m, struct err *err)
{
	struct archive_root root = { .media_type = m->media_type,
				     .raw = m->raw,
				     .raw_len = m->raw_len,
				     .names = &to->ref,
				     .name_count = 1 };
	struct archive_request request = { .format = ARCHIVE_OCI,
					   .roots = &root,
					   .root_count = 1,
					   .blobs = cache_remote_blobs(c) };

	return archive_write_layout(to->dir, &request, err);
}

static bool write_one(struct cache_remote *c, const struct cache_place *to,
		      const struct image *const *images, size_t image_count,
		      const struct reference *pushed, size_t pushed_count, struct err *err)
{
	AUTO(cache_records_free) struct cache_records records = { 0 };
	AUTO(arena_free) struct arena arena = { 0 };
	struct reference_text name = reference_familiar(&to->ref);
	const char *where = to->kind == CACHE_LOCAL ? to->dir : name.text;
	uint64_t task;
	struct manifest m;
	bool ok;

	if (to->kind == CACHE_INLINE)
		return true;
	collect(&records, c, to->all, images, image_count);
	if (!cache_records_encode(&m, &records, &arena))
		event_warn(c->opt.events,
			   "cache %s: more layers than a cache can list; some are "
			   "left out",
			   where);
	task = event_start(c->opt.events, "cache to %s", where);
	ok = to->kind == CACHE_LOCAL ? write_local(c, to, &m, err)
				     : write_registry(c, to, &m, pushed, pushed_count, err);
	if (!ok) {
		event_failed(c->opt.events, task);
		return err_wrap(err, "cache to %s", where);
	}
	event_done(c->opt.events, task, "%zu layers", m.layer_count);
	return true;
}

bool cache_remote_write(struct cache_remote *c, const struct image *const *images,
			size_t image_count, const struct reference *pushed, size_t pushed_count,
			struct err *err)
{
	for (size_t i = 0; c && i < c->opt.to_count; i++) {
		const struct cache_place *to = &c->opt.to[i];
		struct err why = { 0 };

		if (write_one(c, to, images, image_count, pushed, pushed_count, &why))
			continue;
		if (!to->ignore_error || why.code == E_CANCELLED) {
			*err = why;
			return false;
		}
		event_warn(c->opt.events, "%s", why.msg);
	}
	return true;
}
