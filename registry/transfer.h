// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_TRANSFER_H
#define REGISTRY_TRANSFER_H

#include "registry/registry.h"

/* What pushing and fetching layers share. */

/* The bytes of a blob: from `blobs`, else from the registry that says to be its origin. Verified.
 * `blobs` NULL: nobody has it, E_NOT_FOUND. */
MUST_CHECK bool transfer_open(struct source **out, struct registry *r, struct blob_source *blobs,
			      const struct descriptor *d, struct err *err);

/*
 * Those bytes into the store, as a task of `events`. What comes from a registry and is larger than
 * LIMIT_PARTIAL_MIN is kept when it breaks off, and gone on with by the next run: by Range, the
 * kept bytes hashed again, the digest telling whether both belong together (when not, it is fetched
 * anew, once). `r` may be NULL.
 */
MUST_CHECK bool transfer_keep(struct store *store, struct registry *r, struct blob_source *blobs,
			      const struct descriptor *d, struct events *events, struct err *err);

/* The same bytes, and events about how far they are. Takes `from` over. */
struct source *transfer_watch(struct source *from, struct events *events, uint64_t task,
			      uint64_t total);

#endif
