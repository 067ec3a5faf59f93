// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_EXTEND_REPORT_H
#define CMD_EXTEND_REPORT_H

#include "base/json.h"
#include "extend/extend.h"

/* An extension as --json has it: reference, digest, function, mode, filepath, baked, packages,
 * existed, hash. The caller decrefs. */
json_t *extend_report(const struct extend_result *r);

#endif
