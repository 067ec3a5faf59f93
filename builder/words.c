// SPDX-License-Identifier: Apache-2.0
#include "builder/words.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/str.h"
#include "builder/expand.h"

/* Text to words. The oddities are BuildKit's own: what it accepts must be read the same way here.
 */

void word_list_free(struct word_list *l)
{
	for (size_t i = 0; i < l->len; i++) {
		free(l->items[i].text);
		free(l->items[i].ats);
	}
	free(l->items);
	*l = (struct word_list){ 0 };
}

void word_list_add(struct word_list *l, const char *text, size_t len, size_t at)
{
	struct word_at *w = ARRAY_PUSH(l);

	*w = (struct word_at){ .text = mem_strndup(text, len), .at = at };
}

static bool is_blank(char c)
{
	return c && strchr(" \t\v\f\r", c);
}

void words_blank(struct word_list *out, const char *text)
{
	size_t at = 0;

	while (text[at]) {
		size_t start;

		while (is_blank(text[at]))
			at++;
		start = at;
		while (text[at] && !is_blank(text[at]))
			at++;
		if (at > start)
			word_list_add(out, text + start, at - start, start);
	}
}

/* The end of the word that begins at `at`. A lone escape at the end is dropped, as BuildKit does.
 */
static size_t quoted_end(const char *text, size_t at, char escape, struct buf *word)
{
	char quote = '\0';

	for (; text[at]; at++) {
		char c = text[at];

		if (!quote && isspace((unsigned char)c))
			break;
		if (c == escape && quote != '\'') {
			if (!text[at + 1])
				return at + 1;
			buf_put_byte(word, (unsigned char)c);
			c = text[++at];
		} else if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
		}
		buf_put_byte(word, (unsigned char)c);
	}
	return at;
}

void words_quoted(struct word_list *out, const char *text, char escape)
{
	size_t at = 0;

	while (text[at]) {
		AUTO(buf_free) struct buf word = BUF_INIT(LIMIT_DOCKERFILE_LINE);
		size_t start;

		while (isspace((unsigned char)text[at]))
			at++;
		start = at;
		at = quoted_end(text, at, escape, &word);
		if (word.len)
			word_list_add(out, word.ptr, word.len, start);
	}
}

struct offsets {
	size_t *items;
	size_t len, cap;
};

/* One flag, its quotes and backslashes taken off; gives the offset behind it. */
static size_t flag_end(const char *text, size_t at, struct buf *word, struct offsets *ats)
{
	char quote = '\0';

	for (; text[at]; at++) {
		char c = text[at];

		if (!quote && isspace((unsigned char)c))
			break;
		if (quote ? c == quote : c == '\'' || c == '"') {
			quote = quote ? '\0' : c;
			continue;
		}
		if (c == '\\') {
			if (!text[at + 1])
				return at + 1;
			c = text[++at];
		}
		buf_put_byte(word, (unsigned char)c);
		*ARRAY_PUSH(ats) = at;
	}
	return at;
}

size_t words_flags(struct word_list *out, const char *text)
{
	size_t at = 0;

	for (;;) {
		AUTO(buf_free) struct buf word = BUF_INIT(LIMIT_DOCKERFILE_LINE);
		struct offsets ats = { 0 };
		size_t start;

		while (isspace((unsigned char)text[at]))
			at++;
		if (text[at] != '-' || text[at + 1] != '-')
			return at;
		start = at;
		at = flag_end(text, at, &word, &ats);
		if (str_eq(word.ptr, "--")) {
			free(ats.items);
			return at;
		}
		word_list_add(out, word.ptr, word.len, start);
		out->items[out->len - 1].ats = ats.items;
	}
}

/* "name the rest of the line" */
static enum words_pairs old_pair(struct word_list *out, const char *text)
{
	size_t name_len = strcspn(text, " \t\v\f\r");
	size_t value = name_len + strspn(text + name_len, " \t\v\f\r");

	if (!text[value])
		return WORDS_PAIRS_NO_VALUE;
	word_list_add(out, text, name_len, 0);
	word_list_add(out, text + value, strlen(text + value), value);
	return WORDS_PAIRS_OK;
}

enum words_pairs words_pairs(struct word_list *out, const char *text, char escape, bool *old_out,
			     size_t *bad_at)
{
	AUTO(word_list_free) struct word_list words = { 0 };

	*bad_at = 0;
	words_quoted(&words, text, escape);
	if (!words.len)
		return WORDS_PAIRS_OK;
	*old_out = !strchr(words.items[0].text, '=');
	if (*old_out)
		return old_pair(out, text);
	for (size_t i = 0; i < words.len; i++) {
		const struct word_at *w = &words.items[i];
		const char *sign = strchr(w->text, '=');

		*bad_at = w->at;
		if (!sign)
			return WORDS_PAIRS_NO_SIGN;
		if (sign == w->text)
			return WORDS_PAIRS_NO_NAME;
		word_list_add(out, w->text, (size_t)(sign - w->text), w->at);
		word_list_add(out, sign + 1, strlen(sign + 1),
			      w->at + (size_t)(sign + 1 - w->text));
	}
	return WORDS_PAIRS_OK;
}

