// SPDX-License-Identifier: Apache-2.0
#include "python/logical_line.h"

#include <string.h>

#include "base/charset.h"
#include "base/env.h"
#include "base/limits.h"
#include "base/mem.h"
#include "python/location.h"

/* From the bytes of a requirements file to lines that mean something. What they mean is
 * requirements.c's. */

/* A line being put together. */
struct draft {
	struct buf text;
	struct {
		struct line_place *items;
		size_t len, cap;
	} places;
};

static void draft_free(struct draft *d)
{
	buf_free(&d->text);
	free(d->places.items);
}

static bool draft_put(struct draft *d, char c, struct line_place place, struct err *err)
{
	if (!buf_append(&d->text, &c, 1, err))
		return false;
	*ARRAY_PUSH(&d->places) = place;
	return true;
}

static struct slice after(struct slice s, size_t n)
{
	return (struct slice){ .ptr = s.ptr + n, .len = s.len - n };
}

/* One physical line without its end. */
static bool next_physical(struct slice *out, struct line_reader *r)
{
	size_t n = 0;

	if (!r->rest.ptr)
		return false;
	while (n < r->rest.len && !charset_line_end(after(r->rest, n)))
		n++;
	*out = (struct slice){ .ptr = r->rest.ptr, .len = n };
	*ARRAY_PUSH(&r->lines) = *out;
	n += charset_line_end(after(r->rest, n));
	r->rest = n < r->rest.len ? after(r->rest, n) : (struct slice){ 0 };
	return true;
}

static bool is_comment(struct slice line)
{
	size_t blank;

	while ((blank = charset_blank(line)))
		line = after(line, blank);
	return line.len && line.ptr[0] == '#';
}

/* Physical lines up to one that does not end in a backslash; a comment always ends the line. */
static bool join(struct draft *d, bool *more_out, struct line_reader *r, struct err *err)
{
	struct slice line;

	*more_out = false;
	while (next_physical(&line, r)) {
		struct line_place place = { .line = (int)r->lines.len, .column = 1 };
		const char *start = line.ptr;
		bool comment = is_comment(line);
		bool goes_on = !comment && line.len && line.ptr[line.len - 1] == '\\';

		*more_out = true;
		if (goes_on)
			line = slice_trim(line, "\\");
		if (comment && !draft_put(d, ' ', place, err))
			return false;
		for (size_t i = 0; i < line.len; i++) {
			place.column = (int)(line.ptr + i - start) + 1;
			if (!draft_put(d, line.ptr[i], place, err))
				return false;
		}
		if (!goes_on)
			return true;
	}
	return true;
}

/* What is left of `text` without comment and blanks around. */
static struct slice strip(struct slice text)
{
	struct slice out;
	size_t blank, last = 0;
	bool may_comment = true;

	while ((blank = charset_blank(text)))
		text = after(text, blank);
	out = text;
	for (size_t i = 0; i < text.len; i += blank ? blank : 1) {
		blank = charset_blank(after(text, i));
		if (may_comment && text.ptr[i] == '#')
			break;
		may_comment = blank;
		if (!blank)
			last = i + 1;
	}
	out.len = last;
	return out;
}

/* The value of "${NAME}" at the start of `s`, NAME in capitals, digits and "_"; NULL when it stays
 * as it is. */
static const char *variable_at(struct slice s, size_t *len_out)
{
	char name[LIMIT_COMPONENT + 1];
	size_t n = 0;

	if (!slice_has_prefix(s, "${"))
		return NULL;
	for (size_t i = 2; i < s.len && s.ptr[i] != '}'; i++) {
		char c = s.ptr[i];

		if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_') ||
		    n + 1 >= sizeof(name))
			return NULL;
		name[n++] = c;
	}
	if (!n || n + 2 >= s.len)
		return NULL;
	name[n] = '\0';
	*len_out = n + 3;
	return env_get(name);
}

static bool expand(struct draft *out, struct slice text, const struct line_place *places,
		   struct err *err)
{
	for (size_t i = 0; i < text.len; i++) {
		size_t len = 0;
		const char *value = variable_at(
			(struct slice){ .ptr = text.ptr + i, .len = text.len - i }, &len);

		if (!value && !draft_put(out, text.ptr[i], places[i], err))
			return false;
		for (; value && *value; value++)
			if (!draft_put(out, *value, places[i], err))
				return err_wrap(err, "line with variables");
		if (len && value)
			i += len - 1;
	}
	return true;
}

