// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_PROC_H
#define BASE_PROC_H

#include <stdbool.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Children: the only fork and exec outside sandbox/. No shell; every descriptor
 * but 0, 1, 2 is closed in the child; it dies with us (PR_SET_PDEATHSIG) and
 * runs with default signal dispositions.
 */
struct proc_spec {
	const char *const
		*argv; /* NULL-terminated; argv[0] is looked up in PATH unless it has a slash */
	const char *const *env; /* NULL-terminated "K=V"; NULL: the parent's */
	const char *cwd;        /* NULL: the parent's */
	int stdin_fd;           /* borrowed; -1: /dev/null */
	int stdout_fd;
	int stderr_fd; /* -1: /dev/null */
	bool detached; /* it outlives us, in a session of its own: no terminal's signals reach it */
};

/* E_NOT_FOUND when there is no such program. */
MUST_CHECK bool proc_start(pid_t *pid_out, const struct proc_spec *spec, struct err *err);

/* Wait: the exit status, or 128 + signal as a shell says it. */
MUST_CHECK bool proc_wait(int *status_out, pid_t pid, struct err *err);

/*
 * Run to the end with `input` on stdin (may be NULL) and collect stdout and
 * stderr, each capped by its buf's max. Killed after timeout_ms (0: never): E_IO;
 * when that, an interruption or a cap ends it, with all that it started.
 * A non-zero exit is not an error here. `err_out` may be NULL: stderr is inherited.
 */
MUST_CHECK bool proc_capture(int *status_out, struct buf *out, struct buf *err_out,
			     const struct proc_spec *spec, const struct slice *input,
			     int timeout_ms, struct err *err);

/* The absolute path of a program on PATH (or the standard sbin folders), or NULL; caller frees. */
char *proc_find(const char *name);

#endif
