// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_WORDS_H
#define BUILDER_WORDS_H

#include <stdbool.h>
#include <stddef.h>

/* Cutting the rest of an instruction into words, each with its offset (BuildKit's line_parsers.go
 * and bflag). */
struct word_at {
	char *text; /* owned */
	size_t at;
	size_t *ats; /* flags: the offset of each byte of `text`, owned; else NULL */
};
struct word_list {
	struct word_at *items;
	size_t len, cap;
};
void word_list_free(struct word_list *l);
void word_list_add(struct word_list *l, const char *text, size_t len, size_t at);

/* At blanks; quotes mean nothing. */
void words_blank(struct word_list *out, const char *text);
/* Blanks inside quotes and behind the escape do not cut; quotes and escapes stay in the words. */
void words_quoted(struct word_list *out, const char *text, char escape);
/* The leading words that begin with "--", quotes and backslashes taken off (so that their bytes
 * have offsets of their own); gives the offset behind them. */
size_t words_flags(struct word_list *out, const char *text);

/* name, value, name, value ... of "name=value ..." or of the old form "name the rest", then
 * *old_out is set. */
enum words_pairs {
	WORDS_PAIRS_OK,
	WORDS_PAIRS_NO_VALUE, /* the old form with a name alone */
	WORDS_PAIRS_NO_SIGN,  /* a later word without '=' */
	WORDS_PAIRS_NO_NAME,
};
enum words_pairs words_pairs(struct word_list *out, const char *text, char escape, bool *old_out,
			     size_t *bad_at);

enum words_json {
	WORDS_JSON_NOT,   /* no JSON array: read it as a shell would */
	WORDS_JSON_OTHER, /* an array, but element at *bad_at is no text */
	WORDS_JSON_TEXTS,
};
enum words_json words_json(struct word_list *out, const char *text, size_t *bad_at);

/* The fields of one line of comma-separated values (RFC 4180, Go's csvvalue): quoted fields may
 * hold commas and doubled quotes. False for a quote out of place; at least one field otherwise. */
bool words_csv(struct word_list *out, const char *text, size_t *bad_at);

/* The words that announce here-documents: "<<EOF", "3<<-'EOF'". */
struct heredoc_word {
	char *name; /* owned, quotes gone */
	bool expand, chomp;
	size_t at;
};
struct heredoc_words {
	struct heredoc_word *items;
	size_t len, cap;
};
void heredoc_words_free(struct heredoc_words *w);
void words_heredocs(struct heredoc_words *out, const char *text);
/* One word alone; false when it announces none. */
bool words_heredoc(struct heredoc_word *out, const char *word);

#endif
