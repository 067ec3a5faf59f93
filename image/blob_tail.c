// SPDX-License-Identifier: Apache-2.0
#include "image/blob_tail.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parallel.h"

/* What a blob's writer and its reader share. Who reads, and why, is the follower's. */

struct blob_tail {
	int fd;
	struct lock lock; /* the rest */
	struct cond moved;
	enum blob_tail_state state;
	bool stopped; /* by the reader's side */
	uint64_t size;
	struct digest digest;
	int holders; /* writer and reader */
};

struct blob_tail *blob_tail_new(int fd)
{
	struct blob_tail *t = mem_alloc(sizeof(*t));

	t->fd = fcntl(fd, F_DUPFD_CLOEXEC, 0); /* -1: the first read says so */
	t->holders = 2;
	lock_init(&t->lock);
	cond_init(&t->moved);
	return t;
}

static void release(struct blob_tail *t)
{
	bool last;

	lock_take(&t->lock);
	last = --t->holders == 0;
	lock_drop(&t->lock);
	if (!last)
		return;
	auto_close(&t->fd);
	cond_free(&t->moved);
	lock_free(&t->lock);
	free(t);
}

void blob_tail_grow(struct blob_tail *t, uint64_t size)
{
	lock_take(&t->lock);
	t->size = size;
	cond_broadcast(&t->moved);
	lock_drop(&t->lock);
}

void blob_tail_end(struct blob_tail *t, const struct digest *digest)
{
	lock_take(&t->lock);
	t->state = digest ? BLOB_TAIL_WHOLE : BLOB_TAIL_GONE;
	if (digest)
		t->digest = *digest;
	cond_broadcast(&t->moved);
	lock_drop(&t->lock);
	release(t);
}

enum blob_tail_state blob_tail_wait(uint64_t *size_out, struct blob_tail *t, uint64_t wanted)
{
	enum blob_tail_state state;

	lock_take(&t->lock);
	while (t->state == BLOB_TAIL_GROWS && t->size < wanted && !t->stopped)
		cond_wait(&t->moved, &t->lock);
	state = t->stopped ? BLOB_TAIL_GONE : t->state;
	*size_out = t->size;
	lock_drop(&t->lock);
	return state;
}

bool blob_tail_digest(struct digest *out, struct blob_tail *t)
{
	bool whole;

	lock_take(&t->lock);
	whole = t->state == BLOB_TAIL_WHOLE;
	if (whole)
		*out = t->digest;
	lock_drop(&t->lock);
	return whole;
}

void blob_tail_stop(struct blob_tail *t)
{
	lock_take(&t->lock);
	t->stopped = true;
	cond_broadcast(&t->moved);
	lock_drop(&t->lock);
}

void blob_tail_close(struct blob_tail *t)
{
	release(t);
}

/* --- its bytes --- */

struct tail_source {
	struct source source;
	struct blob_tail *tail;
	uint64_t at;
};

static bool tail_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct tail_source *s = (struct tail_source *)self;
	enum blob_tail_state state;
	uint64_t size;
	ssize_t n;

	*len_out = 0;
	state = blob_tail_wait(&size, s->tail, 0);
	if (state == BLOB_TAIL_GONE)
		return err_set(err, E_CANCELLED, "the blob is not written any more");
	if (size - s->at < cap)
		cap = (size_t)(size - s->at);
	if (!cap)
		return true;
	while ((n = pread(s->tail->fd, data, cap, (off_t)s->at)) < 0)
		if (errno != EINTR)
			return err_set_errno(err, "read a blob that is being written");
	s->at += (uint64_t)n;
	*len_out = (size_t)n;
	return true;
}

static bool tail_rewind(struct source *self, struct err *err)
{
	(void)err;
	((struct tail_source *)self)->at = 0;
	return true;
}

static void tail_close(struct source *self)
{
	free(self);
}

struct source *blob_tail_open(struct blob_tail *t)
{
	struct tail_source *s = mem_alloc(sizeof(*s));

	s->source = (struct source){ tail_read, tail_rewind, tail_close };
	s->tail = t;
	return &s->source;
}
