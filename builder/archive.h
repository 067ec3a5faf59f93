// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_ARCHIVE_H
#define BUILDER_ARCHIVE_H

#include "builder/spool.h"

/* One archive that was opened up: entries whose bytes are ranges of one spool file. */
struct archive {
	struct entry_list members; /* in the order of the archive */
	int fd;
};
/* clang-format off */
#define ARCHIVE_INIT { .fd = -1 }
/* clang-format on */
void archive_free(struct archive *a);

/*
 * Tell by the first bytes whether `from` (owned in any case) is a tar, plain or compressed by gzip,
 * zstd, bzip2 or xz (row 22: a tar is what begins with a header whose checksum is right; nothing
 * else is read than that needs). *tar_out: the plain bytes of the tar from their start, or NULL.
 * Then *same_out has the bytes of `from` from their start, or is NULL when they are compressed.
 */
MUST_CHECK bool archive_detect(struct source **tar_out, struct source **same_out,
			       struct source *from, struct err *err);

/* The members of a tar (borrowed): each byte is read once. */
MUST_CHECK bool archive_read(struct archive *out, struct spool *s, struct source *tar,
			     struct err *err);

/* Both for a file, opened once: *is_out false when it is none. */
MUST_CHECK bool archive_open(struct archive *out, bool *is_out, struct spool *s,
			     const struct entry *file, struct err *err);

#endif
