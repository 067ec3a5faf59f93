// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/cleanup.h"
#include "base/str.h"

/*
 * Allocate many, free once: parse trees and documents. Zero-initialised is
 * empty. Memory is zeroed and aligned for any type; single objects are never freed.
 */
struct arena_block;
struct arena {
	struct arena_block *head;
};

void arena_free(struct arena *a);
/* Everything of `from` lives as long as `a` from now on; `from` is empty. */
void arena_adopt(struct arena *a, struct arena *from);
void *arena_alloc(struct arena *a, size_t size) __attribute__((returns_nonnull));
char *arena_strdup(struct arena *a, const char *s);
char *arena_slice(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *fmt, ...) PRINTF_LIKE(2, 3);

#define ARENA_NEW(a, type) ((type *)arena_alloc((a), sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_alloc((a), sizeof(type) * (n)))

#endif
