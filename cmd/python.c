// SPDX-License-Identifier: Apache-2.0
#include "cmd/cmd.h"
#include "cmd/commands.h"

/* rtbuild python: packages for a Python elsewhere, and what is known of Python's own formats. */

static const struct cmd *const subs[] = { &cmd_python_lock, &cmd_python_install, &cmd_python_target,
					  &cmd_python_query, NULL };

const struct cmd cmd_python = {
	.name = "python",
	.summary = "lock packages for another Python; targets; versions and wheels",
	.subs = subs,
};
