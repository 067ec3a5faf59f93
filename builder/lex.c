// SPDX-License-Identifier: Apache-2.0
#include "builder/lex.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* Physical lines to logical lines. What an instruction is, is dockerfile.c's business. */

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\v' || c == '\f' || c == '\r';
}

static struct slice trim_left(struct slice s)
{
	while (s.len && is_blank(*s.ptr)) {
		s.ptr++;
		s.len--;
	}
	return s;
}

static struct slice trim_right(struct slice s)
{
	while (s.len && (is_blank(s.ptr[s.len - 1]) || s.ptr[s.len - 1] == '\n'))
		s.len--;
	return s;
}

void lex_init(struct lex *lx, const char *text, size_t len)
{
	memset(lx, 0, sizeof(*lx));
	if (len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0) {
		text += 3;
		len -= 3;
	}
	lx->text = (struct slice){ .ptr = text, .len = len };
	lx->escape = '\\';
	lx->logical = (struct buf)BUF_INIT(LIMIT_DOCKERFILE_LINE);
}

void lex_free(struct lex *lx)
{
	buf_free(&lx->logical);
	free(lx->pieces.items);
	free(lx->comments.items);
}

bool lex_raw_line(struct lex *lx, struct slice *line_out, struct slice *whole_out)
{
	const char *start = lx->text.ptr + lx->at;
	size_t left = lx->text.len - lx->at;
	const char *end;

	if (!left)
		return false;
	end = memchr(start, '\n', left);
	*whole_out = (struct slice){ .ptr = start, .len = end ? (size_t)(end - start) + 1 : left };
	*line_out = *whole_out;
	while (line_out->len && (line_out->ptr[line_out->len - 1] == '\n' ||
				 line_out->ptr[line_out->len - 1] == '\r'))
		line_out->len--;
	lx->at += whole_out->len;
	lx->line++;
	return true;
}

/* "# key = value": cut it; false when the line is none. */
static bool cut_directive(struct slice line, struct slice *key, struct slice *value)
{
	struct slice rest;

	if (!line.len || line.ptr[0] != '#')
		return false;
	line.ptr++;
	line.len--;
	*key = trim_right(trim_left(slice_cut(line, '=', &rest)));
	if (!rest.ptr || !key->len || !isalpha((unsigned char)key->ptr[0]))
		return false;
	for (size_t i = 0; i < key->len; i++) {
		if (!isalnum((unsigned char)key->ptr[i]))
			return false;
	}
	*value = trim_right(trim_left(rest));
	return value->len > 0;
}

static bool key_is(struct slice key, const char *name)
{
	return key.len == strlen(name) && strncasecmp(key.ptr, name, key.len) == 0;
}

static bool take_directive(struct lex *lx, struct slice line, bool *taken, struct err *err)
{
	struct slice key, value;
	struct lex_directive *directive;

	*taken = false;
	if (lx->directives_over)
		return true;
	lx->directives_over = true;
	if (!cut_directive(line, &key, &value))
		return true;
	if (key_is(key, "syntax"))
		directive = &lx->syntax;
	else if (key_is(key, "escape"))
		directive = &lx->escape_directive;
	else if (key_is(key, "check"))
		directive = &lx->check;
	else
		return true;
	lx->directives_over = false;
	*taken = true;
	lx->error_at = (struct place){ lx->line, (int)(key.ptr - line.ptr) + 1 };
	if (directive->value.ptr)
		err_set(err, E_INPUT, "the directive '" SLICE_FMT "' is given twice",
			SLICE_ARG(key));
	if (directive->value.ptr)
		return err_hint(err, "leave one out");
	directive->value = value;
	directive->place = lx->error_at;
	if (directive != &lx->escape_directive)
		return true;
	if (value.len != 1 || (*value.ptr != '\\' && *value.ptr != '`')) {
		lx->error_at.column = (int)(value.ptr - line.ptr) + 1;
		err_set(err, E_INPUT, "the escape character cannot be '" SLICE_FMT "'",
			SLICE_ARG(value));
		return err_hint(err, "it is either \\ or `");
	}
	lx->escape = *value.ptr;
	return true;
}

