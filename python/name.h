// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_NAME_H
#define PYTHON_NAME_H

#include "base/arena.h"
#include "base/str.h"

/* Names of projects and extras (packaging.python.org, "Names and normalization"; PEP 503, PEP 685).
 */

/* ASCII letters, digits, ".", "_" and "-", beginning with a letter or digit and ending with one or,
 * as packaging takes it, with "_". */
bool name_is_valid(struct slice name);

/* Lower case, runs of ".", "_" and "-" made one "-": what names are compared by. In the arena. */
char *name_normalize(struct arena *a, struct slice name);

/* How many bytes at the start of `s` could be a name: as far as its characters go. */
size_t name_span(struct slice s);

#endif
