// SPDX-License-Identifier: Apache-2.0
#include "layers/ahead.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"

/* Hand-over of bytes from a reading thread to the caller. What the bytes are is not its business.
 */

enum { BUFFERS = 4, BUFFER = 64 * KIB, INLINE = 1 * MIB };

struct ahead {
	struct source source;
	struct source *from;
	uint64_t passed; /* before the thread started */
	struct thread *thread;
	struct lock lock;
	struct cond moved;
	char *buffers[BUFFERS];
	size_t lens[BUFFERS];
	size_t head,
		tail; /* counted from the start: being used by the caller, filled by the thread */
	size_t used;  /* of the buffer at head */
	bool give_up; /* the caller: nothing is wanted any more */
	bool ended;   /* the thread: nothing comes behind tail; `err` says whether that is a failure
		       */
	struct err err;
};

static bool wait_for_room(struct ahead *a, size_t *index_out)
{
	bool go_on;

	lock_take(&a->lock);
	while (a->tail - a->head == BUFFERS && !a->give_up)
		cond_wait(&a->moved, &a->lock);
	go_on = !a->give_up;
	*index_out = a->tail % BUFFERS;
	lock_drop(&a->lock);
	return go_on;
}

static void read_ahead(void *arg)
{
	struct ahead *a = arg;
	size_t index;
	bool more = true;

	while (more && wait_for_room(a, &index)) {
		struct err err = { 0 };
		size_t len = 0;
		bool ok;

		if (!a->buffers[index])
			a->buffers[index] = mem_alloc(BUFFER);
		ok = source_read(a->from, a->buffers[index], BUFFER, &len, &err);
		more = ok && len > 0;
		lock_take(&a->lock);
		a->lens[index] = len;
		a->tail += more;
		a->ended = !more;
		a->err = err;
		cond_broadcast(&a->moved);
		lock_drop(&a->lock);
	}
}

/* A filled buffer at head; *len_out 0 at the end. */
static bool wait_for_bytes(struct ahead *a, size_t *len_out, struct err *err)
{
	lock_take(&a->lock);
	while (a->head == a->tail && !a->ended)
		cond_wait(&a->moved, &a->lock);
	*len_out = a->head == a->tail ? 0 : a->lens[a->head % BUFFERS];
	if (!*len_out && a->err.code != E_NONE)
		*err = a->err;
	lock_drop(&a->lock);
	return *len_out || err->code == E_NONE;
}

static void release_buffer(struct ahead *a)
{
	lock_take(&a->lock);
	a->head++;
	a->used = 0;
	cond_broadcast(&a->moved);
	lock_drop(&a->lock);
}

static bool ahead_read(struct source *self, void *data, size_t cap, size_t *len_out,
		       struct err *err)
{
	struct ahead *a = (struct ahead *)self;
	size_t len;

	*len_out = 0;
	if (!a->thread && a->passed < INLINE) {
		if (!source_read(a->from, data, cap, len_out, err))
			return false;
		a->passed += *len_out;
		return true;
	}
	if (!a->thread && !thread_start(&a->thread, read_ahead, a, err))
		return false;
	if (!wait_for_bytes(a, &len, err))
		return false;
	if (!len)
		return true;
	*len_out = len - a->used < cap ? len - a->used : cap;
	memcpy(data, a->buffers[a->head % BUFFERS] + a->used, *len_out);
	a->used += *len_out;
	if (a->used == len)
		release_buffer(a);
	return true;
}

static void ahead_close(struct source *self)
{
	struct ahead *a = (struct ahead *)self;

	if (a->thread) {
		lock_take(&a->lock);
		a->give_up = true;
		cond_broadcast(&a->moved);
		lock_drop(&a->lock);
		thread_join(a->thread);
	}
	source_close(a->from);
	lock_free(&a->lock);
	cond_free(&a->moved);
	for (size_t i = 0; i < BUFFERS; i++)
		free(a->buffers[i]);
	free(a);
}

struct source *ahead_open(struct source *from)
{
	struct ahead *a = mem_alloc(sizeof(*a));

	a->source = (struct source){ .read = ahead_read, .close = ahead_close };
	a->from = from;
	lock_init(&a->lock);
	cond_init(&a->moved);
	return &a->source;
}
