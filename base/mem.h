// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_MEM_H
#define BASE_MEM_H

#include <stddef.h>

#include "base/cleanup.h"

/* Allocation that cannot fail: running out of memory aborts with one line on stderr (ADR 0002). */
void *mem_alloc(size_t size) __attribute__((malloc, returns_nonnull)); /* zeroed */
void *mem_realloc(void *p, size_t size) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
char *mem_strndup(const char *s, size_t len) __attribute__((malloc, returns_nonnull));
void *mem_dup(const void *p, size_t size) __attribute__((malloc, returns_nonnull));
char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2) __attribute__((returns_nonnull));

/* Before there are threads: one heap for all of them, and large blocks returned when they are
 * freed. A heap each would keep what was freed there, 2 MB in a build. */
void mem_prepare(void);
/* Give free memory back to the system, after much of it was freed and before something long. */
void mem_trim(void);

/* Room for one more in a growable array of `size`-byte elements; used by ARRAY_PUSH. */
void *mem_grow(void *items, size_t *cap, size_t len, size_t size);

/*
 * Growable arrays: struct { struct step *items; size_t len, cap; } steps = {0};
 * ARRAY_PUSH(&steps) gives a pointer to a new zeroed element, valid until the next push.
 * Free with free(steps.items).
 */
#define ARRAY_PUSH(a)                                                                 \
	((a)->items = mem_grow((a)->items, &(a)->cap, (a)->len, sizeof(*(a)->items)), \
	 &(a)->items[(a)->len++])

#endif