static void finish(struct logical_line *out, const struct draft *d, struct line_place end,
		   struct arena *a)
{
	out->len = d->text.len;
	out->text = arena_slice(a, (struct slice){ d->text.ptr, d->text.len });
	out->places = ARENA_ARRAY(a, struct line_place, d->text.len + 1);
	if (d->text.len)
		memcpy(out->places, d->places.items, d->text.len * sizeof(*out->places));
	out->places[d->text.len] = end;
}

void line_reader_open(struct line_reader *r, struct arena *a, const char *file,
		      struct slice content)
{
	*r = (struct line_reader){ .file = file, .rest = content, .arena = a };
	if (!r->rest.len)
		r->rest.ptr = NULL;
}

void line_reader_close(struct line_reader *r)
{
	free(r->lines.items);
	r->lines.items = NULL;
}

bool line_reader_next(struct logical_line *out, bool *more_out, struct line_reader *r,
		      struct err *err)
{
	for (;;) {
		AUTO(draft_free) struct draft joined = { .text = BUF_INIT(LIMIT_REQUIREMENTS) };
		AUTO(draft_free) struct draft expanded = { .text = BUF_INIT(LIMIT_REQUIREMENTS) };
		struct line_place end;
		struct slice text;
		size_t from;

		if (!join(&joined, more_out, r, err))
			return false;
		if (!*more_out)
			return true;
		text = strip((struct slice){ joined.text.ptr, joined.text.len });
		if (!text.len)
			continue;
		from = (size_t)(text.ptr - joined.text.ptr);
		if (!expand(&expanded, text, joined.places.items + from, err))
			return false;
		end = joined.places.items[from + text.len - 1];
		end.column++;
		finish(out, &expanded, end, r->arena);
		return true;
	}
}

char *line_shown(const struct line_reader *r, int number)
{
	struct slice line = r->lines.items[number - 1];
	char *text = mem_strndup(line.ptr, line.len);

	location_mask(text);
	return text;
}

bool line_fail_at(const struct line_reader *r, const struct logical_line *line, size_t offset,
		  struct err *err)
{
	struct line_place place = line->places[offset < line->len ? offset : line->len];
	AUTO(auto_free) char *text = line_shown(r, place.line);

	return err_at(err, r->file, place.line, place.column, text, strlen(text));
}

size_t line_options_begin(const struct logical_line *line)
{
	for (size_t i = 0; i < line->len; i++)
		if (line->text[i] == '-' && (i == 0 || line->text[i - 1] == ' '))
			return i;
	return line->len;
}

/* What Python's shlex separates words by. */
static bool is_gap(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One word into `word`; text[at] is its first byte. False: a quote or a backslash is open at *at.
 */
static bool take_word(struct buf *word, const struct logical_line *line, size_t *at)
{
	char quote = '\0';
	size_t quoted_at = *at;

	for (; *at < line->len; ++*at) {
		char c = line->text[*at];
		bool more = *at + 1 < line->len;

		if (quote && c == quote) {
			quote = '\0';
		} else if (!quote && (c == '"' || c == '\'')) {
			quote = c;
			quoted_at = *at;
		} else if (c == '\\' && !more && quote != '\'') {
			return false;
		} else if (c == '\\' && !quote) {
			buf_put_byte(word, (unsigned char)line->text[++*at]);
		} else if (c == '\\' && more && quote == '"' &&
			   strchr("\"\\", line->text[*at + 1])) {
			buf_put_byte(word, (unsigned char)line->text[++*at]);
		} else if (!quote && is_gap(c)) {
			return true;
		} else {
			buf_put_byte(word, (unsigned char)c);
		}
	}
	if (quote)
		*at = quoted_at;
	return !quote;
}

bool line_split(struct line_word **words_out, size_t *count_out, struct arena *a,
		const struct logical_line *line, size_t offset, size_t *at_out, struct err *err)
{
	AUTO(buf_free) struct buf word = BUF_INIT(LIMIT_REQUIREMENTS);
	size_t at = offset, count = 0;
	struct line_word *words = ARENA_ARRAY(a, struct line_word, (line->len - offset) / 2 + 1);

	while (at < line->len) {
		size_t start = at;

		if (is_gap(line->text[at])) {
			at++;
			continue;
		}
		buf_clear(&word);
		if (!take_word(&word, line, &at)) {
			*at_out = at;
			return err_set(err, E_INPUT,
				       line->text[at] == '\\' ? "nothing follows the backslash"
							      : "a quote is not closed");
		}
		words[count++] =
			(struct line_word){ .text = arena_strdup(a, word.ptr), .offset = start };
	}
	*words_out = words;
	*count_out = count;
	return true;
}
