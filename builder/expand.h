// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_EXPAND_H
#define BUILDER_EXPAND_H

#include "base/err.h"
#include "base/map.h"
#include "base/str.h"

/*
 * Variables and quotes in a word of a Dockerfile (facts/dockerfile.md section 1.4; BuildKit's
 * shell/lex.go): $v ${v} ${v:-w} ${v-w}
 * ${v:+w} ${v+w} ${v:?m} ${v?m} ${v#p} ${v##p} ${v%p} ${v%%p} ${v/p/r} ${v//p/r}. Patterns know *
 * and ? and the backslash.
 */
struct expand_options {
	const struct map *env;  /* text */
	const struct map *also; /* looked up after env; may be NULL */
	char escape;
	bool raw_quotes;            /* quotes stay in the result */
	bool raw_escapes;           /* and so does the escape character */
	bool no_quotes;             /* quotes mean nothing: here-documents */
	bool keep_unset;            /* $v of an unset v stays as it is written */
	struct str_list *unset_out; /* names that were asked for and not set; may be NULL */
	struct str_list *set_out;   /* and those that were; may be NULL */
};

/* The caller frees. E_INPUT; *bad_at (may be NULL) is the offset in `text` of what is wrong. At
 * most LIMIT_EXPANSION bytes, LIMIT_EXPANSION_DEPTH deep. */
MUST_CHECK bool expand_word(char **out, const char *text, const struct expand_options *opt,
			    size_t *bad_at, struct err *err);
/* The same, cut at blanks after the expansion, quoted ones excepted. */
MUST_CHECK bool expand_words(struct str_list *out, const char *text,
			     const struct expand_options *opt, size_t *bad_at, struct err *err);

#endif
