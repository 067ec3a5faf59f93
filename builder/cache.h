// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CACHE_H
#define BUILDER_CACHE_H

#include "base/hash.h"
#include "builder/step.h"
#include "layers/entry.h"
#include "layers/layer.h"

/*
 * Step keys and the layers they led to, in the store's cache/steps (facts/dockerfile.md rows 39,
 * 64, 65). A record is "pin <digest>" lines for gc, then one JSON document. A record whose blob is
 * gone counts as none.
 */
struct cache_key {
	struct sha256 state;
};
/* `kind` keeps keys of different steps apart; what the compressor makes of the same tar counts too.
 */
void cache_key_begin(struct cache_key *k, const char *kind, const struct layer_options *opt);
void cache_key_bytes(struct cache_key *k, const void *data, size_t len); /* with its length */
void cache_key_text(struct cache_key *k, const char *text); /* NULL is kept apart from "" */
void cache_key_number(struct cache_key *k, int64_t n);
void cache_key_list(struct cache_key *k, const char *const *list);   /* NULL-terminated */
void cache_key_sorted(struct cache_key *k, const char *const *list); /* whatever its order */
/* What a file is, but its path, time and bytes (row 65). */
void cache_key_entry(struct cache_key *k, const struct entry *e);
struct digest cache_key_end(struct cache_key *k);
void cache_key_free(struct cache_key *k); /* one that was not ended */

/* The identity of a stack of layers. */
struct digest cache_chain(const struct digest *diff_ids, size_t count);

/* *hit_out false: not there. */
MUST_CHECK bool cache_find(struct layer *out, bool *hit_out, struct store *s,
			   const struct digest *key, struct err *err);
MUST_CHECK bool cache_put(struct store *s, const struct digest *key, const struct layer *layer,
			  const char *what, struct err *err);

#endif
