// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_TOKEN_H
#define EXTEND_TOKEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"
#include "extend/encoding.h"

/*
 * Python source as tokens, a logical line at a time (Python Language Reference 3.14, chapter 2;
 * PEP 701 for f-strings). Every string is one token: the expressions inside an f-string are stepped
 * over, not given out. Comments and blank lines are left out.
 */
enum token_kind {
	TOKEN_NAME, /* identifiers and keywords; bytes from 0x80 on count as letters */
	TOKEN_NUMBER,
	TOKEN_STRING, /* with prefix and quotes */
	TOKEN_OP,     /* operators and delimiters, the longest that fits */
};

struct token {
	enum token_kind kind;
	struct slice text; /* borrowed from the source */
	int line, column;  /* from 1; columns in bytes */
};

/* A logical line: never empty. Valid until the next one is read. */
struct token_line {
	const struct token *items;
	size_t len;
	size_t level; /* of indentation: 0 is the top */
};

struct tokenizer;

/* `text` and `file` (the name in messages) are borrowed. The encoding is checked at once
 * (encoding_detect). */
MUST_CHECK bool tokenizer_open(struct tokenizer **out, const char *text, size_t len,
			       const char *file, struct err *err);
void tokenizer_close(struct tokenizer *t); /* NULL is fine */
DEFINE_AUTO(struct tokenizer, tokenizer_close)

/*
 * The next logical line; *more_out is false at the end. What cannot be followed (an unterminated
 * string, a bracket without its partner, a dedent to nowhere, a stray character) is E_INPUT with
 * its place.
 */
MUST_CHECK bool tokenizer_next(struct token_line *out, bool *more_out, struct tokenizer *t,
			       struct err *err);

/* Say the place (err_at) of a failure in this source, with the line's text. */
bool tokenizer_blame(const struct tokenizer *t, int line, int column, int width, struct err *err);

bool token_is(const struct token *t, const char *text); /* an operator or name of this text */
bool token_is_keyword(struct slice name);               /* reserved; soft keywords are names */

#endif
