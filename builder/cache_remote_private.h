// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CACHE_REMOTE_PRIVATE_H
#define BUILDER_CACHE_REMOTE_PRIVATE_H

#include "base/map.h"
#include "base/parallel.h"
#include "builder/cache_records.h"
#include "builder/cache_remote.h"

/* What cache_read.c (reading) and cache_write.c (writing) share. */

struct cache_source {
	const struct cache_place *place;
	struct store *layout; /* CACHE_LOCAL; NULL: a registry's */
};

/* A record that was read, and where. */
struct known {
	struct layer layer;
	struct cache_source *from;
};

struct noted {
	struct cache_record record;
	bool defined;
};

struct cache_blobs {
	struct blob_source source;
	struct cache_remote *cache;
};

struct cache_remote {
	struct cache_remote_options opt;
	struct cache_blobs blobs;
	struct lock lock; /* all below */
	struct cache_source *sources;
	bool loaded;
	struct map known;  /* hex of a key -> struct known, owned */
	struct map layers; /* hex of a layer -> one of them */
	struct map lost;   /* hex of layers that were not what or where they should be */
	bool recovers;
	struct map noted; /* hex of a key -> struct noted, owned */
};
void cache_blobs_init(struct cache_remote *c);

#endif
