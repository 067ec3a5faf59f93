// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_CHARSET_H
#define BASE_CHARSET_H

#include "base/err.h"
#include "base/str.h"

/*
 * The encoding of a text file as Python and pip find it: by its byte order mark (UTF-8, UTF-16,
 * UTF-32), else by a comment in one of its first two lines ("# -*- coding: latin-1 -*-", PEP 263),
 * else UTF-8. The mark is left out of what comes of it.
 */

/* `content` as UTF-8, appended to `out`. E_INPUT for bytes that are none of the encoding's, with
 * the line where it is UTF-8; E_UNSUPPORTED for an encoding this system's iconv does not know. */
MUST_CHECK bool charset_decode(struct buf *out, struct slice content, const char *file,
			       struct err *err);

/* How many bytes at the start of `s` are one blank as Python's str.isspace has it; 0: none. */
size_t charset_blank(struct slice s);
/* The same for what str.splitlines ends a line at; "\r\n" is one. */
size_t charset_line_end(struct slice s);

#endif
