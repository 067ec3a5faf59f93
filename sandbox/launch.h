// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_LAUNCH_H
#define SANDBOX_LAUNCH_H

#include "sandbox/container.h"

/*
 * What engines of ours share: a child that prepares itself (`prepare` makes namespaces and enters
 * the root), becomes the command's user and executes it; and the one who waits for it.
 */

/* In the child: into the root, which is then "/". */
typedef bool launch_enter_fn(const struct container *c, struct err *err);

/*
 * Both sides of it: a child by `start` (fork, or what makes namespaces first) enters the root, gets
 * streams, working directory, user, capabilities and `filter` (NULL: none) and executes the
 * command; its end is waited for. As builtin_run (container.h).
 */
MUST_CHECK bool launch_run(int *status_out, const struct container *c, pid_t (*start)(void),
			   launch_enter_fn *enter, const struct buf *filter, struct err *err);

#endif
