// SPDX-License-Identifier: Apache-2.0
#include "builder/cache_remote.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "builder/cache_records.h"
#include "builder/cache_remote_private.h"
#include "layers/layer.h"
#include "registry/pull.h"
#include "registry/upload.h"

/* Reading remote caches: documents, look-ups, layers. Writing them is cache_write.c's. */

static void free_known(void *value)
{
	free(value);
}

void cache_remote_open(struct cache_remote **out, const struct cache_remote_options *opt)
{
	struct cache_remote *c = mem_alloc(sizeof(*c));

	c->opt = *opt;
	c->sources = mem_alloc((opt->from_count + 1) * sizeof(*c->sources));
	c->known.free_value = c->noted.free_value = free_known;
	lock_init(&c->lock);
	cache_blobs_init(c);
	*out = c;
}

void cache_remote_close(struct cache_remote *c)
{
	if (!c)
		return;
	for (size_t i = 0; i < c->opt.from_count; i++)
		store_close(c->sources[i].layout);
	free(c->sources);
	map_free(&c->known);
	map_free(&c->layers);
	map_free(&c->noted);
	map_free(&c->lost);
	lock_free(&c->lock);
	free(c);
}

bool cache_remote_reads(const struct cache_remote *c)
{
	return c && c->opt.from_count;
}

/* --- documents --- */

/* The first source that knows a key or a layer counts, as the order of --cache-from says. */
static void take_records(struct cache_remote *c, struct cache_source *from,
			 const struct cache_records *records)
{
	for (size_t i = 0; i < records->len; i++) {
		const struct cache_record *r = &records->items[i];
		struct digest_text key = digest_hex(&r->key);
		struct known *k;

		if (map_has(&c->known, key.text))
			continue;
		k = mem_alloc(sizeof(*k));
		*k = (struct known){ .layer = r->layer, .from = from };
		map_put(&c->known, key.text, k);
		if (!map_has(&c->layers, digest_hex(&r->layer.descriptor.digest).text))
			map_put(&c->layers, digest_hex(&r->layer.descriptor.digest).text, k);
	}
}

/* A document as it was found: a cache's manifest, or an image that may have one inline. */
static bool parse_document(struct cache_records *out, const struct registry_document *doc,
			   bool *is_cache_out, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	enum media_kind kind;
	struct manifest m;

	*is_cache_out = false;
	if (!manifest_sniff(&kind, doc->raw, doc->len, doc->content_type, err))
		return false;
	if (kind != MEDIA_MANIFEST)
		return true;
	if (!manifest_parse(&m, doc->raw, doc->len, doc->content_type, &arena, err))
		return false;
	*is_cache_out = m.artifact_type && str_eq(m.artifact_type, CACHE_ARTIFACT_TYPE);
	if (*is_cache_out)
		cache_records_parse(out, &m);
	return true;
}

static bool read_registry(struct cache_records *out, struct cache_remote *c,
			  const struct cache_place *place, struct err *err)
{
	AUTO(registry_document_free) struct registry_document doc = { 0 };
	AUTO(image_free) struct image img = { 0 };
	struct reference at = place->ref;
	bool is_cache;

	if (!registry_get_manifest(&doc, c->opt.registry, &place->ref, err) ||
	    !parse_document(out, &doc, &is_cache, err))
		return false;
	if (is_cache)
		return true;
	at.has_digest = true; /* of the same document, whatever happens to the tag */
	at.digest = doc.digest;
	if (!registry_pull(&img, NULL, c->opt.registry, c->opt.store, &at, c->opt.platform, err))
		return false;
	cache_records_parse_inline(out, &img);
	return true;
}

static bool read_local(struct cache_records *out, struct cache_source *from,
		       const struct cache_place *place, struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_MANIFEST);
	struct registry_document doc = { 0 };
	struct descriptor root;
	bool is_cache;

	if (!store_open_layout(&from->layout, place->dir, err) ||
	    !store_find_root(&raw, &root, from->layout, &place->ref, err))
		return false;
	doc.raw = raw.ptr;
	doc.len = raw.len;
	return parse_document(out, &doc, &is_cache, err);
}

static void tell(struct cache_remote *c, const struct cache_place *place, const char *text)
{
	if (place->kind == CACHE_LOCAL)
		event_warn(c->opt.events, "cache %s is not used: %s", place->dir, text);
	else
		event_warn(c->opt.events, "cache %s is not used: %s",
			   reference_familiar(&place->ref).text, text);
}

