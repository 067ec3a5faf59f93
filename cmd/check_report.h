// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_CHECK_REPORT_H
#define CMD_CHECK_REPORT_H

#include "cmd/cmd.h"
#include "runtime/check.h"

/* What `check`, and a build before its push, say of an artifact. */

const char *check_severity_name(enum check_severity s);

/*
 * On stdout: a line and its cure for each finding, or the document of --json: artifact, backend,
 * ok, verified ("static": nothing was run), python and lithops when they were found, findings (each
 * rule, severity, message, source, cure), and by id or digest passed, left_out, layers_read.
 * E_NEGATIVE when a finding is an error.
 */
MUST_CHECK bool check_report_show(struct session *s, const struct check_report *r,
				  const struct backend *b, const char *what, struct err *err);
/* As warnings, for a command whose stdout is for something else. E_NEGATIVE as above. */
MUST_CHECK bool check_report_warn(struct session *s, const struct check_report *r,
				  const struct backend *b, const char *what, struct err *err);

#endif
