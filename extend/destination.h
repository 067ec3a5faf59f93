// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_DESTINATION_H
#define EXTEND_DESTINATION_H

#include "extend/extension.h"

/* The name the result gets, and what may be there already. */

/*
 * x->target: the repository, and the tag when it is known without the base: a tag that was given,
 * alone or as a whole reference, or that of Lithops' scheme. E_USAGE: a digest; Docker Hub, and
 * nobody said that this is meant.
 */
MUST_CHECK bool destination_choose(struct extension *x, struct err *err);
/* The tag by content, from x->hash, unless there is one. */
MUST_CHECK bool destination_name(struct extension *x, struct err *err);

/* The tag of the base itself is to hold the result. */
bool destination_is_base(const struct extension *x);

/*
 * One request, two more when the tag holds another digest. *existed_out: nothing is to be put
 * there; *digest_out: what the name holds in the end. E_INTEGRITY: it holds something else.
 */
MUST_CHECK bool destination_ask(bool *existed_out, struct digest *digest_out,
				const struct extension *x, struct err *err);
/* E_INTEGRITY that names it. Returns false. */
bool destination_refuse(const struct extension *x, const struct digest *there, struct err *err);

#endif
