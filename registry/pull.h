// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PULL_H
#define REGISTRY_PULL_H

#include "registry/registry.h"

/*
 * An image of a registry: manifest (the index's entry for `want`, NULL: host) and config only;
 * out->blobs fetches layers on demand. `digest_out` (may be NULL): of what the reference itself
 * names (the index or the manifest). Config is taken from `store` when it is there.
 */
MUST_CHECK bool registry_pull(struct image *out, struct digest *digest_out, struct registry *r,
			      struct store *store, const struct reference *ref,
			      const struct platform *want, struct err *err);

/* The configuration of an image: from `store` (may be NULL) when it is there, else fetched and kept
 * there, so that the next command on this base need not ask for it. */
MUST_CHECK bool registry_get_config(struct buf *out, struct registry *r, struct store *store,
				    const struct reference *ref, const struct descriptor *d,
				    struct err *err);

/* Fetch layers that are not in the store, `jobs` at once (0: LIMIT_PARALLEL_TRANSFERS), each
 * verified while streaming. */
MUST_CHECK bool registry_fetch_layers(struct registry *r, struct store *store,
				      const struct image *img, size_t jobs, struct err *err);

#endif
