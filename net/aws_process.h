// SPDX-License-Identifier: Apache-2.0
#ifndef NET_AWS_PROCESS_H
#define NET_AWS_PROCESS_H

#include "net/aws.h"

/*
 * Inside net/: a credential from a program, a profile's credential_process
 * (docs.aws.amazon.com/sdkref, "Process credential provider"). The line goes to sh -c, as the SDKs
 * do it; the program sees our environment, its stderr is ours, and stdout must be one JSON document
 * of Version 1. It has LIMIT_HELPER_S ($RTBUILD_HELPER_TIMEOUT). E_AUTH: it failed, or what it gave
 * has expired; E_INPUT: no such document. What it printed is in no message.
 */
MUST_CHECK bool aws_process_credential(struct aws_credential *out, const char *command,
				       const char *where, struct err *err);

/* Of its answer at `now` (seconds since 1970). */
MUST_CHECK bool aws_process_parse(struct aws_credential *out, const char *text, size_t len,
				  const char *where, int64_t now, struct err *err);

#endif
