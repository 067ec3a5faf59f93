// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_LEARN_H
#define REGISTRY_LEARN_H

#include "registry/client.h"
#include "registry/strategy.h"

/* Inside registry/: what a host taught (registry/strategy.h), kept with the host and in the store.
 */

struct strategy learn_recall(struct registry *r, const struct reference *repository);

enum learn {
	LEARN_SINGLE_REFUSED, /* value: the size of the body */
	LEARN_CHUNK_REFUSED,  /* likewise */
	LEARN_CHUNK_MIN,      /* OCI-Chunk-Min-Length */
	LEARN_CHUNKS,         /* the rest: enum known */
	LEARN_MOUNT,
	LEARN_HEAD,
	LEARN_RANGE,
	LEARN_MANY_TAGS,
	LEARN_PAGE, /* value: tags to ask for at a time */
};
void learn(struct registry *r, const struct reference *repository, enum learn what, uint64_t value);

#endif
