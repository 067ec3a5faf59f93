// SPDX-License-Identifier: Apache-2.0
#include "base/toml_scalar.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Strings, numbers, dates and times of TOML 1.0.0. What holds them is toml.c's. */

bool toml_fail(const struct toml_scan *s, const char *at, struct err *err, const char *fmt, ...)
{
	const char *start = s->data, *end;
	char words[200];
	va_list args;
	int line = 1;

	for (const char *p = s->data; p < at; p++)
		if (*p == '\n') {
			line++;
			start = p + 1;
		}
	end = memchr(start, '\n', (size_t)(s->end - start));
	if (!end)
		end = s->end;
	va_start(args, fmt);
	vsnprintf(words, sizeof(words), fmt, args);
	va_end(args);
	err_set(err, E_INPUT, "%s: %s", s->file, words);
	return err_at(err, s->file, line, (int)(at - start) + 1, start, (size_t)(end - start));
}

int toml_peek(const struct toml_scan *s)
{
	return s->p < s->end ? (unsigned char)*s->p : -1;
}

bool toml_take(struct toml_scan *s, const char *text)
{
	size_t len = strlen(text);

	if ((size_t)(s->end - s->p) < len || memcmp(s->p, text, len) != 0)
		return false;
	s->p += len;
	return true;
}

/* --- strings --- */

