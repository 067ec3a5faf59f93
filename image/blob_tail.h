// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_BLOB_TAIL_H
#define IMAGE_BLOB_TAIL_H

#include "base/sink.h"
#include "image/digest.h"

/*
 * A blob that is still being written, for one reader on another thread, as `tail -f` reads a file:
 * its bytes as far as they are there, and in the end its digest. The reader holds nobody up, and
 * keeps the file open when the writer is through with it.
 */
struct blob_tail;

enum blob_tail_state {
	BLOB_TAIL_GROWS,
	BLOB_TAIL_WHOLE, /* committed */
	BLOB_TAIL_GONE,  /* the writer gave up, or the reader was told to */
};
/* Wait until `wanted` bytes are there, or no more will come; *size_out are. */
enum blob_tail_state blob_tail_wait(uint64_t *size_out, struct blob_tail *t, uint64_t wanted);
/* What it became; false while it is not committed. */
bool blob_tail_digest(struct digest *out, struct blob_tail *t);
/* Its bytes from the start. Whoever reads past what is there finds the end. Must be closed before
 * the tail is. */
struct source *blob_tail_open(struct blob_tail *t);
/* From any thread: the reader shall end. Its waits find GONE, its reads E_CANCELLED. */
void blob_tail_stop(struct blob_tail *t);
void blob_tail_close(struct blob_tail *t); /* the reader's */

/* The writer's part: the store's. The file must be readable by `fd`, which is duplicated. */
struct blob_tail *blob_tail_new(int fd);
void blob_tail_grow(struct blob_tail *t, uint64_t size);
/* `digest` NULL: it was given up. The tail is the reader's alone from then on. */
void blob_tail_end(struct blob_tail *t, const struct digest *digest);

/* Who is told of blobs under way (store.h, blob_writer_follow): of those that got larger than
 * `least`, on the writer's thread; `tail` is the follower's to close. */
struct blob_follower {
	uint64_t least;
	void (*follow)(struct blob_follower *self, struct blob_tail *tail);
};

#endif
