// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CONTEXT_GIT_H
#define BUILDER_CONTEXT_GIT_H

#include "builder/build.h"
#include "builder/context.h"
#include "git/files.h"

/*
 * Commits as contexts and as sources of ADD: their files go from git's objects straight into the
 * layer. Owners are root, modes 0644, 0755 and 0777 for links, and times are set like all others
 * unless the URL says mtime=commit.
 */

/* What git is read with, from what the build has: its secrets (GIT_AUTH_TOKEN, GIT_AUTH_HEADER)
 * and the ssh agent called "default". */
struct git_options context_git_options(const struct build_request *req, struct store *store,
				       struct events *events, struct http *http);

/* `time_out` (may be NULL): when the commit was made. */
MUST_CHECK bool context_open_git(struct context **out, const struct git_options *opt,
				 const struct git_location *at, int64_t *time_out, struct err *err);

/* Whether an entry is a file of one; then git's name of its bytes, GIT_ID_SIZE of them. */
bool context_is_git(const struct entry *e);
const unsigned char *context_git_id(const struct entry *e);

#endif
