// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_STATINDEX_H
#define BUILDER_STATINDEX_H

#include <sys/stat.h>

#include "base/err.h"
#include "base/hash.h"
#include "image/store.h"

/*
 * What files of a context held when they were last read, by device, inode, size, mtime and ctime,
 * so that an unchanged file costs a stat. As git's index, a file whose times are not older than the
 * clock's grain when it was read is not remembered: it could change again unseen. In the store's
 * cache/stat, one file a context directory; a damaged one counts as empty.
 */
struct statindex;
MUST_CHECK bool statindex_open(struct statindex **out, struct store *s, int context_dir,
			       struct err *err);
void statindex_close(struct statindex *x); /* NULL is fine */
static inline void auto_statindex_close(struct statindex **x)
{
	statindex_close(*x);
}

/* NULL when the file is not known as it is now. */
const unsigned char *statindex_find(const struct statindex *x, const struct stat *st);
/* `read_ns`: wall clock when its reading began. Not thread-safe. */
void statindex_put(struct statindex *x, const struct stat *st, int64_t read_ns,
		   const unsigned char hash[SHA256_SIZE]);
/* Files that are still wanted; the others are forgotten by the next statindex_save. */
void statindex_keep(struct statindex *x, const struct stat *st);
/* Write it when something changed. */
MUST_CHECK bool statindex_save(struct statindex *x, struct err *err);

int64_t statindex_now_ns(void);

#endif
