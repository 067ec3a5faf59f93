// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_MOVES_H
#define EXTEND_MOVES_H

#include "extend/extension.h"
#include "registry/move.h"

/* What a push of the result would move: for --plan, without a request. */
struct extend_moves {
	uint64_t blobs[MOVED_SENT + 1], bytes[MOVED_SENT + 1]; /* by enum moved, each once */
	size_t documents;
	uint64_t requests; /* that the doing would take; mounts are taken to succeed */
};
/* Of what result_make made. */
void extend_moves_find(struct extend_moves *out, struct extension *x);

#endif
