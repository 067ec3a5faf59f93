// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_PROGRAM_H
#define SANDBOX_PROGRAM_H

#include "base/err.h"

/*
 * The file that argv[0] names inside a tree: as it is when it has a slash (relative to `cwd`), else
 * by the PATH of `env`. What a shell would say when it cannot be run, with its status: 127 no such
 * program, 126 not executable.
 */
struct program {
	char *path; /* inside the root; NULL when it cannot be run */
	int status;
	char *why;
};
void program_free(struct program *p);
void program_find(struct program *out, int root, const char *name, const char *const *env,
		  const char *cwd);

/* Docker's default PATH, for images that set none. */
#define PROGRAM_DEFAULT_PATH "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
const char *program_env(const char *const *env,
			const char *name); /* NULL when not set; the last one counts */

#endif
