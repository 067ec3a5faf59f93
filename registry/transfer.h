// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_TRANSFER_H
#define REGISTRY_TRANSFER_H

#include "registry/registry.h"

/* What pushing and fetching layers share. */

/* The bytes of a layer: from the image's own source, else from the registry it came from. Verified.
 */
MUST_CHECK bool transfer_open(struct source **out, struct registry *r, const struct image *img,
			      const struct descriptor *d, struct err *err);

/* The same bytes, and events about how far they are. Takes `from` over. */
struct source *transfer_watch(struct source *from, struct events *events, uint64_t task,
			      uint64_t total);

#endif