/* Under the lock. */
static void load(struct cache_remote *c)
{
	for (size_t i = 0; i < c->opt.from_count && !c->loaded; i++) {
		AUTO(cache_records_free) struct cache_records records = { 0 };
		const struct cache_place *place = &c->opt.from[i];
		struct cache_source *from = &c->sources[i];
		struct err why = { 0 };
		bool ok;

		from->place = place;
		ok = place->kind == CACHE_LOCAL ? read_local(&records, from, place, &why)
						: read_registry(&records, c, place, &why);
		if (!ok && why.code != E_CANCELLED)
			tell(c, place, why.msg);
		else if (ok && !records.len)
			tell(c, place, "it holds no build cache");
		take_records(c, from, &records);
	}
	c->loaded = true;
}

/* --- look-ups --- */

static bool is_lost(const struct cache_remote *c, const struct digest *d)
{
	return map_has(&c->lost, digest_hex(d).text);
}

bool cache_remote_find(struct layer *out, bool *hit_out, struct cache_remote *c,
		       const struct digest *key, struct err *err)
{
	const struct known *k;

	*hit_out = false;
	if (!cache_remote_reads(c))
		return true;
	lock_take(&c->lock);
	load(c);
	k = map_get(&c->known, digest_hex(key).text);
	if (k && !is_lost(c, &k->layer.descriptor.digest)) {
		*out = k->layer;
		*hit_out = true;
	}
	lock_drop(&c->lock);
	return cancel_check(err);
}

bool cache_remote_writes(const struct cache_remote *c)
{
	return c && c->opt.to_count;
}

void cache_remote_note(struct cache_remote *c, const struct digest *key, bool defined,
		       const struct layer *layer)
{
	struct noted *r;

	if (!cache_remote_writes(c))
		return;
	r = mem_alloc(sizeof(*r));
	*r = (struct noted){ .record = { .key = *key, .layer = *layer }, .defined = defined };
	lock_take(&c->lock);
	map_put(&c->noted, digest_hex(key).text, r);
	lock_drop(&c->lock);
}

/* By the layer's digest; NULL: of no cache. Entries stay until the end. */
static const struct known *find_layer(struct cache_remote *c, const struct digest *d)
{
	const struct known *k;

	if (!c)
		return NULL;
	lock_take(&c->lock);
	k = map_get(&c->layers, digest_hex(d).text);
	lock_drop(&c->lock);
	return k;
}

/* --- layers --- */

static struct blob_source *blobs_of(struct cache_remote *c, const struct known *k)
{
	return k->from->layout ? store_blobs(k->from->layout)
			       : registry_blobs(c->opt.registry, &k->from->place->ref);
}

static bool blobs_open(struct blob_source *self, struct source **out, const struct descriptor *d,
		       struct err *err)
{
	struct cache_remote *c = ((struct cache_blobs *)self)->cache;
	const struct known *k;
	struct blob_source *from;
	struct digest empty = digest_of(cache_empty_config, strlen(cache_empty_config));

	if (digest_eq(&d->digest, &empty)) { /* the configuration of a cache */
		*out = source_mem(cache_empty_config, strlen(cache_empty_config));
		return true;
	}
	if (store_has_blob(c->opt.store, &d->digest, d->size))
		return store_open_blob(out, c->opt.store, &d->digest, d->size, err);
	k = find_layer(c, &d->digest);
	if (!k)
		return err_set(err, E_NOT_FOUND, "layer %s is in no cache",
			       digest_format(&d->digest).text);
	from = blobs_of(c, k);
	return from->open(from, out, d, err);
}

bool cache_remote_knows(struct cache_remote *c, const struct digest *d)
{
	return find_layer(c, d) != NULL;
}

const struct reference *cache_remote_origin(struct cache_remote *c, const struct digest *d)
{
	const struct known *k = find_layer(c, d);

	return k && !k->from->layout ? &k->from->place->ref : NULL;
}

static const struct reference *blobs_origin(struct blob_source *self, const struct descriptor *d)
{
	return cache_remote_origin(((struct cache_blobs *)self)->cache, &d->digest);
}

void cache_blobs_init(struct cache_remote *c)
{
	c->blobs = (struct cache_blobs){ .source = { .open = blobs_open, .origin = blobs_origin },
					 .cache = c };
}

struct blob_source *cache_remote_blobs(struct cache_remote *c)
{
	return c ? &c->blobs.source : NULL;
}

/* Bytes that pass are written too. */
struct tee {
	struct source source;
	struct source *from;
	struct sink *to;
};

static bool tee_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct tee *t = (struct tee *)self;

	return source_read(t->from, data, cap, len_out, err) &&
	       (!*len_out || sink_write(t->to, data, *len_out, err));
}

static void tee_close(struct source *self)
{
	struct tee *t = (struct tee *)self;

	source_close(t->from);
	free(t);
}

/* A layer's bytes on their way to be inflated and to the store. */
struct teeing {
	struct blob_source source;
	struct blob_source *from;
	struct sink *to;
};

static bool teeing_open(struct blob_source *self, struct source **out, const struct descriptor *d,
			struct err *err)
{
	struct teeing *teeing = (struct teeing *)self;
	struct source *from;
	struct tee *t;

