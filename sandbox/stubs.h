// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_STUBS_H
#define SANDBOX_STUBS_H

#include <sys/stat.h>

#include "base/err.h"

/*
 * What has to exist in a root for things to be mounted on (and the working directory), made
 * beforehand by us so that no runtime makes it, and taken away afterwards so that it is not in the
 * layer: an unchanged tree must give an empty diff. Whatever the command changed meanwhile (told by
 * ctime) stays.
 */
struct stub {
	char *path; /* canonical, no leading slash; "" is the root */
	bool made;  /* by us; else a directory that was there and was written to, or leads to one */
	struct stat before; /* of a directory that was there */
	struct stat after;  /* when everything was made */
};
struct stubs {
	int root;           /* borrowed: the merged tree */
	char *root_path;    /* as /proc/self/fd says it */
	struct stub *items; /* parents before children */
	size_t len, cap;
};
MUST_CHECK bool stubs_init(struct stubs *s, int root, struct err *err);
void stubs_free(struct stubs *s);

/*
 * Make `path` (links are followed inside the root, also to what is missing) as a directory 0755 or
 * an empty file 0644 when it is absent. *canonical_out: where it really is, absolute inside the
 * root; the caller's. E_INPUT when something of the other kind is there.
 */
MUST_CHECK bool stubs_make(char **canonical_out, struct stubs *s, const char *path, bool is_dir,
			   struct err *err);
/* The parents of `path` (canonical, no leading slash) are about to be written to. */
MUST_CHECK bool stubs_note(struct stubs *s, const char *path, struct err *err);
/* All are made, nothing is mounted on them yet. */
MUST_CHECK bool stubs_settle(struct stubs *s, struct err *err);
/* The overlay is unmounted: clean its upper directory. */
MUST_CHECK bool stubs_remove(const struct stubs *s, int upper, struct err *err);

#endif
