// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_USER_H
#define SANDBOX_USER_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Who a command runs as: USER of a Dockerfile, looked up in the tree's own /etc/passwd and
 * /etc/group as Docker does (github.com/moby/sys/user, GetExecUser): "", "name", "uid", each with
 * ":group" or ":gid". Numbers need no passwd entry. Supplementary groups come from /etc/group
 * unless a group is given.
 */
enum { USER_GROUPS_MAX = 64 };
struct user {
	uint32_t uid, gid;
	uint32_t groups[USER_GROUPS_MAX];
	size_t group_count;
	char home[256]; /* "/" when the passwd does not say */
};

/* An unknown name is E_NOT_FOUND and named; files that are not regular or too large are E_INPUT. */
MUST_CHECK bool user_find(struct user *out, int root, const char *spec, struct err *err);
/* The same from the two files' text. */
MUST_CHECK bool user_find_in(struct user *out, const char *passwd, const char *group,
			     const char *spec, struct err *err);

#endif
