// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_STATINDEX_H
#define BUILDER_STATINDEX_H

#include <stdint.h>
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

/* What says that a file is the same: setting an attribute, owner or mode moves ctime too. */
struct file_state {
	uint64_t dev, ino, size;
	int64_t mtime_ns, ctime_ns;
};
struct file_state file_state_of(const struct stat *st);
bool file_state_same(const struct file_state *a, const struct file_state *b);

/* A file that was read; 80 bytes, as they stand in the index's file. */
struct file_record {
	struct file_state state;
	uint64_t plain; /* 0 or 1: it has no attributes that are kept (layers/xattr.h) */
	unsigned char hash[SHA256_SIZE];
};

/* The hash of its bytes, NULL when the file is not known as it is now; *plain_out: it has no
 * attributes. What nobody asks for is forgotten by the next statindex_save. */
const unsigned char *statindex_find(struct statindex *x, const struct file_state *state,
				    bool *plain_out);
/* `r` is borrowed until the index is closed: it is one of tens of thousands. `read_ns`: wall clock
 * when its reading began. Not thread-safe. */
void statindex_put(struct statindex *x, const struct file_record *r, int64_t read_ns);
/* Write it when something changed. */
MUST_CHECK bool statindex_save(struct statindex *x, struct err *err);

int64_t statindex_now_ns(void);

#endif
