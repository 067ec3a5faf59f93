// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_COPYTREE_H
#define SANDBOX_COPYTREE_H

#include <sys/stat.h>

#include "base/err.h"

/*
 * Directories copied as they are: contents (shared with the original where the file system can,
 * FICLONE, else copied inside the kernel), owners, modes, times, user.* attributes and
 * capabilities, links between names of one file. Sockets are left out.
 */
struct copytree_options {
	bool whiteouts;  /* `from` is a layer's tree (trees.h): its whiteouts delete, the marks
			    themselves do not come along */
	bool keep_owner; /* false: everything is ours */
};

/* The content of the directory `from`, and its own metadata, into the directory `to`, over what is
 * there. */
MUST_CHECK bool copytree(int to, int from, const struct copytree_options *opt, struct err *err);
/* One file, link or directory of any kind: `from_name` under `from` as `name` under `to`, where
 * nothing is. */
MUST_CHECK bool copytree_one(int to, const char *name, int from, const char *from_name,
			     const struct copytree_options *opt, struct err *err);
/* Owner, mode and times of `st`, attributes of `from`, for `to`. */
MUST_CHECK bool copytree_metadata(int to, int from, const struct stat *st, bool keep_owner,
				  struct err *err);

#endif
