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
/* A file without a name in it; the caller closes. */
MUST_CHECK bool spool_file(int *fd_out, struct spool *s, struct err *err);
void spool_close(struct spool *s);

/* Part of a file, as an entry's content; `open` of an entry whose `data` is one. */
struct spool_range {
	int fd; /* borrowed */
	uint64_t at, len;
	bool shared; /* several entries of one list are names of this one file */
	unsigned char hash[SHA256_SIZE];
};
entry_open_fn spool_open_range;
/* A text that the names of a shared one have in common, else NULL; the caller frees. */
char *spool_identity(const struct spool_range *range);

#endif
