// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_RAMSIZE_H
#define BUILDER_RAMSIZE_H

#include <stdint.h>

#include "base/err.h"

/*
 * A size as docker reads it (go-units RAMInBytes): "64m", "1.5 GiB", "4096"; k m g t p count by
 * 1024, with or without "b" or "ib", in any case. E_INPUT otherwise, and past 2^63-1.
 */
MUST_CHECK bool ramsize_parse(uint64_t *out, const char *text, struct err *err);

#endif
