// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_SPOOL_H
#define BUILDER_SPOOL_H

#include "image/store.h"
#include "layers/entry.h"

/*
 * A directory in the store's cache/spool for bytes that cannot go straight into a layer: files of
 * other images, members of archives, downloads. Made at first use, removed at the end of its scope.
 */
struct spool {
	struct store *store;
	int dir; /* -1: not made yet */
	int parent;
	char name[40];
};
#define SPOOL_INIT(s)                                 \
	{                                             \
		.store = (s), .dir = -1, .parent = -1 \
	}
MUST_CHECK bool spool_dir(int *fd_out, struct spool *s, struct err *err); /* borrowed */
void spool_close(struct spool *s);

/* Part of a file, as an entry's content; `open` of an entry whose `data` is one. */
struct spool_range {
	int fd; /* borrowed */
	uint64_t at, len;
	unsigned char hash[SHA256_SIZE];
};
entry_open_fn spool_open_range;

/* One archive that was opened up: entries whose bytes are ranges of one spool file. */
struct archive {
	struct entry_list members;
	int fd;
};
void archive_free(struct archive *a);
/*
 * The members of a tar, plain or compressed, when the file is one by its first header; *is_out
 * false otherwise (row 22). A compression that is known but not supported is E_UNSUPPORTED.
 */
MUST_CHECK bool archive_open(struct archive *out, bool *is_out, struct spool *s,
			     const struct entry *file, struct err *err);

#endif
