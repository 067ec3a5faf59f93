// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_AGAIN_H
#define EXTEND_AGAIN_H

#include "extend/extension.h"
#include "extend/memo.h"

/* The same extension asked for again: what a store remembers of it (extend/memo.h). */

/* Of the request and the layer, which is written before; taken before the target has its tag. */
struct memo_key again_key(const struct extension *x);

/*
 * *done_out: this very extension was made before and is in its place; then *digest_out is what is
 * there, and x->target, hash and packages are those of then. Two requests, and where packages are
 * asked for those that choosing takes. Errors of writing the layer alone: whatever else goes wrong
 * is for the whole way to say.
 */
MUST_CHECK bool again_find(bool *done_out, struct digest *digest_out, struct extension *x,
			   struct err *err);
/* That it cannot be remembered is no failure. */
void again_put(const struct extension *x, const struct memo_key *key, const struct digest *result);

#endif