/* Comments belong to the instruction that follows; an empty one parts them from it. */
static void take_comment(struct lex *lx, struct slice line)
{
	line.ptr++;
	line.len--;
	line = trim_right(trim_left(line));
	if (line.len)
		*ARRAY_PUSH(&lx->comments) = (struct lex_comment){ lx->line, line };
	else
		lx->comments.len = 0;
}

/* Cut the continuation mark and the blanks behind it; false when the line has none. */
static bool cut_continuation(const struct lex *lx, struct slice *line)
{
	struct slice s = *line;

	while (s.len && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
		s.len--;
	if (!s.len || s.ptr[s.len - 1] != lx->escape)
		return false;
	if (s.len > 1 && s.ptr[s.len - 2] == lx->escape)
		return false; /* an escaped escape */
	line->len = s.len - 1;
	return true;
}

static bool add_piece(struct lex *lx, struct slice piece, struct slice physical, struct err *err)
{
	struct lex_piece *p = ARRAY_PUSH(&lx->pieces);
	int column = (int)(piece.ptr - physical.ptr) + 1;

	*p = (struct lex_piece){ .at = lx->logical.len, .place = { lx->line, column } };
	if (memchr(piece.ptr, '\0', piece.len)) {
		lx->error_at = (struct place){ lx->line, 0 };
		return err_set(err, E_INPUT, "the line contains a NUL");
	}
	if (!buf_append(&lx->logical, piece.ptr, piece.len, err)) {
		lx->error_at = (struct place){ lx->line, 0 };
		return err_set(err, E_INPUT, "the line is longer than %d bytes",
			       LIMIT_DOCKERFILE_LINE);
	}
	return true;
}

/* The rest of a continued line. */
static bool add_continuations(struct lex *lx, struct err *err)
{
	struct slice line, whole;
	bool more = true;

	while (more && lex_raw_line(lx, &line, &whole)) {
		struct slice text = trim_left(line);
		struct slice piece = line;

		if (text.len && *text.ptr == '#')
			continue;
		if (!text.len) {
			lx->empty_line = lx->line;
			continue;
		}
		more = cut_continuation(lx, &piece);
		if (!add_piece(lx, piece, line, err))
			return false;
	}
	return true;
}

bool lex_next(struct lex *lx, bool *more_out, struct err *err)
{
	struct slice line, whole;

	*more_out = false;
	while (lex_raw_line(lx, &line, &whole)) {
		struct slice text = trim_left(line);
		struct slice piece = text;
		bool more, directive;

		if (!take_directive(lx, text, &directive, err))
			return false;
		if (text.len && *text.ptr == '#') {
			if (!directive)
				take_comment(lx, text);
			continue;
		}
		more = cut_continuation(lx, &piece);
		if (!more && !piece.len)
			continue;
		buf_clear(&lx->logical);
		lx->pieces.len = 0;
		lx->first_line = lx->line;
		lx->empty_line = 0;
		if (!add_piece(lx, piece, line, err) || (more && !add_continuations(lx, err)))
			return false;
		if (!trim_left((struct slice){ lx->logical.ptr, lx->logical.len }).len)
			continue;
		*more_out = true;
		return true;
	}
	return true;
}

struct place lex_place(const struct lex *lx, size_t at)
{
	size_t low = 0;
	size_t high = lx->pieces.len;
	struct lex_piece p;

	if (!high)
		return (struct place){ lx->line, 0 };
	/* the last piece that does not begin behind it; the first one begins at 0 */
	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (lx->pieces.items[middle].at > at)
			high = middle;
		else
			low = middle;
	}
	p = lx->pieces.items[low];
	return (struct place){ p.place.line, p.place.column + (int)(at - p.at) };
}
