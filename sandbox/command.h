// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_COMMAND_H
#define SANDBOX_COMMAND_H

#include <stdbool.h>

#include "base/err.h"

/* What both sides, rtbuild and its helper, say of a command: how it is isolated, what is mounted,
 * how it ended. */

enum sandbox_isolation { ISOLATION_AUTO, ISOLATION_OCI, ISOLATION_BUILTIN, ISOLATION_CHROOT };
/* "auto", "oci", "builtin", "chroot"; E_USAGE otherwise. */
MUST_CHECK bool sandbox_isolation_parse(enum sandbox_isolation *out, const char *text,
					struct err *err);
const char *sandbox_isolation_name(enum sandbox_isolation i);

struct sandbox_mount {
	enum { SANDBOX_BIND, SANDBOX_TMPFS } kind;
	const char *source; /* absolute host path; binds */
	const char *target; /* absolute inside the root; made when absent, and then taken away
			       afterwards */
	bool read_only;
};

struct sandbox_result {
	int status; /* exit status, or 128 + signal; 127 no such program, 126 not executable (said
		       on the output) */
	bool timed_out;    /* status is 137 then */
	bool diff_written; /* only when status is 0 */
};

#endif
