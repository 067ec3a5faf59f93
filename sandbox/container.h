// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_CONTAINER_H
#define SANDBOX_CONTAINER_H

#include "sandbox/command.h"
#include "sandbox/points.h"
#include "sandbox/space.h"
#include "sandbox/user.h"

/* One command with everything looked up: what the runtimes (oci.c, builtin.c) execute. All
 * borrowed. */
struct container {
	const struct space *space;
	const char *id;      /* random; names what a runtime makes outside (state, cgroups) */
	const char *root;    /* host path of the mounted tree */
	const char *scratch; /* host path of a directory for the runtime's own files */
	const char *program; /* argv[0], found; a path inside the root */
	const char *const *argv, *const *env;
	const char *cwd;
	const char *hostname;
	const struct user *user;
	bool own_ids; /* the command is the caller to the host: sandbox.h */
	const struct points *points;
	bool network;  /* the host's */
	bool insecure; /* sandbox.h */
	const struct sandbox_limit *limits;
	size_t limit_count;
	int stdin_fd, stdout_fd, stderr_fd;
	int started_fd; /* a socket that is sent the command's pidfd once it executes; -1: none */
};

/*
 * Run to the end. *status_out is the command's exit status, 128 + signal, or what a shell says when
 * it cannot be executed (126, 127; then the reason goes to stderr_fd). False: the isolation itself
 * failed. `filter` NULL: none.
 */
MUST_CHECK bool builtin_run(int *status_out, const struct container *c, const struct buf *filter,
			    struct err *err);
MUST_CHECK bool chroot_run(int *status_out, const struct container *c, const struct buf *filter,
			   struct err *err);
MUST_CHECK bool oci_run(int *status_out, const struct container *c, const char *runtime,
			struct err *err);
/* What a runtime that was killed leaves: empty cgroups. */
void oci_sweep(const char *id);

/*
 * Another command in the namespaces and root of one that builtin_run started, which `target`, a
 * pidfd, names: as builtin_run. E_NOT_FOUND when that one has ended.
 */
MUST_CHECK bool exec_run(int *status_out, struct container *c, int target, const char *user,
			 const struct buf *filter, struct err *err);

/* Whether all its numbers exist here. E_UNSUPPORTED with the cure otherwise. */
MUST_CHECK bool container_has_ids(const struct space *space, const struct user *user,
				  struct err *err);
/* Whether these are the caller's own numbers, where ids are not the host's anyway. No group means
 * 0. */
bool container_is_own(const struct space *space, const struct user *user);

/* Say why a command was not executed, where its own errors would go. */
void container_say(const struct container *c, const char *why);

#endif
