// SPDX-License-Identifier: Apache-2.0
#include "base/sink.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/mem.h"

/* Byte sinks and sources, composable. */

static bool fd_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	return fs_write_all(((struct sink_fd *)self)->fd, data, len, err);
}

static bool nothing_to_finish(struct sink *self, struct err *err)
{
	(void)self;
	(void)err;
	return true;
}

struct sink_fd sink_fd(int fd)
{
	return (struct sink_fd){ .sink = { .write = fd_write, .finish = nothing_to_finish },
				 .fd = fd };
}

static bool buf_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	return buf_append(((struct sink_buf *)self)->buf, data, len, err);
}

struct sink_buf sink_buf(struct buf *buf)
{
	return (struct sink_buf){ .sink = { .write = buf_write, .finish = nothing_to_finish },
				  .buf = buf };
}

static bool tee_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct sink_tee *tee = (struct sink_tee *)self;

	return sink_write(tee->first, data, len, err) && sink_write(tee->second, data, len, err);
}

static bool tee_finish(struct sink *self, struct err *err)
{
	struct sink_tee *tee = (struct sink_tee *)self;

	return sink_finish(tee->first, err) && sink_finish(tee->second, err);
}

struct sink_tee sink_tee(struct sink *first, struct sink *second)
{
	return (struct sink_tee){ .sink = { .write = tee_write, .finish = tee_finish },
				  .first = first,
				  .second = second };
}

static bool hash_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct sink_hash *s = (struct sink_hash *)self;

	sha256_update(&s->state, data, len);
	s->size += len;
	return !s->next || sink_write(s->next, data, len, err);
}

static bool hash_finish(struct sink *self, struct err *err)
{
	struct sink_hash *s = (struct sink_hash *)self;

	sha256_final(&s->state, s->hash);
	return !s->next || sink_finish(s->next, err);
}

void sink_hash_init(struct sink_hash *s, struct sink *next)
{
	*s = (struct sink_hash){ .sink = { .write = hash_write, .finish = hash_finish },
				 .next = next };
	sha256_init(&s->state);
}

void sink_hash_free(struct sink_hash *s)
{
	sha256_free(&s->state);
}

static bool verify_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct sink_verify *s = (struct sink_verify *)self;

	if (len > s->size_want - s->size)
		return err_set(err, E_INTEGRITY, "%s is longer than the %llu bytes promised",
			       s->what, (unsigned long long)s->size_want);
	sha256_update(&s->state, data, len);
	s->size += len;
	return !s->next || sink_write(s->next, data, len, err);
}

static bool verify_finish(struct sink *self, struct err *err)
{
	struct sink_verify *s = (struct sink_verify *)self;
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];

	if (s->size_want != UINT64_MAX && s->size != s->size_want)
		return err_set(err, E_INTEGRITY, "%s has %llu bytes where %llu were promised",
			       s->what, (unsigned long long)s->size,
			       (unsigned long long)s->size_want);
	sha256_final(&s->state, hash);
	if (s->has_hash && memcmp(hash, s->hash_want, sizeof(hash)) != 0) {
		hex_format(hex, hash, sizeof(hash));
		return err_set(err, E_INTEGRITY, "%s: the bytes hash to sha256:%s", s->what, hex);
	}
	return !s->next || sink_finish(s->next, err);
}

void sink_verify_init(struct sink_verify *s, struct sink *next, uint64_t size,
		      const unsigned char *hash, const char *what)
{
	*s = (struct sink_verify){ .sink = { .write = verify_write, .finish = verify_finish },
				   .next = next,
				   .size_want = size,
				   .has_hash = hash != NULL };
	if (hash)
		memcpy(s->hash_want, hash, sizeof(s->hash_want));
	snprintf(s->what, sizeof(s->what), "%s", what);
	sha256_init(&s->state);
}

void sink_verify_free(struct sink_verify *s)
{
	sha256_free(&s->state);
}

