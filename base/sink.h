// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_SINK_H
#define BASE_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/str.h"

/*
 * Where bytes go. Sinks are chained by embedding: each concrete sink starts
 * with a struct sink and points at the next. `finish` flushes what the sink
 * holds and finishes the next; it is called once, and only after all writes
 * succeeded. A sink that failed is not written again.
 */
struct sink {
	bool (*write)(struct sink *self, const void *data, size_t len, struct err *err);
	bool (*finish)(struct sink *self, struct err *err);
};

MUST_CHECK static inline bool sink_write(struct sink *s, const void *data, size_t len,
					 struct err *err)
{
	return s->write(s, data, len, err);
}

MUST_CHECK static inline bool sink_finish(struct sink *s, struct err *err)
{
	return s->finish(s, err);
}

/* To a descriptor (borrowed). */
struct sink_fd {
	struct sink sink;
	int fd;
};
struct sink_fd sink_fd(int fd);

/* To memory; the buf's maximum holds. */
struct sink_buf {
	struct sink sink;
	struct buf *buf;
};
struct sink_buf sink_buf(struct buf *buf);

/* To two sinks. */
struct sink_tee {
	struct sink sink;
	struct sink *first, *second;
};
struct sink_tee sink_tee(struct sink *first, struct sink *second);

/* Counts and hashes what passes, on to `next` (NULL: nowhere). Read `size` and `hash` after finish.
 */
struct sink_hash {
	struct sink sink;
	struct sink *next;
	uint64_t size;
	struct sha256 state;
	unsigned char hash[SHA256_SIZE];
};
void sink_hash_init(struct sink_hash *s, struct sink *next);
void sink_hash_free(struct sink_hash *s); /* releases the state of one that never finished */

/*
 * Verifies while passing on: more than `size` bytes fails at once, a wrong size
 * or hash fails in finish, before the next sink finishes. Both E_INTEGRITY.
 * size UINT64_MAX: not known. `hash` NULL: not known.
 */
struct sink_verify {
	struct sink sink;
	struct sink *next;
	uint64_t size_want, size;
	bool has_hash;
	unsigned char hash_want[SHA256_SIZE];
	struct sha256 state;
	char what[128]; /* for the message: "blob sha256:..." */
};
void sink_verify_init(struct sink_verify *s, struct sink *next, uint64_t size,
		      const unsigned char *hash, const char *what);
void sink_verify_free(struct sink_verify *s);

/*
 * Where bytes come from. `read` gives 1..cap bytes, or 0 at the end. `rewind`
 * (NULL when impossible) goes back to the start, for a retry. `close` frees.
 */
struct source {
	bool (*read)(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err);
	bool (*rewind)(struct source *self, struct err *err);
	void (*close)(struct source *self);
};

MUST_CHECK static inline bool source_read(struct source *s, void *data, size_t cap, size_t *len_out,
					  struct err *err)
{
	return s->read(s, data, cap, len_out, err);
}
void source_close(struct source *s); /* NULL is fine */
DEFINE_AUTO(struct source, source_close)

/* A file from offset 0; owns the descriptor. Uses pread, so that rewinding is free. */
struct source *source_fd(int fd);
/* Borrowed memory, which must outlive the source. */
struct source *source_mem(const void *data, size_t len);
/* Owned memory. */
struct source *source_mem_take(char *data, size_t len);

/* `from` (owned), failing with E_INPUT that names `limit` past `max` bytes. */
struct source *source_capped(struct source *from, uint64_t max, const char *limit);

/* Everything from source to sink, 128 KiB at a time; checks for interruption. Does not finish the
 * sink. */
MUST_CHECK bool source_copy(struct source *from, struct sink *to, uint64_t *size_out,
			    struct err *err);

#endif
