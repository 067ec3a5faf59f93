// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_DOCKERFILE_H
#define BUILDER_DOCKERFILE_H

#include "base/arena.h"
#include "base/err.h"
#include "builder/instruction.h"
#include "builder/lex.h"

/*
 * A Dockerfile as parsed: every instruction with the place of every word, nothing expanded, nothing
 * decided. Const once parsed; everything lives in its arena.
 */
struct word {
	const char *text; /* quotes and escapes as written */
	struct place place;
};

struct flag {
	const struct flag_spec *spec;
	const char *value; /* FLAG_BOOL: "true" or "false" */
	struct place place;
	const struct lex_piece *pieces; /* where the bytes of `value` stand in the file */
	size_t piece_count;
};
/* Byte `at` of the value, in the file; for one without a value the flag itself. */
struct place flag_value_place(const struct flag *f, size_t at);

struct heredoc {
	const char *name;
	const char *content; /* leading tabs gone when `chomp` */
	const char *raw;     /* as written */
	bool expand;         /* no part of the word was quoted */
	bool chomp;          /* <<- */
	struct place place;  /* of the first line of the content */
};

struct comment {
	int line;
	const char *text; /* behind the '#', trimmed */
};

struct instruction {
	enum instruction_kind kind;
	const struct instruction_spec *spec;
	struct place place;   /* of its name */
	const char *original; /* the logical line, trimmed */
	const struct flag *flags;
	size_t flag_count;
	bool json;                      /* the words came from a JSON array */
	bool legacy;                    /* ENV, LABEL: "name the rest" instead of name=value */
	const struct comment *comments; /* that stand before it */
	size_t comment_count;
	int empty_line; /* number of the last blank line inside it, a habit of old; 0: none */
	const struct word *words;
	size_t word_count;
	const struct heredoc *heredocs;
	size_t heredoc_count;
	const struct instruction *trigger; /* ONBUILD: what it holds; words[0] is its text */
};

/* Something worth saying about a Dockerfile that is no error. */
struct dockerfile_note {
	struct place place;
	const char *text;
	bool warning; /* else for information */
};

struct dockerfile {
	struct arena arena;
	const char *name; /* for messages */
	const char *text;
	size_t len;
	char escape;
	const char *check; /* value of the directive; NULL: not given */
	struct place check_place;
	const struct instruction *instructions;
	size_t instruction_count;
	const struct dockerfile_note *notes;
	size_t note_count;
};

/*
 * Everything that can be known without arguments and files is checked: unknown instructions and
 * flags, number of words, order of ARG and FROM, here-documents, LIMIT_INSTRUCTIONS and
 * LIMIT_STAGES. E_INPUT with the place; `out` then holds what was read before it, for the linter,
 * and must be freed as well. The text is copied.
 */
MUST_CHECK bool dockerfile_parse(struct dockerfile *out, const char *name, const char *text,
				 size_t len, struct err *err);
/* One instruction alone: an ONBUILD trigger of a base image. `name` says so in messages. */
MUST_CHECK bool dockerfile_parse_trigger(struct dockerfile *out, const char *name, const char *text,
					 struct err *err);
void dockerfile_free(struct dockerfile *d);

/* The frontend a syntax directive names is the one whose language is read here. */
bool dockerfile_is_own_frontend(struct slice name);

/* Put file, place and line into `err`, which was just set; returns false. Width 0: one character.
 */
bool dockerfile_at(const struct dockerfile *d, struct place place, int width, struct err *err);

/* The same for a whole flag, its name and value. */
bool dockerfile_at_flag(const struct dockerfile *d, const struct flag *flag, struct err *err);

/* The value of a flag that was given (the last one of a list), or NULL. */
const struct flag *instruction_find_flag(const struct instruction *i, const char *name);

#endif