static int hex_digit(int c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static void put_utf8(struct buf *out, uint32_t c)
{
	if (c < 0x80) {
		buf_put_byte(out, (unsigned char)c);
		return;
	}
	if (c < 0x800) {
		buf_put_byte(out, (unsigned char)(0xc0 | c >> 6));
	} else {
		if (c < 0x10000) {
			buf_put_byte(out, (unsigned char)(0xe0 | c >> 12));
		} else {
			buf_put_byte(out, (unsigned char)(0xf0 | c >> 18));
			buf_put_byte(out, (unsigned char)(0x80 | (c >> 12 & 0x3f)));
		}
		buf_put_byte(out, (unsigned char)(0x80 | (c >> 6 & 0x3f)));
	}
	buf_put_byte(out, (unsigned char)(0x80 | (c & 0x3f)));
}

static bool unicode_escape(struct buf *out, struct toml_scan *s, int digits, struct err *err)
{
	const char *at = s->p - 2;
	uint32_t point = 0;

	for (int i = 0; i < digits; i++, s->p++) {
		int digit = hex_digit(toml_peek(s));

		if (digit < 0)
			return toml_fail(s, at, err, "\\%c needs %d hexadecimal digits", at[1],
					 digits);
		point = point << 4 | (uint32_t)digit;
	}
	if (point > 0x10ffff || (point >= 0xd800 && point <= 0xdfff))
		return toml_fail(s, at, err, "no character has this number");
	if (point == 0)
		return toml_fail(s, at, err, "text contains a NUL");
	put_utf8(out, point);
	return true;
}

/* Behind the backslash. */
static bool escape(struct buf *out, struct toml_scan *s, struct err *err)
{
	static const char names[] = "btnfr\"\\", values[] = "\b\t\n\f\r\"\\";
	const char *at = s->p - 1;
	int c = toml_peek(s);
	const char *known = c > 0 ? strchr(names, c) : NULL;

	s->p += c >= 0;
	if (c == 'u' || c == 'U')
		return unicode_escape(out, s, c == 'u' ? 4 : 8, err);
	if (!known)
		return toml_fail(s, at, err, "not an escape; a backslash itself is written \\\\");
	buf_put_byte(out, (unsigned char)values[known - names]);
	return true;
}

static const char *skip_blanks(const char *p, const char *end)
{
	while (p < end && (*p == ' ' || *p == '\t'))
		p++;
	return p;
}

/* Behind a line end at `p`, or NULL. */
static const char *skip_newline(const char *p, const char *end)
{
	if (end - p >= 2 && p[0] == '\r' && p[1] == '\n')
		return p + 2;
	return p < end && *p == '\n' ? p + 1 : NULL;
}

/* A backslash that ends its line: what is blank up to the next text does not count. */
static bool skip_line_end(struct toml_scan *s)
{
	const char *p = skip_newline(skip_blanks(s->p, s->end), s->end);

	if (!p)
		return false;
	for (; p; p = skip_newline(s->p, s->end))
		s->p = skip_blanks(p, s->end);
	return true;
}

static bool is_control(int c)
{
	return (c >= 0 && c < 0x20 && c != '\t') || c == 0x7f;
}

static bool string_line(struct buf *out, struct toml_scan *s, char quote, struct err *err)
{
	const char *start = s->p++;

	for (;;) {
		int c = toml_peek(s);

		if (c < 0 || c == '\n' || c == '\r')
			return toml_fail(s, start, err, "the string does not end on its line");
		if (is_control(c))
			return toml_fail(s, s->p, err, "a control character must be escaped");
		s->p++;
		if (c == quote)
			return true;
		if (c != '\\' || quote == '\'')
			buf_put_byte(out, (unsigned char)c);
		else if (!escape(out, s, err))
			return false;
	}
}

/* Quotes at the scan: up to two are text, and so are two before the three that end it. True: the
 * end. */
static bool take_quotes(struct buf *out, struct toml_scan *s, char quote)
{
	size_t count = 0, text;

	while (count < 5 && toml_peek(s) == quote) {
		count++;
		s->p++;
	}
	text = count < 3 ? count : count - 3;
	for (size_t i = 0; i < text; i++)
		buf_put_byte(out, (unsigned char)quote);
	return count >= 3;
}

static bool string_lines(struct buf *out, struct toml_scan *s, char quote, struct err *err)
{
	const char *start = s->p;

	s->p += 3;
	if (!toml_take(s, "\r\n")) /* the first line end is not text */
		toml_take(s, "\n");
	for (;;) {
		int c = toml_peek(s);

		if (c < 0)
			return toml_fail(s, start, err, "the string does not end");
		if (c == quote) {
			if (take_quotes(out, s, quote))
				return true;
			continue;
		}
		if (toml_take(s, "\r\n")) {
			buf_put_byte(out, '\n');
			continue;
		}
		if (c != '\n' && is_control(c))
			return toml_fail(s, s->p, err, "a control character must be escaped");
		s->p++;
		if (c != '\\' || quote == '\'')
			buf_put_byte(out, (unsigned char)c);
		else if (!skip_line_end(s) && !escape(out, s, err))
			return false;
	}
}

bool toml_string(struct buf *out, struct toml_scan *s, bool multi, struct err *err)
{
	char quote = *s->p;
	bool triple = s->end - s->p >= 3 && s->p[1] == quote && s->p[2] == quote;

	if (!triple)
		return string_line(out, s, quote, err);
	if (!multi)
		return toml_fail(s, s->p, err, "a key has no line ends");
	return string_lines(out, s, quote, err);
}

/* --- numbers --- */

/* Digits that `is_digit` takes, single underscores between them left out of `out`. */
static bool take_digits(struct buf *out, struct slice *s, int (*is_digit)(int))
{
	size_t i = 0;

	while (i < s->len) {
		bool underscore = s->ptr[i] == '_' && i > 0 && s->ptr[i - 1] != '_' &&
				  i + 1 < s->len && is_digit((unsigned char)s->ptr[i + 1]);

		if (!underscore && !is_digit((unsigned char)s->ptr[i]))
			break;
		if (!underscore)
			buf_put_byte(out, (unsigned char)s->ptr[i]);
		i++;
	}
	*s = (struct slice){ s->ptr + i, s->len - i };
	return i > 0;
}

static int is_decimal(int c)
{
	return c >= '0' && c <= '9';
}

static int is_octal(int c)
{
	return c >= '0' && c <= '7';
}

static int is_binary(int c)
{
	return c == '0' || c == '1';
}

static bool take_byte(struct slice *s, const char *set, struct buf *out)
{
	if (!s->len || !strchr(set, s->ptr[0]))
		return false;
	buf_put_byte(out, (unsigned char)s->ptr[0]);
	*s = (struct slice){ s->ptr + 1, s->len - 1 };
	return true;
}

/* What a word turned out to be. */
enum verdict { NOT_ONE, TAKEN, TOO_LARGE };

static enum verdict to_integer(json_t **out, const char *digits, int base)
{
	char *end;
	long long value;

	errno = 0;
	value = strtoll(digits, &end, base);
	if (errno)
		return TOO_LARGE;
	*out = json_integer(value);
	return TAKEN;
}

static enum verdict based_integer(json_t **out, struct slice word)
{
	static const struct {
		const char *prefix;
		int base;
		int (*is_digit)(int);
	} bases[] = { { "0x", 16, isxdigit }, { "0o", 8, is_octal }, { "0b", 2, is_binary } };

	for (size_t i = 0; i < ARRAY_LEN(bases); i++) {
		AUTO(buf_free) struct buf digits = BUF_INIT(SIZE_MAX);
		struct slice rest = { word.ptr + 2, word.len - 2 };

		if (!slice_has_prefix(word, bases[i].prefix))
			continue;
		if (!take_digits(&digits, &rest, bases[i].is_digit) || rest.len)
			return NOT_ONE;
		return to_integer(out, digits.ptr, bases[i].base);
	}
	return NOT_ONE;
}

/* A decimal integer or a float. */
static enum verdict number(json_t **out, struct slice word)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX);
	struct slice rest = word;
	bool real = false;
	size_t first;

	take_byte(&rest, "+-", &text);
	if (slice_eq(rest, "inf") || slice_eq(rest, "nan")) {
		bool minus = word.ptr[0] == '-' && rest.ptr[0] == 'i';

		*out = json_string(rest.ptr[0] == 'n' ? "nan" : minus ? "-inf" : "inf");
		return TAKEN;
	}
	first = text.len;
	if (!take_digits(&text, &rest, is_decimal) ||
	    (text.ptr[first] == '0' && text.len > first + 1))
		return NOT_ONE;
	if (take_byte(&rest, ".", &text)) {
		real = true;
		if (!take_digits(&text, &rest, is_decimal))
			return NOT_ONE;
	}
	if (take_byte(&rest, "eE", &text)) {
		real = true;
		take_byte(&rest, "+-", &text);
		if (!take_digits(&text, &rest, is_decimal))
			return NOT_ONE;
	}
	if (rest.len)
		return NOT_ONE;
	if (!real)
		return to_integer(out, text.ptr, 10);
	*out = json_real(strtod(text.ptr, NULL)); /* no locale is ever set */
	return *out ? TAKEN : TOO_LARGE;          /* past the largest one */
}

