// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_QUOTE_H
#define BUILDER_QUOTE_H

#include <stddef.h>
#include <stdint.h>

#include "base/str.h"

/* Text as Go's fmt prints it: history lines are compared with BuildKit's byte for byte. */

/* %q of a string */
void quote_text(struct buf *out, const char *text);
/* %q of a []string: ["a" "b"] */
void quote_list(struct buf *out, const char *const *list, size_t count);
/* %q of an integer, which is the character of that number: '\x03' */
void quote_number(struct buf *out, int64_t n);
/* %v of a []string: [a b] */
void quote_plain_list(struct buf *out, const char *const *list, size_t count);

#endif