static size_t skip_blanks(const char *text, size_t at)
{
	while (isspace((unsigned char)text[at]))
		at++;
	return at;
}

/* From an element of a JSON array, known to be well formed, to the next. */
static size_t json_next_element(const char *text, size_t at)
{
	bool in_string = false;
	size_t depth = 0;

	for (; text[at] && (in_string || depth || text[at] != ','); at++) {
		char c = text[at];

		if (in_string && c == '\\')
			at++;
		else if (c == '"')
			in_string = !in_string;
		else if (!in_string && (c == '[' || c == '{'))
			depth++;
		else if (!in_string && (c == ']' || c == '}'))
			depth--;
	}
	return skip_blanks(text, at + 1);
}

enum words_json words_json(struct word_list *out, const char *text, size_t *bad_at)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct err ignored = { 0 };
	size_t at;

	*bad_at = 0;
	if (*text != '[' || !json_parse(&doc, text, strlen(text), "", &ignored))
		return WORDS_JSON_NOT;
	at = skip_blanks(text, 1);
	for (size_t i = 0; i < json_array_size(doc); i++) {
		const char *value = json_string_value(json_array_get(doc, i));

		if (i)
			at = json_next_element(text, at);
		if (!value) {
			*bad_at = at;
			return WORDS_JSON_OTHER;
		}
		word_list_add(out, value, strlen(value), at);
	}
	return WORDS_JSON_TEXTS;
}

void heredoc_words_free(struct heredoc_words *w)
{
	for (size_t i = 0; i < w->len; i++)
		free(w->items[i].name);
	free(w->items);
	*w = (struct heredoc_words){ 0 };
}

/* `word` with and without its quotes: both must be one word; whether they are the same. */
static bool unquote(char **plain_out, bool *same_out, const char *word)
{
	static const struct map no_env = { 0 };
	AUTO(str_list_free) struct str_list plain = { 0 };
	AUTO(str_list_free) struct str_list raw = { 0 };
	struct expand_options options = { .env = &no_env, .escape = '\\', .keep_unset = true };
	struct err ignored = { 0 };

	if (!expand_words(&plain, word, &options, NULL, &ignored) || plain.len != 1)
		return false;
	options.raw_quotes = options.raw_escapes = true;
	if (!expand_words(&raw, word, &options, NULL, &ignored) || raw.len != 1)
		return false;
	*plain_out = mem_strdup(plain.items[0]);
	*same_out = str_eq(plain.items[0], raw.items[0]);
	return true;
}

bool words_heredoc(struct heredoc_word *out, const char *word)
{
	const char *p = word;

	while (isdigit((unsigned char)*p))
		p++;
	if (p[0] != '<' || p[1] != '<')
		return false;
	p += 2;
	out->chomp = *p == '-';
	if (out->chomp)
		p++;
	if (!*p || strchr(p, '<'))
		return false;
	return unquote(&out->name, &out->expand, p);
}

void words_heredocs(struct heredoc_words *out, const char *text)
{
	static const struct map no_env = { 0 };
	struct expand_options options = { .env = &no_env,
					  .escape = '\\',
					  .keep_unset = true,
					  .raw_quotes = true,
					  .raw_escapes = true };
	AUTO(str_list_free) struct str_list words = { 0 };
	struct err ignored = { 0 };
	const char *from = text;

	if (!strstr(text, "<<") || !expand_words(&words, text, &options, NULL, &ignored))
		return;
	for (size_t i = 0; i < words.len; i++) {
		struct heredoc_word word = { 0 };
		const char *found = strstr(from, words.items[i]);

		if (found)
			from = found + strlen(words.items[i]);
		if (!words_heredoc(&word, words.items[i]))
			continue;
		word.at = found ? (size_t)(found - text) : 0;
		*ARRAY_PUSH(out) = word;
	}
}

/* A quoted field from behind its first quote; gives the offset behind its last one, SIZE_MAX when
 * there is none. */
static size_t csv_quoted_end(const char *text, size_t at, struct buf *field)
{
	for (; text[at]; at++) {
		if (text[at] == '"' && text[at + 1] != '"')
			return at + 1;
		if (text[at] == '"')
			at++;
		buf_put_byte(field, (unsigned char)text[at]);
	}
	return SIZE_MAX;
}

bool words_csv(struct word_list *out, const char *text, size_t *bad_at)
{
	size_t at = 0;

	for (;; at++) {
		AUTO(buf_free) struct buf field = BUF_INIT(LIMIT_DOCKERFILE_LINE);
		size_t start = at;

		if (text[at] == '"') {
			at = csv_quoted_end(text, at + 1, &field);
			*bad_at = at == SIZE_MAX ? start : at;
			if (at == SIZE_MAX || (text[at] && text[at] != ','))
				return false;
			start++;
		} else {
			at += strcspn(text + at, ",");
			buf_put_bytes(&field, text + start, at - start);
			*bad_at = start + strcspn(field.ptr, "\"");
			if (strchr(field.ptr, '"'))
				return false;
		}
		word_list_add(out, field.ptr, field.len, start);
		if (!text[at])
			return true;
	}
}
