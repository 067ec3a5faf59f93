// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_CACHEDIR_H
#define SANDBOX_CACHEDIR_H

#include "sandbox/command.h"
#include "sandbox/space.h"

/*
 * Directories that outlive the commands they are mounted for: <store>/cache/mounts/<mode>/<hash of
 * the name>/, in it "name" (the name's text), and numbered instances: 0, and 1, 2, ... made when a
 * command wants one of its own and none is free. A lock file beside an instance is held as long as
 * it is used (flock, so the end of the holder frees it). What is being made is called N.new until
 * it is whole.
 */
struct cachedir {
	char *name;
	char *path; /* of the instance, absolute */
	int lock;
};
struct cachedirs {
	struct cachedir *items;
	size_t len, cap;
};
void cachedirs_free(struct cachedirs *c); /* the locks go */
/* <store>/cache/mounts/<mode>/<hash of the name>; the caller's. */
char *cachedir_path(const char *store, enum space_mode mode, const char *name);

/* Fills the empty directory `dir` that a new cache begins as. */
typedef bool cachedir_fill_fn(void *arg, int dir, const struct sandbox_mount *m, struct err *err);

/*
 * Open what the cache mounts of one command want, in the order of their names, so that two
 * commands never wait for each other; a name that occurs twice is one directory. Waits for a locked
 * one.
 */
MUST_CHECK bool cachedirs_open(struct cachedirs *out, const char *store, enum space_mode mode,
			       const struct sandbox_mount *mounts, size_t count,
			       cachedir_fill_fn *fill, void *arg, struct err *err);
const char *cachedirs_path(const struct cachedirs *c, const char *name); /* NULL: not opened */

#endif