/* --- dates and times (RFC 3339, 5.6) --- */

/* `digits` digits, their value between the bounds. */
static bool take_field(int *out, struct slice *s, size_t digits, int low, int high)
{
	int value = 0;

	if (s->len < digits)
		return false;
	for (size_t i = 0; i < digits; i++) {
		if (!is_decimal((unsigned char)s->ptr[i]))
			return false;
		value = value * 10 + (s->ptr[i] - '0');
	}
	*s = (struct slice){ s->ptr + digits, s->len - digits };
	*out = value;
	return value >= low && value <= high;
}

static bool take_mark(struct slice *s, char mark)
{
	if (!s->len || s->ptr[0] != mark)
		return false;
	*s = (struct slice){ s->ptr + 1, s->len - 1 };
	return true;
}

static bool take_date(struct slice *s)
{
	static const int days[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 };
	int year, month, day;
	bool leap;

	if (!take_field(&year, s, 4, 0, 9999) || !take_mark(s, '-') ||
	    !take_field(&month, s, 2, 1, 12) || !take_mark(s, '-') ||
	    !take_field(&day, s, 2, 1, 31))
		return false;
	leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
	return day <= days[month - 1] + (month == 2 && leap);
}

static bool take_time(struct slice *s)
{
	int part;

	if (!take_field(&part, s, 2, 0, 23) || !take_mark(s, ':') ||
	    !take_field(&part, s, 2, 0, 59) || !take_mark(s, ':') ||
	    !take_field(&part, s, 2, 0, 60)) /* leap seconds exist */
		return false;
	if (!take_mark(s, '.'))
		return true;
	if (!take_field(&part, s, 1, 0, 9))
		return false;
	while (s->len && is_decimal((unsigned char)s->ptr[0]))
		*s = (struct slice){ s->ptr + 1, s->len - 1 };
	return true;
}

