// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_CHECK_H
#define CMD_BUILD_CHECK_H

#include "builder/build.h"
#include "cmd/cmd.h"

/*
 * build --check: findings of the linter on stdout, each with its line and a caret, or with --json
 * {"findings":[{"rule","level","line","column","message","detail"}]}. E_NEGATIVE when there is one;
 * a Dockerfile that is wrong fails as a build would, after the findings before the place. Nothing
 * is built and the network is not touched.
 */
MUST_CHECK bool build_check(struct session *s, const struct build_request *req, struct err *err);

#endif
