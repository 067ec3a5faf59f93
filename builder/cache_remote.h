// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CACHE_REMOTE_H
#define BUILDER_CACHE_REMOTE_H

#include "base/event.h"
#include "image/image.h"
#include "image/store.h"
#include "registry/registry.h"

/*
 * Build caches outside the store (docs/adr/0020): --cache-from and --cache-to.
 *
 * One is read when a step is not known here, once for the whole build: a registry's by one GET of
 * its manifest (an image that carries one inline: and its configuration), a layout's from its
 * directory. Layers of hits stay where they are until somebody looks into them; a push mounts them
 * from there. Nothing a cache says is believed further than its own layers: a fetched one must
 * match digest, size, diff id and unpacked size, and one that does not, or is gone, is forgotten
 * and built instead.
 *
 * A source that cannot be read is a warning. All functions are thread-safe and take NULL for "no
 * remote caches".
 */
struct cache_place {
	enum { CACHE_REGISTRY, CACHE_LOCAL, CACHE_INLINE } kind;
	struct reference ref; /* CACHE_REGISTRY; CACHE_LOCAL: its tag, and for reading its digest */
	const char *dir;      /* CACHE_LOCAL: an OCI image layout */
	/* of those that are written: */
	bool all;          /* mode=max: every step's layer, not only those in the image */
	bool ignore_error; /* a failure is a warning */
};

struct cache_remote;
struct cache_remote_options {
	struct store *store;
	struct registry *registry;
	struct events *events;
	const struct platform *platform; /* which image of an index is asked for its inline cache */
	const struct cache_place *from;  /* borrowed until close, as all here */
	size_t from_count;
	const struct cache_place *to;
	size_t to_count;
};
/* Nothing is read yet. */
void cache_remote_open(struct cache_remote **out, const struct cache_remote_options *opt);
void cache_remote_close(struct cache_remote *c); /* images built with it must be gone */
DEFINE_AUTO(struct cache_remote, cache_remote_close)

bool cache_remote_reads(const struct cache_remote *c); /* has somewhere to look */
/* False only when interrupted. */
MUST_CHECK bool cache_remote_find(struct layer *out, bool *hit_out, struct cache_remote *c,
				  const struct digest *key, struct err *err);
bool cache_remote_writes(const struct cache_remote *c);
/* What a step came to, for those that are written. `defined`: the key says what the step is;
 * another of the same layer may not be known when that one was found, so only this one goes into an
 * image, whose digest must not depend on what was known. */
void cache_remote_note(struct cache_remote *c, const struct digest *key, bool defined,
		       const struct layer *layer);

/* To the store, verified. One that is there, or of no cache, is fine. */
MUST_CHECK bool cache_remote_fetch(struct cache_remote *c, const struct layer *layer,
				   struct err *err);
/* Whether layers of a finished image that lie elsewhere are really there: a HEAD each; those of
 * layouts, which no store can name as an origin, are fetched. */
MUST_CHECK bool cache_remote_confirm(struct cache_remote *c, const struct layer *layers,
				     size_t count, struct err *err);
/* A fetch or confirmation failed and its layer was forgotten: what failed for it may be tried
 * again. True once for each time. */
bool cache_remote_recovers(struct cache_remote *c, struct err *err);

/* Layers that lie elsewhere: their bytes, and where they can be mounted from. NULL without `c`. */
struct blob_source *cache_remote_blobs(struct cache_remote *c);
bool cache_remote_knows(struct cache_remote *c, const struct digest *d); /* such a layer */
/* Where a layer lies that is known from a registry's cache; NULL: not so. */
const struct reference *cache_remote_origin(struct cache_remote *c, const struct digest *d);

/* Put the keys of `layers` into a new image's configuration, when type=inline was asked for. */
void cache_remote_put_inline(struct cache_remote *c, struct config *config,
			     const struct layer *layers, size_t count);
/*
 * Write what was noted, each place in turn, after the images were pushed. `pushed` (may be NULL): a
 * reference of them, whose registry may mount the blobs from there.
 */
MUST_CHECK bool cache_remote_write(struct cache_remote *c, const struct image *const *images,
				   size_t image_count, const struct reference *pushed,
				   size_t pushed_count, struct err *err);

#endif
