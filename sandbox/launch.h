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
 * In the child, to the end: enter, streams, working directory, user, capabilities, `filter` (NULL:
 * none), execve. `report_fd` hears why it did not come to that.
 */
void __attribute__((noreturn)) launch_child(const struct container *c, launch_enter_fn *enter,
					    const struct buf *filter, int report_fd);
/* In the parent: wait for `pid` and read its report. As builtin_run (container.h). Closes
 * `report_fd`. */
MUST_CHECK bool launch_wait(int *status_out, const struct container *c, pid_t pid, int report_fd,
			    struct err *err);

#endif
