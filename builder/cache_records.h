// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CACHE_RECORDS_H
#define BUILDER_CACHE_RECORDS_H

#include "image/image.h"

/*
 * What a build cache says, as values: step keys and the layers they led to. On a registry or in a
 * layout it is one OCI image manifest (docs/adr/0020): its artifactType says what it is, its layers
 * are the very blobs of the images, and their annotations hold the keys; so one GET tells
 * everything, and a registry keeps the blobs as long as the manifest. Inline, it is a member of an
 * image's configuration.
 */
#define CACHE_ARTIFACT_TYPE "application/vnd.rtbuild.cache.v1"
extern const char cache_empty_config[]; /* "{}", of application/vnd.oci.empty.v1+json */

struct cache_record {
	struct digest key;
	struct layer layer;
};
struct cache_records {
	struct cache_record *items;
	size_t len, cap;
};
void cache_records_free(struct cache_records *r);
void cache_records_add(struct cache_records *r, const struct digest *key,
		       const struct layer *layer);
/* Bytewise by layer and key: documents must not depend on the order of a build's threads. */
void cache_records_sort(struct cache_records *r);

/* Entries that are malformed or no layers are left out, not trusted and not an error. `m` may be
 * any manifest. */
void cache_records_parse(struct cache_records *out, const struct manifest *m);
/* A new manifest of at most LIMIT_LAYERS layers; sorts. False when some had to be left out. */
bool cache_records_encode(struct manifest *out, struct cache_records *r, struct arena *arena);

/* The same in an image's configuration: about its own layers only. */
void cache_records_parse_inline(struct cache_records *out, const struct image *img);
/* Replaces what was there; of `r` only what is about `layers` counts; sorts. */
void cache_records_put_inline(struct config *c, struct cache_records *r, const struct layer *layers,
			      size_t count);

#endif