void source_close(struct source *s)
{
	if (s)
		s->close(s);
}

struct fd_source {
	struct source source;
	int fd;
	off_t at;
	bool seekable;
};

static bool fd_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct fd_source *s = (struct fd_source *)self;

	for (;;) {
		ssize_t n = s->seekable ? pread(s->fd, data, cap, s->at) : read(s->fd, data, cap);

		if (n < 0 && errno == EINTR) {
			if (!cancel_check(err))
				return false;
			continue;
		}
		if (n < 0)
			return err_set_errno(err, "read");
		s->at += n;
		*len_out = (size_t)n;
		return true;
	}
}

static bool fd_rewind(struct source *self, struct err *err)
{
	struct fd_source *s = (struct fd_source *)self;

	(void)err;
	s->at = 0;
	return true;
}

static void fd_close(struct source *self)
{
	struct fd_source *s = (struct fd_source *)self;

	close(s->fd);
	free(s);
}

struct source *source_fd(int fd)
{
	struct fd_source *s = mem_alloc(sizeof(*s));

	s->fd = fd;
	s->seekable = lseek(fd, 0, SEEK_CUR) >= 0;
	s->source = (struct source){ .read = fd_read,
				     .rewind = s->seekable ? fd_rewind : NULL,
				     .close = fd_close };
	return &s->source;
}

struct mem_source {
	struct source source;
	const char *data;
	char *owned;
	size_t len, at;
};

static bool mem_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct mem_source *s = (struct mem_source *)self;
	size_t n = s->len - s->at < cap ? s->len - s->at : cap;

	(void)err;
	if (n)
		memcpy(data, s->data + s->at, n);
	s->at += n;
	*len_out = n;
	return true;
}

static bool mem_rewind(struct source *self, struct err *err)
{
	(void)err;
	((struct mem_source *)self)->at = 0;
	return true;
}

static void mem_close(struct source *self)
{
	struct mem_source *s = (struct mem_source *)self;

	free(s->owned);
	free(s);
}

struct source *source_mem(const void *data, size_t len)
{
	struct mem_source *s = mem_alloc(sizeof(*s));

	*s = (struct mem_source){
		.source = { .read = mem_read, .rewind = mem_rewind, .close = mem_close },
		.data = data,
		.len = len
	};
	return &s->source;
}

struct source *source_mem_take(char *data, size_t len)
{
	struct source *s = source_mem(data, len);

	((struct mem_source *)s)->owned = data;
	return s;
}

struct capped_source {
	struct source source;
	struct source *from;
	uint64_t left, max;
	const char *limit;
};

static bool capped_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct capped_source *s = (struct capped_source *)self;

	if (!source_read(s->from, data, cap, len_out, err))
		return false;
	if (*len_out > s->left)
		return err_set(err, E_INPUT, "more than %llu bytes (limit %s)",
			       (unsigned long long)s->max, s->limit);
	s->left -= *len_out;
	return true;
}

static void capped_close(struct source *self)
{
	source_close(((struct capped_source *)self)->from);
	free(self);
}

struct source *source_capped(struct source *from, uint64_t max, const char *limit)
{
	struct capped_source *s = mem_alloc(sizeof(*s));

	s->source = (struct source){ .read = capped_read, .close = capped_close };
	s->from = from;
	s->left = s->max = max;
	s->limit = limit;
	return &s->source;
}

bool source_copy(struct source *from, struct sink *to, uint64_t *size_out, struct err *err)
{
	enum { PIECE = 128 * 1024 };
	AUTO(auto_free) char *piece = mem_alloc(PIECE);
	uint64_t size = 0;

	for (;;) {
		size_t len;

		if (!cancel_check(err) || !source_read(from, piece, PIECE, &len, err))
			return false;
		if (!len)
			break;
		if (!sink_write(to, piece, len, err))
			return false;
		size += len;
	}
	if (size_out)
		*size_out = size;
	return true;
}
