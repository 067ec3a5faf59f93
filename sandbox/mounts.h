// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_MOUNTS_H
#define SANDBOX_MOUNTS_H

#include "sandbox/cachedir.h"
#include "sandbox/points.h"
#include "sandbox/request.h"
#include "sandbox/stubs.h"
#include "sandbox/workdir.h"

/*
 * What one command gets mounted, from its request to points: every source becomes a path of the
 * host in this mount namespace (trees by overlays of their own, files and sockets in the memory
 * file system at <work>/bundle), every target exists in the root.
 */
struct mounts {
	const struct space *space;
	const struct request *request;
	const struct workdir *work;
	struct stubs *stubs;     /* of the root */
	struct points *points;   /* filled */
	struct cachedirs caches; /* held as long as the command runs */
	size_t made;             /* names what is made for them */
};
void mounts_free(struct mounts *m);

/* What lies in a file system that points.c mounts is made there, not in the tree. */
bool mounts_in_ours(const char *target);
/* One path of the host at `target`. */
MUST_CHECK bool mounts_bind(struct mounts *m, const char *source, const char *target,
			    bool read_only, struct err *err);
/* All of the request's, in order. E_NOT_FOUND names a source that is not there. */
MUST_CHECK bool mounts_add(struct mounts *m, struct err *err);

#endif
