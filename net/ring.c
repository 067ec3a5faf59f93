// SPDX-License-Identifier: Apache-2.0
#include "net/ring.h"

#include <string.h>

#include "base/mem.h"

/* The byte queue alone; who waits for whom is wire.c's business. */

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

void ring_init(struct ring *r, size_t cap)
{
	*r = (struct ring){ .cap = cap };
}

void ring_free(struct ring *r)
{
	free(r->data);
	*r = (struct ring){ 0 };
}

size_t ring_space(const struct ring *r)
{
	return r->cap - r->len;
}

size_t ring_put(struct ring *r, const void *data, size_t len)
{
	size_t take = min(len, ring_space(r)), tail, first;

	if (take == 0)
		return 0;
	if (!r->data)
		r->data = mem_alloc(r->cap);
	tail = (r->head + r->len) % r->cap;
	first = min(take, r->cap - tail);
	memcpy(r->data + tail, data, first);
	memcpy(r->data, (const char *)data + first, take - first);
	r->len += take;
	return take;
}

size_t ring_take(struct ring *r, void *out, size_t cap)
{
	size_t take = min(cap, r->len), first;

	if (take == 0)
		return 0;
	first = min(take, r->cap - r->head);
	memcpy(out, r->data + r->head, first);
	memcpy((char *)out + first, r->data, take - first);
	r->head = (r->head + take) % r->cap;
	r->len -= take;
	return take;
}
