// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_LOGICAL_LINE_H
#define PYTHON_LOGICAL_LINE_H

#include "base/arena.h"
#include "base/str.h"

/*
 * The lines of a requirements file as pip's preprocess() gives them: lines that end in "\" joined,
 * comments and blank lines gone, ${VARIABLES} replaced; and where in the file each byte came from.
 */
struct line_reader {
	const char *file;
	struct slice rest;
	struct arena *arena;
	struct {
		struct slice *items;
		size_t len, cap;
	} lines; /* those read so far, for messages: items[0] is line 1 */
};

struct line_place {
	int line, column; /* from 1 */
};

struct logical_line {
	char *text; /* of `len` bytes, with a NUL behind; none inside */
	size_t len;
	struct line_place *places; /* len + 1 of them */
};

/* `content` is UTF-8 and must outlive it; everything given out is in the arena. */
void line_reader_open(struct line_reader *r, struct arena *a, const char *file,
		      struct slice content);
void line_reader_close(struct line_reader *r);
/* *more_out false at the end. Fails only when variables make a line too long: E_INPUT. */
MUST_CHECK bool line_reader_next(struct logical_line *out, bool *more_out, struct line_reader *r,
				 struct err *err);

/* A physical line for a message, without passwords of URLs; the caller frees. */
char *line_shown(const struct line_reader *r, int number);
/* Put the place of text[offset] into an error. */
bool line_fail_at(const struct line_reader *r, const struct logical_line *line, size_t offset,
		  struct err *err);

/* Where the options of a line begin: at the first blank-separated word with a dash. */
size_t line_options_begin(const struct logical_line *line);

/* A word of the part with options, quotes and backslashes dealt with as by Python's shlex. */
struct line_word {
	const char *text;
	size_t offset; /* of its first byte in the line */
};
/* The words from text[offset] on; E_INPUT for an open quote, *at_out is where it is. */
MUST_CHECK bool line_split(struct line_word **words_out, size_t *count_out, struct arena *a,
			   const struct logical_line *line, size_t offset, size_t *at_out,
			   struct err *err);

#endif
