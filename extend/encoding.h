// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_ENCODING_H
#define EXTEND_ENCODING_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/* How a Python source file is encoded: byte order mark, then the cookie of PEP 263, then UTF-8. */
enum encoding { ENCODING_UTF8, ENCODING_LATIN1, ENCODING_ASCII };

/*
 * *skip_out: bytes of the mark, 0 or 3. The whole text is checked: a byte that the encoding has
 * not, or NUL, is E_INPUT with its place; another encoding than these three is E_UNSUPPORTED.
 */
MUST_CHECK bool encoding_detect(enum encoding *out, size_t *skip_out, const char *text, size_t len,
				const char *file, struct err *err);

/* One character of valid UTF-8 at `text`: its length (1 to 4), or 0 when it is not valid (overlong,
 * surrogate, cut). */
size_t encoding_utf8(unsigned *code_out, const char *text, size_t len);

#endif
