// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_LEX_H
#define BUILDER_LEX_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"
#include "base/str.h"

/*
 * A Dockerfile's text as logical lines: directives taken, comments dropped, continuations joined,
 * and for each byte of a logical line the place it came from (facts: BuildKit's parser,
 * section 1.3).
 */

/* Both count from 1. */
struct place {
	int line, column;
};

/* From byte `at` of a logical line on, until the next piece. */
struct lex_piece {
	size_t at;
	struct place place;
};

struct lex_directive {
	struct place place;
	struct slice value; /* ptr NULL: not given */
};

struct lex_comment {
	int line;
	struct slice text; /* behind the '#', trimmed; never empty */
};

struct lex {
	struct slice text;
	size_t at; /* of the next physical line */
	int line;  /* number of the physical line read last */
	char escape;
	bool directives_over;
	struct lex_directive syntax, escape_directive, check;
	struct { /* comments since the last instruction, or since an empty one */
		struct lex_comment *items;
		size_t len, cap;
	} comments;

	/* The logical line read last. */
	struct buf logical;
	struct {
		struct lex_piece *items;
		size_t len, cap;
	} pieces;
	int first_line;
	int empty_line; /* number of the last blank line inside a continuation (an old habit, warned
			   about), else 0 */
	/* The place of the failure when a function below fails. */
	struct place error_at;
};

void lex_init(struct lex *lx, const char *text, size_t len); /* a byte order mark is dropped */
void lex_free(struct lex *lx);

/* The next logical line that is not empty; *more_out false at the end. E_INPUT for a bad directive
 * or a line past LIMIT_DOCKERFILE_LINE. */
MUST_CHECK bool lex_next(struct lex *lx, bool *more_out, struct err *err);
/* The next physical line as it stands, for here-documents: *line_out without its newline,
 * *whole_out with it. False at the end. */
bool lex_raw_line(struct lex *lx, struct slice *line_out, struct slice *whole_out);

/* Where byte `at` of the logical line came from. */
struct place lex_place(const struct lex *lx, size_t at);

#endif
