// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_DOCKER_FORMAT_H
#define CMD_DOCKER_FORMAT_H

#include "base/json.h"
#include "base/str.h"

/*
 * docker's --format, the part of Go's text/template that scripts use: {{.Member.Member}}, {{json
 * .}} and {{json .Member}}, and \t and \n between. Lists are shown as Go does ([a b]), objects as
 * JSON. E_INPUT: the document has no such member. E_UNSUPPORTED: anything else in braces.
 */
MUST_CHECK bool docker_format(struct buf *out, const char *format, const json_t *doc,
			      struct err *err);

#endif
