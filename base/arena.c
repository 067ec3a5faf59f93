// SPDX-License-Identifier: Apache-2.0
#include "base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Blocks of memory that are freed together. */

enum { BLOCK_SIZE = 16 * 1024, ALIGNMENT = 16 };

struct arena_block {
	struct arena_block *next;
	size_t used, size;
	_Alignas(ALIGNMENT) char data[];
};

void arena_free(struct arena *a)
{
	while (a->head) {
		struct arena_block *block = a->head;

		a->head = block->next;
		free(block);
	}
}

void arena_adopt(struct arena *a, struct arena *from)
{
	struct arena_block **last = &a->head;

	while (*last)
		last = &(*last)->next;
	*last = from->head;
	from->head = NULL;
}

static struct arena_block *add_block(struct arena *a, size_t size)
{
	struct arena_block *block = mem_alloc(sizeof(*block) + size);

	block->size = size;
	/* A block for one big object goes behind the head, whose room is still good. */
	if (a->head && size > BLOCK_SIZE) {
		block->next = a->head->next;
		a->head->next = block;
	} else {
		block->next = a->head;
		a->head = block;
	}
	return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
	struct arena_block *block = a->head;
	char *p;

	size = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
	if (!block || block->size - block->used < size)
		block = add_block(a, size > BLOCK_SIZE / 4 ? size + BLOCK_SIZE : BLOCK_SIZE);
	p = block->data + block->used;
	block->used += size;
	return p;
}

char *arena_slice(struct arena *a, struct slice s)
{
	char *copy = arena_alloc(a, s.len + 1);

	if (s.len)
		memcpy(copy, s.ptr, s.len);
	return copy;
}

char *arena_strdup(struct arena *a, const char *s)
{
	return arena_slice(a, slice_of(s));
}

char *arena_printf(struct arena *a, const char *fmt, ...)
{
	char *text;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	text = arena_alloc(a, (size_t)len + 1);
	va_start(ap, fmt);
	vsnprintf(text, (size_t)len + 1, fmt, ap);
	va_end(ap);
	return text;
}
