// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_EXTEND_REPORT_H
#define CMD_EXTEND_REPORT_H

#include "base/json.h"
#include "extend/extend.h"

/* An extension as --json has it: reference, digest, function, mode, filepath, baked, packages,
 * existed, hash; of a plan also what would be moved, as copying_json has it. The caller decrefs. */
json_t *extend_report(const struct extend_result *r, const struct extend_request *req);
/* A plan for people: some lines, without the last newline. `requests`: that it took. */
void extend_report_page(struct buf *out, const struct extend_result *r,
			const struct extend_request *req, uint64_t requests);

#endif