static bool take_offset(struct slice *s)
{
	int part;

	if (take_mark(s, 'Z') || take_mark(s, 'z'))
		return true;
	if (!take_mark(s, '+') && !take_mark(s, '-'))
		return false;
	return take_field(&part, s, 2, 0, 23) && take_mark(s, ':') &&
	       take_field(&part, s, 2, 0, 59);
}

static bool looks_like_time(struct slice s)
{
	return s.len >= 3 && is_decimal((unsigned char)s.ptr[0]) &&
	       is_decimal((unsigned char)s.ptr[1]) && s.ptr[2] == ':';
}

static bool looks_like_date(struct slice s)
{
	int part;

	return take_field(&part, &s, 4, 0, 9999) && take_mark(&s, '-') && s.len &&
	       is_decimal((unsigned char)s.ptr[0]);
}

static bool is_moment(struct slice s)
{
	if (looks_like_time(s))
		return take_time(&s) && !s.len;
	if (!take_date(&s))
		return false;
	if (!s.len)
		return true;
	if (!take_mark(&s, 'T') && !take_mark(&s, 't') && !take_mark(&s, ' '))
		return false;
	return take_time(&s) && (!s.len || (take_offset(&s) && !s.len));
}

static json_t *moment(struct slice word)
{
	AUTO(auto_free) char *text = mem_strndup(word.ptr, word.len);

	for (char *c = text; *c; c++)
		*c = *c == ' ' ? 'T' : (char)toupper((unsigned char)*c);
	return json_string(text);
}

/* --- any of them --- */

static bool is_word_byte(int c)
{
	return isalnum(c) || c == '_' || c == '-' || c == '+' || c == '.' || c == ':';
}

/* All that can belong to the value: with a date also the time behind one blank. */
static struct slice take_word(struct toml_scan *s)
{
	struct slice word = { s->p, 0 };
	struct slice rest;

	while (s->p < s->end && is_word_byte((unsigned char)*s->p))
		s->p++;
	word.len = (size_t)(s->p - word.ptr);
	rest = (struct slice){ s->p + 1, s->p < s->end ? (size_t)(s->end - s->p) - 1 : 0 };
	if (word.len == strlen("0000-00-00") && looks_like_date(word) && toml_peek(s) == ' ' &&
	    looks_like_time(rest)) {
		s->p++;
		while (s->p < s->end && is_word_byte((unsigned char)*s->p))
			s->p++;
		word.len = (size_t)(s->p - word.ptr);
	}
	return word;
}

bool toml_scalar(json_t **out, struct toml_scan *s, struct err *err)
{
	const char *at = s->p;
	struct slice word = take_word(s);
	enum verdict verdict = NOT_ONE;

	if (!word.len)
		return toml_fail(s, at, err, "a value is missing");
	if (slice_eq(word, "true") || slice_eq(word, "false")) {
		*out = json_boolean(word.ptr[0] == 't');
		return true;
	}
	if (looks_like_date(word) || looks_like_time(word)) {
		if (!is_moment(word))
			return toml_fail(s, at, err, "'" SLICE_FMT "' is not a date or time",
					 SLICE_ARG(word));
		*out = moment(word);
		return true;
	}
	verdict = word.len > 2 ? based_integer(out, word) : NOT_ONE;
	if (verdict == NOT_ONE)
		verdict = number(out, word);
	if (verdict == TOO_LARGE)
		return toml_fail(s, at, err, "the number does not fit into 64 bits");
	return verdict == TAKEN ||
	       toml_fail(s, at, err, "'" SLICE_FMT "' is not a value; text needs quotes",
			 SLICE_ARG(word));
}
