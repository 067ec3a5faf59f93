// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_STEPCACHE_H
#define BUILDER_STEPCACHE_H

#include "builder/driver.h"

/*
 * The layers of steps done before: here (cache.h) or elsewhere (cache_remote.h). Everything a build
 * looks up or learns passes through these, so that one place decides whether a stage may use what
 * is known, and one place knows what --cache-to has to say. Thread-safe. Internal to builder/.
 */

/* --no-cache says no, or --no-cache-filter for this stage. */
bool stepcache_may_hit(const struct build *b, size_t stage);
/* Whether a key is worth reading files for: they could be known elsewhere, though not here. */
bool stepcache_is_remote(const struct build *b, size_t stage);

/* Whether every key is wanted, for others to find. */
bool stepcache_is_written(const struct build *b);

/* A key by what a step is, or by what it comes to: see definition.h. */
enum stepcache_key { STEPCACHE_DEFINED, STEPCACHE_CONTENT };
/* *hit_out false: not known. The blob of a hit may still lie elsewhere: see stepcache_fetch. */
MUST_CHECK bool stepcache_find(struct layer *out, bool *hit_out, struct build *b, size_t stage,
			       const struct digest *key, enum stepcache_key kind, struct err *err);
MUST_CHECK bool stepcache_put(struct build *b, const struct digest *key, enum stepcache_key kind,
			      const struct layer *layer, const struct step *step, struct err *err);

/* Before anything looks into layers a build made or found: those that lie elsewhere come to the
 * store, verified against digest, size, diff id and unpacked size. */
MUST_CHECK bool stepcache_fetch(struct build *b, const struct layer *layers, size_t count,
				struct err *err);

#endif
