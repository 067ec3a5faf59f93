// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_WORKDIR_H
#define SANDBOX_WORKDIR_H

#include <sys/types.h>

#include "base/err.h"

/*
 * Scratch directories below the store's cache/work, 0700, each held by a flock
 * on itself: whoever finds one unlocked may remove it, since its owner is dead. Only the helper
 * touches them: what a command wrote there can belong to subordinate ids.
 */
struct workdir {
	int parent; /* cache/work */
	int fd;     /* the directory; holds the lock */
	char name[32];
	char *path; /* absolute */
};
#define WORKDIR_INIT                   \
	{                              \
		.parent = -1, .fd = -1 \
	}

MUST_CHECK bool workdir_open(struct workdir *w, const char *store, struct err *err);
/* A directory of that name in it. */
MUST_CHECK bool workdir_mkdir(const struct workdir *w, const char *name, mode_t mode,
			      struct err *err);
/* Removes it with all it holds, as far as possible. */
void workdir_close(struct workdir *w);
/*
 * The directory `path` (absolute) goes to `where` in the work directory, in exchange for the empty
 * one there: so the name stays taken. Whoever removes the work directory exchanges them back first,
 * also after our death.
 */
MUST_CHECK bool workdir_lend(const struct workdir *w, const char *where, const char *path,
			     struct err *err);
void workdir_give_back(const struct workdir *w); /* all loans, now */
/* Only forget it: for the child of the process that will close it. */
void workdir_forget(struct workdir *w);
/* Remove what dead processes left; `gone` hears each name, for what else they made under it. */
void workdir_sweep(const char *store, void (*gone)(const char *name));

#endif
