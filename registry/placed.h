// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PLACED_H
#define REGISTRY_PLACED_H

#include "registry/registry.h"

/*
 * Which blobs this client left where: what goes to two repositories of one registry, by one push
 * after another or by two side by side, is sent once and mounted for the other.
 */

/*
 * From here to placed_end nobody else of this client moves that blob to that registry: who comes
 * second waits, and then knows what the first left.
 */
void placed_begin(struct registry *r, const struct reference *to, const struct digest *d);
/* `there`: the blob is in the repository now. */
void placed_end(struct registry *r, const struct reference *to, const struct digest *d, bool there);

/* Between the two: a repository of that registry that was given the blob. */
bool placed_find(struct reference *out, struct registry *r, const struct reference *to,
		 const struct digest *d);

#endif
