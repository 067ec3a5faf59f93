// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_IDENTIFIER_H
#define EXTEND_IDENTIFIER_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A Python identifier (PEP 3131), no keyword, that means the same name in source, in a pickle and
 * on disk: ASCII, or UTF-8 letters of scripts whose characters NFKC leaves alone (base letters of
 * Latin, Greek, Cyrillic, Armenian, Hebrew, Arabic, Devanagari, Georgian, Kana, Han, Hangul).
 * Python normalises others, so that a name could be found under another spelling.
 */
bool identifier_is(struct slice name);

/* The same as an E_INPUT that says what is wrong; `what`: "function", "module". At most 255 bytes.
 */
MUST_CHECK bool identifier_check(struct slice name, const char *what, struct err *err);

/* "a.b.c": every part is an identifier. */
MUST_CHECK bool identifier_check_dotted(const char *name, const char *what, struct err *err);

/* What would be one in place of `name` ("my-map" -> "my_map"), as a hint; the caller frees. NULL:
 * nothing near. */
char *identifier_suggest(struct slice name);

#endif
