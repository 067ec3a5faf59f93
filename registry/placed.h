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

/*
 * For plans, where one image comes after another and would find what that has left: whether one of
 * this client's moved the blob to the repository before (from now on one did), and the digest one
 * put under a tag there.
 */
bool placed_planned(struct registry *r, const struct reference *to, const struct digest *d);
void placed_plan_tag(struct registry *r, const struct reference *at, const struct digest *d);
bool placed_planned_tag(struct digest *out, struct registry *r, const struct reference *at);

#endif