	if (!teeing->from->open(teeing->from, &from, d, err))
		return false;
	t = mem_alloc(sizeof(*t));
	*t = (struct tee){ .source = { .read = tee_read, .close = tee_close },
			   .from = from,
			   .to = teeing->to };
	*out = &t->source;
	return true;
}

/* One pass: digest and size are the blob source's to check, the diff id layer_open's. */
static bool check_plain(struct blob_source *blobs, const struct layer *layer, struct err *err)
{
	AUTO(auto_source_close) struct source *plain = NULL;
	AUTO(auto_free) char *buffer = mem_alloc(256 * KIB);
	int64_t size = 0;
	size_t len;

	if (!layer_open(&plain, blobs, &layer->descriptor, &layer->diff_id, err))
		return false;
	do {
		if (!source_read(plain, buffer, 256 * KIB, &len, err) || !cancel_check(err))
			return false;
		size += (int64_t)len;
		if (size > layer->unpacked_size)
			break;
	} while (len);
	return size == layer->unpacked_size ||
	       err_set(err, E_INTEGRITY, "layer %s does not unpack to the %lld bytes promised",
		       digest_format(&layer->descriptor.digest).text,
		       (long long)layer->unpacked_size);
}

static bool fetch(struct cache_remote *c, const struct known *k, struct err *err)
{
	AUTO(auto_blob_writer_close) struct blob_writer *writer = NULL;
	const struct descriptor *d = &k->layer.descriptor;
	struct teeing teeing = { .source = { .open = teeing_open }, .from = blobs_of(c, k) };
	struct digest digest;
	int64_t size;

	if (!store_blob_writer(&writer, c->opt.store, err))
		return false;
	teeing.to = blob_writer_sink(writer);
	return check_plain(&teeing.source, &k->layer, err) &&
	       blob_writer_commit(&digest, &size, writer, &d->digest, d->size, err);
}

/* What is wrong with a cache is no reason to fail: without the layer its step is done. */
static void forget(struct cache_remote *c, const struct layer *layer, const struct err *why)
{
	if (why->code == E_CANCELLED || why->code == E_IO)
		return;
	event_warn(c->opt.events, "cached layer %.12s is built instead: %s",
		   digest_hex(&layer->descriptor.digest).text, why->msg);
	lock_take(&c->lock);
	map_put(&c->lost, digest_hex(&layer->descriptor.digest).text, c);
	c->recovers = true;
	lock_drop(&c->lock);
}

bool cache_remote_fetch(struct cache_remote *c, const struct layer *layer, struct err *err)
{
	const struct known *k = find_layer(c, &layer->descriptor.digest);
	struct digest_text hex = digest_hex(&layer->descriptor.digest);
	uint64_t task;

	if (!k || store_has_blob(c->opt.store, &layer->descriptor.digest, layer->descriptor.size))
		return true;
	task = event_start(c->opt.events, "fetch cached %.12s (%s)", hex.text,
			   str_format_size((uint64_t)layer->descriptor.size).text);
	if (fetch(c, k, err)) {
		event_done(c->opt.events, task, NULL);
		return true;
	}
	event_failed(c->opt.events, task);
	forget(c, layer, err);
	return false;
}

static bool confirm(struct cache_remote *c, const struct layer *layer, struct err *err)
{
	const struct known *k = find_layer(c, &layer->descriptor.digest);
	const struct digest *digest = &layer->descriptor.digest;
	bool there = false;

	if (!k || store_has_blob(c->opt.store, digest, layer->descriptor.size))
		return true;
	if (k->from->layout)
		return cache_remote_fetch(c, layer, err);
	if (registry_has_blob(&there, c->opt.registry, &k->from->place->ref, digest, err) && !there)
		err_set(err, E_NOT_FOUND, "%s does not have it any more",
			reference_name(&k->from->place->ref).text);
	if (!there)
		forget(c, layer, err);
	return there;
}

struct confirming {
	struct cache_remote *cache;
	const struct layer *layers;
};

static bool confirm_job(void *arg, size_t job, struct err *err)
{
	struct confirming *all = arg;

	return confirm(all->cache, &all->layers[job], err);
}

bool cache_remote_confirm(struct cache_remote *c, const struct layer *layers, size_t count,
			  struct err *err)
{
	struct confirming all = { .cache = c, .layers = layers };

	return !cache_remote_reads(c) ||
	       parallel_run(count, LIMIT_PARALLEL_TRANSFERS, confirm_job, &all, err);
}

bool cache_remote_recovers(struct cache_remote *c, struct err *err)
{
	bool recovers;

	if (!c || err->code == E_CANCELLED)
		return false;
	lock_take(&c->lock);
	recovers = c->recovers;
	c->recovers = false;
	lock_drop(&c->lock);
	if (recovers)
		err_clear(err);
	return recovers;
}
