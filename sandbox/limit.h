// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_LIMIT_H
#define SANDBOX_LIMIT_H

#include "sandbox/command.h"

/* Limits of a command's process (getrlimit(2)). */

/* RLIMIT_NOFILE is "NOFILE"; NULL: there is no such limit. */
const char *limit_name(int resource);
/* Of this process and those it starts. E_UNSUPPORTED for more than it may have. */
MUST_CHECK bool limit_set(const struct sandbox_limit *l, struct err *err);

#endif
