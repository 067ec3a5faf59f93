// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_USEDTREES_H
#define BUILDER_USEDTREES_H

#include "image/store.h"
#include "sandbox/command.h"

/* The layers whose unpacked trees a later build may want: those of the store's images, and those
 * cached steps led to. Only their diff ids are set. */
struct used_trees {
	struct sandbox_layer *items;
	size_t len, cap;
};
MUST_CHECK bool usedtrees_find(struct used_trees *out, struct store *s, struct err *err);
void usedtrees_free(struct used_trees *u);

#endif
