// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_PLACE_H
#define EXTEND_PLACE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Say the place of a failure (err_at) in a source text with the text of its line. `line` counts
 * from 1 by Python's rule: LF, CR LF and CR all end a line. Returns false.
 */
bool place_set(struct err *err, const char *file, struct slice text, int line, int column,
	       int width);

/* The bytes that end a line at `at`: 0, 1 or 2. */
size_t place_newline(struct slice text, size_t at);

#endif
