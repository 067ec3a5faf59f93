// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_RUN_H
#define SANDBOX_RUN_H

#include "sandbox/request.h"
#include "sandbox/space.h"
#include "sandbox/workdir.h"

/* How commands are isolated here: found out by probe.c, used by run.c. */
struct engine {
	enum { ENGINE_NONE, ENGINE_OCI, ENGINE_BUILTIN, ENGINE_CHROOT } kind;
	char *runtime; /* ENGINE_OCI: absolute path */
};

/*
 * One REQUEST_RUN, in a process of its own that is the first of its pid namespace: root tree by
 * overlay (ENGINE_CHROOT: by copying), command, changes to the diff descriptor. `fds` are the
 * request's, by REQUEST_*_FD. Mounts are made in a new mount namespace, which this makes. `filter`:
 * the seccomp program for the built-in engine. `probe`: a program of ours is put into the tree and
 * run.
 */
struct run {
	const struct space *space;
	const struct engine *engine;
	const struct request *request;
	const struct workdir *work;
	const struct buf *filter;
	const int *fds;
	bool probe;
};
MUST_CHECK bool run_command(struct sandbox_result *out, const struct run *r, struct err *err);

#endif
