// SPDX-License-Identifier: Apache-2.0
#include "layers/stage.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"

/* Hand-over of bytes from one thread to another. What is done with them is the next sink's
 * business. */

enum { BUFFERS = 4, BUFFER = 64 * KIB };

/*
 * Who waits sleeps until half of the buffers are its own, and then works until none is: woken for
 * each of them, two threads do little but sleep and wake. They are woken when the lock is free, or
 * they would sleep for that again.
 */
enum { HALF = BUFFERS / 2 };

struct stage {
	struct sink sink;
	struct sink *next;
	struct thread *thread; /* NULL until the first buffer is full */
	struct lock lock;
	struct cond moved;
	char *buffers[BUFFERS];
	size_t lens[BUFFERS];
	size_t head, tail; /* counted from the start: written by the thread, filled by the caller */
	bool no_more;      /* the caller: nothing comes any more */
	bool give_up;      /* the caller: and what is there does not count */
	bool failed;       /* the thread: err says why */
	struct err err;
};

static bool wait_for_buffer(struct stage *s, size_t *index_out)
{
	bool more;

	lock_take(&s->lock);
	while (s->head == s->tail && !s->no_more)
		while (s->tail - s->head < HALF && !s->no_more)
			cond_wait(&s->moved, &s->lock);
	more = !s->give_up && s->head != s->tail;
	*index_out = s->head % BUFFERS;
	lock_drop(&s->lock);
	return more;
}

static void pass_on(void *arg)
{
	struct stage *s = arg;
	size_t index;

	while (wait_for_buffer(s, &index)) {
		struct err err = { 0 };
		bool ok = sink_write(s->next, s->buffers[index], s->lens[index], &err), wake;

		lock_take(&s->lock);
		if (!ok) {
			s->failed = true;
			s->err = err;
		}
		s->head++;
		wake = !ok || s->tail - s->head <= HALF;
		lock_drop(&s->lock);
		if (wake)
			cond_signal(&s->moved);
		if (!ok)
			return;
	}
}

/* Hand the buffer being filled over and wait until there is another. */
static bool hand_over(struct stage *s, struct err *err)
{
	bool ok, wake;

	if (!s->thread && !thread_start(&s->thread, pass_on, s, err))
		return false;
	lock_take(&s->lock);
	s->tail++;
	wake = s->tail - s->head >= HALF;
	lock_drop(&s->lock);
	if (wake)
		cond_signal(&s->moved);
	lock_take(&s->lock);
	while (s->tail - s->head == BUFFERS && !s->failed)
		while (s->tail - s->head > HALF && !s->failed)
			cond_wait(&s->moved, &s->lock);
	ok = !s->failed;
	if (!ok)
		*err = s->err;
	lock_drop(&s->lock);
	if (ok)
		s->lens[s->tail % BUFFERS] = 0;
	return ok;
}

static bool stage_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct stage *s = (struct stage *)self;
	const char *p = data;

	while (len) {
		size_t index = s->tail % BUFFERS;
		size_t n = BUFFER - s->lens[index];

		if (!s->buffers[index])
			s->buffers[index] = mem_alloc(BUFFER);
		n = n < len ? n : len;
		memcpy(s->buffers[index] + s->lens[index], p, n);
		s->lens[index] += n;
		p += n;
		len -= n;
		if (s->lens[index] == BUFFER && !hand_over(s, err))
			return false;
	}
	return true;
}

static void end_thread(struct stage *s, bool give_up)
{
	if (!s->thread)
		return;
	lock_take(&s->lock);
	s->no_more = true;
	s->give_up = give_up;
	cond_broadcast(&s->moved);
	lock_drop(&s->lock);
	thread_join(STEAL(s->thread));
}

static bool stage_finish(struct sink *self, struct err *err)
{
	struct stage *s = (struct stage *)self;
	size_t index = s->tail % BUFFERS;

	end_thread(s, false);
	if (s->failed) {
		*err = s->err;
		return false;
	}
	if (s->lens[index] && !sink_write(s->next, s->buffers[index], s->lens[index], err))
		return false;
	return sink_finish(s->next, err);
}

struct stage *stage_open(struct sink *next)
{
	struct stage *s = mem_alloc(sizeof(*s));

	s->sink = (struct sink){ .write = stage_write, .finish = stage_finish };
	s->next = next;
	lock_init(&s->lock);
	cond_init(&s->moved);
	return s;
}

struct sink *stage_sink(struct stage *s)
{
	return &s->sink;
}

void stage_close(struct stage *s)
{
	if (!s)
		return;
	end_thread(s, true);
	lock_free(&s->lock);
	cond_free(&s->moved);
	for (size_t i = 0; i < BUFFERS; i++)
		free(s->buffers[i]);
	free(s);
}
