// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_DURATION_H
#define BUILDER_DURATION_H

#include <stdint.h>

#include "base/err.h"

/* Durations as Go writes them: "1m30s", "1.5h", "300ms"; nanoseconds. E_INPUT. */
MUST_CHECK bool duration_parse(int64_t *out, const char *text, struct err *err);

struct duration_text {
	char text[48];
};
struct duration_text duration_format(int64_t ns); /* as Go's Duration.String */

#endif
