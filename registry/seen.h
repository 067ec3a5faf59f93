// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_SEEN_H
#define REGISTRY_SEEN_H

#include "base/parallel.h"
#include "image/descriptor.h"
#include "image/reference.h"
#include "image/store.h"

/*
 * Which repositories of a registry have which layers, by what this store pushed: so that a layer
 * two images share is mounted into the second repository and not sent again. One file for each
 * host, cache/hosts/HOST.layers, with lines "HEX REPOSITORY", newest last, at most
 * LIMIT_SEEN_LAYERS. A hint throughout: who follows it must cope with a registry that has
 * forgotten.
 */
struct seen {
	struct store *store; /* borrowed; NULL: nothing is known, nothing kept */
	struct reference to; /* the repository that is pushed to */
	struct buf lines;
	bool changed;
	struct lock lock;
};
void seen_open(struct seen *s, struct store *store, const struct reference *to);
/* Another repository of the same registry that has the layer, the last one told; false when none is
 * known, when the one pushed to has it, and for what is no layer. */
bool seen_find(struct reference *out, struct seen *s, const struct descriptor *d);
void seen_add(struct seen *s, const struct descriptor *d); /* the one pushed to has it */
/* Keep what was added; what another process added meanwhile may be lost. */
void seen_save(struct seen *s);
void seen_close(struct seen *s); /* one that was never opened is fine */

#endif
