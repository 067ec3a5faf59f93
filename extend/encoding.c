// SPDX-License-Identifier: Apache-2.0
#include "extend/encoding.h"

#include <string.h>

#include "base/str.h"
#include "extend/place.h"

/* Finds and checks the encoding of Python source. Nothing is converted: names outside ASCII are
 * rare and checked where used. */

/* clang-format off */
static const struct {
	const char *name; /* lower case, "_" written "-" */
	enum encoding encoding;
} names[] = {
	{ "utf-8",      ENCODING_UTF8 },
	{ "utf8",       ENCODING_UTF8 },
	{ "u8",         ENCODING_UTF8 },
	{ "utf-8-sig",  ENCODING_UTF8 },
	{ "utf-8-unix", ENCODING_UTF8 }, /* Emacs; CPython cuts "utf-8-*" too */
	{ "latin-1",    ENCODING_LATIN1 },
	{ "latin1",     ENCODING_LATIN1 },
	{ "iso-8859-1", ENCODING_LATIN1 },
	{ "iso8859-1",  ENCODING_LATIN1 },
	{ "iso-latin-1", ENCODING_LATIN1 },
	{ "iso-latin-1-unix", ENCODING_LATIN1 },
	{ "latin-1-unix", ENCODING_LATIN1 },
	{ "l1",         ENCODING_LATIN1 },
	{ "ascii",      ENCODING_ASCII },
	{ "us-ascii",   ENCODING_ASCII },
};
/* clang-format on */

size_t encoding_utf8(unsigned *code_out, const char *text, size_t len)
{
	static const unsigned least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	unsigned char first = len ? (unsigned char)text[0] : 0xff;
	size_t need = first < 0x80   ? 1
		      : first < 0xc2 ? 0
		      : first < 0xe0 ? 2
		      : first < 0xf0 ? 3
		      : first < 0xf5 ? 4
				     : 0;
	unsigned code = need <= 1 ? first : first & (0xffu >> (need + 1));

	if (!need || need > len)
		return 0;
	for (size_t i = 1; i < need; i++) {
		if (((unsigned char)text[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | ((unsigned char)text[i] & 0x3f);
	}
	if (code < least[need] || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
		return 0;
	*code_out = code;
	return need;
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '-' || c == '_' || c == '.';
}

/* PEP 263: ^[ \t\f]*#.*?coding[:=][ \t]*([-_.a-zA-Z0-9]+) */
static bool find_cookie(struct slice *name_out, struct slice line)
{
	const char *end = line.ptr + line.len;
	struct slice comment = slice_trim(line, " \t\f");

	if (!comment.len || comment.ptr[0] != '#')
		return false;
	for (const char *p = comment.ptr; end - p >= 7; p++) {
		const char *from = p + 7, *to;

		if (memcmp(p, "coding", 6) != 0 || (p[6] != ':' && p[6] != '='))
			continue;
		while (from < end && (*from == ' ' || *from == '\t'))
			from++;
		for (to = from; to < end && is_name_byte(*to);)
			to++;
		if (to == from)
			continue;
		*name_out = (struct slice){ .ptr = from, .len = (size_t)(to - from) };
		return true;
	}
	return false;
}

static bool name_matches(struct slice name, const char *want)
{
	if (strlen(want) != name.len)
		return false;
	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (c >= 'A' && c <= 'Z')
			c = (char)(c + 'a' - 'A');
		if ((c == '_' ? '-' : c) != want[i])
			return false;
	}
	return true;
}

static bool is_blank_or_comment(struct slice line)
{
	struct slice rest = slice_trim(line, " \t\f");

	return !rest.len || rest.ptr[0] == '#';
}

static bool lookup(enum encoding *out, struct slice name)
{
	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (name_matches(name, names[i].name)) {
			*out = names[i].encoding;
			return true;
		}
	return false;
}

static struct slice first_line(struct slice text)
{
	size_t len = 0;

	while (len < text.len && !place_newline(text, len))
		len++;
	return (struct slice){ .ptr = text.ptr, .len = len };
}

static bool read_cookie(enum encoding *out, struct slice body, bool has_mark, const char *file,
			struct err *err)
{
	struct slice rest = body;

	for (int n = 1; n <= 2; n++) {
		struct slice line = first_line(rest), name;
		size_t used = line.len + place_newline(rest, line.len);

		if (find_cookie(&name, line)) {
			int column = (int)(name.ptr - line.ptr) + 1;

			if (!lookup(out, name))
				err_set(err, E_UNSUPPORTED,
					"source encoding '" SLICE_FMT
					"': only utf-8, latin-1 and ascii are read",
					SLICE_ARG(name));
			else if (has_mark && *out != ENCODING_UTF8)
				err_set(err, E_INPUT,
					"encoding '" SLICE_FMT "' behind a UTF-8 byte order mark",
					SLICE_ARG(name));
			else
				return true;
			err_hint(err, "save the file as UTF-8 and take the coding comment out");
			return err_at(err, file, n, column, line.ptr, line.len);
		}
		if (!is_blank_or_comment(line))
			break;
		rest = (struct slice){ .ptr = rest.ptr + used, .len = rest.len - used };
	}
	*out = ENCODING_UTF8;
	return true;
}

static bool blame(struct slice body, size_t at, const char *file, struct err *err)
{
	size_t start = 0, pos = 0;
	int line = 1;

	while (pos < at) {
		size_t newline = place_newline(body, pos);

		pos += newline ? newline : 1;
		if (newline && pos <= at) {
			start = pos;
			line++;
		}
	}
	return place_set(err, file, body, line, (int)(at - start) + 1, 1);
}

static bool check_bytes(enum encoding encoding, struct slice body, const char *file,
			struct err *err)
{
	static const char *const label[] = { "UTF-8", "latin-1", "ASCII" };
	size_t at = 0;

	while (at < body.len) {
		unsigned char c = (unsigned char)body.ptr[at];
		unsigned code;
		size_t len = encoding == ENCODING_UTF8
				     ? encoding_utf8(&code, body.ptr + at, body.len - at)
				     : encoding == ENCODING_LATIN1 || c < 0x80;

		if (!c || !len) {
			err_set(err, E_INPUT, "byte 0x%02x is not %s%s", c, c ? "" : "source text",
				c ? label[encoding] : "");
			if (c)
				err_hint(err, "save the file as UTF-8, or name its encoding in the "
					      "first line: "
					      "# -*- coding: latin-1 -*-");
			return blame(body, at, file, err);
		}
		at += len;
	}
	return true;
}

bool encoding_detect(enum encoding *out, size_t *skip_out, const char *text, size_t len,
		     const char *file, struct err *err)
{
	bool has_mark = len >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0;
	struct slice body = { .ptr = text + (has_mark ? 3 : 0), .len = len - (has_mark ? 3 : 0) };

	*skip_out = has_mark ? 3 : 0;
	return read_cookie(out, body, has_mark, file, err) && check_bytes(*out, body, file, err);
}
