// SPDX-License-Identifier: Apache-2.0
#include "base/charset.h"

#include <ctype.h>
#include <errno.h>
#include <iconv.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* From the bytes of a file to UTF-8. iconv does the work; which encoding it is, is ours to say. */

enum { NAME_MAX_LEN = 40 };

/* clang-format off */
static const struct mark {
	const char *bytes;
	size_t len;
	const char *name;
} marks[] = { /* in the order that tells UTF-32LE from UTF-16LE */
	{ "\xef\xbb\xbf",     3, "UTF-8" },
	{ "\xff\xfe\0\0",     4, "UTF-32LE" },
	{ "\0\0\xfe\xff",     4, "UTF-32BE" },
	{ "\xff\xfe",         2, "UTF-16LE" },
	{ "\xfe\xff",         2, "UTF-16BE" },
};

/* Names of Python's codecs that iconv knows by another. */
static const struct alias {
	const char *python, *iconv;
} aliases[] = {
	{ "utf-8-sig", "UTF-8" },   { "utf8", "UTF-8" },           { "u8", "UTF-8" },
	{ "latin-1",   "LATIN1" },  { "iso-latin-1", "LATIN1" },   { "latin",   "LATIN1" },
	{ "l1",        "LATIN1" },  { "us-ascii", "ASCII" },       { "mbcs",    "CP1252" },
};
/* clang-format on */

static struct slice after(struct slice s, size_t n)
{
	return (struct slice){ .ptr = s.ptr + n, .len = s.len - n };
}

/* "coding: NAME" or "coding=NAME" in a line that begins with "#": PEP 263 as pip reads it. */
static bool declared_in(char name[NAME_MAX_LEN + 1], struct slice line)
{
	const char *at =
		line.len && line.ptr[0] == '#' ? memmem(line.ptr, line.len, "coding", 6) : NULL;

	while (at) {
		struct slice rest = after(line, (size_t)(at - line.ptr) + 6);
		size_t n = 0;

		if (rest.len && (rest.ptr[0] == ':' || rest.ptr[0] == '=')) {
			rest = slice_trim(after(rest, 1), " \t");
			while (n < rest.len && n < NAME_MAX_LEN &&
			       (isalnum((unsigned char)rest.ptr[n]) ||
				strchr("-_.", rest.ptr[n])) &&
			       rest.ptr[n]) {
				char c = rest.ptr[n] == '_' ? '-' : rest.ptr[n];

				name[n++] = (char)tolower((unsigned char)c);
			}
			name[n] = '\0';
			if (n)
				return true;
		}
		at = memmem(at + 6, line.len - (size_t)(at + 6 - line.ptr), "coding", 6);
	}
	return false;
}

/* What the first two lines say; NULL: nothing. */
static const char *declared(char name[NAME_MAX_LEN + 1], struct slice content)
{
	struct slice rest = content;

	for (int i = 0; i < 2 && rest.ptr; i++)
		if (declared_in(name, slice_cut(rest, '\n', &rest))) {
			for (size_t k = 0; k < ARRAY_LEN(aliases); k++)
				if (str_eq(name, aliases[k].python))
					return aliases[k].iconv;
			return name;
		}
	return NULL;
}

static bool take_utf8(struct buf *out, struct slice content, const char *file, struct err *err)
{
	size_t good = str_utf8_prefix(content.ptr, content.len), begin = good, end = good;
	int line = 1;

	if (good == content.len)
		return buf_append(out, content.ptr, content.len, err);
	for (size_t i = 0; i < good; i++)
		line += content.ptr[i] == '\n';
	while (begin && content.ptr[begin - 1] != '\n')
		begin--;
	while (end < content.len && content.ptr[end] != '\n')
		end++;
	err_set(err, E_INPUT, "byte 0x%02x is not UTF-8", (unsigned char)content.ptr[good]);
	err_hint(err,
		 "save the file in UTF-8, or say its encoding in the first line: # -*- coding: "
		 "latin-1 -*-");
	return err_at(err, file, line, (int)(good - begin) + 1, content.ptr + begin, end - begin);
}

static void auto_iconv_close(iconv_t *cd)
{
	if (*cd != (iconv_t)-1)
		iconv_close(*cd);
}

static bool convert(struct buf *out, const char *name, struct slice content, const char *file,
		    struct err *err)
{
	AUTO(auto_iconv_close) iconv_t cd = iconv_open("UTF-8", name);
	AUTO(auto_free) char *copy = mem_dup(content.len ? content.ptr : "", content.len + 1);
	char *in = copy, room[4096];
	size_t left = content.len;

	if (cd == (iconv_t)-1) {
		err_set(err, E_UNSUPPORTED, "%s: encoding '%s' is not known here", file, name);
		return err_hint(err, "save the file in UTF-8");
	}
	while (left) {
		char *to = room;
		size_t space = sizeof(room), rc = iconv(cd, &in, &left, &to, &space);

		if (!buf_append(out, room, (size_t)(to - room), err))
			return err_wrap(err, "%s", file);
		if (rc == (size_t)-1 && errno != E2BIG) {
			err_set(err, E_INPUT, "%s: byte %zu is not in the encoding '%s'", file,
				content.len - left, name);
			return err_hint(err, "save the file in UTF-8");
		}
	}
	return true;
}

bool charset_decode(struct buf *out, struct slice content, const char *file, struct err *err)
{
	char name[NAME_MAX_LEN + 1];
	const char *encoding = NULL;

	for (size_t i = 0; i < ARRAY_LEN(marks) && !encoding; i++) {
		if (content.len < marks[i].len ||
		    memcmp(content.ptr, marks[i].bytes, marks[i].len) != 0)
			continue;
		encoding = marks[i].name;
		content = after(content, marks[i].len);
	}
	if (!encoding)
		encoding = declared(name, content);
	if (!encoding || strcasecmp(encoding, "UTF-8") == 0)
		return take_utf8(out, content, file, err);
	return convert(out, encoding, content, file, err);
}

/* --- blanks --- */

/* Beyond ASCII, as UTF-8; the first three end lines too. */
static const char *const wide_blanks[] = {
	"\xc2\x85",     "\xe2\x80\xa8", "\xe2\x80\xa9", "\xc2\xa0",     "\xe1\x9a\x80",
	"\xe2\x80\x80", "\xe2\x80\x81", "\xe2\x80\x82", "\xe2\x80\x83", "\xe2\x80\x84",
	"\xe2\x80\x85", "\xe2\x80\x86", "\xe2\x80\x87", "\xe2\x80\x88", "\xe2\x80\x89",
	"\xe2\x80\x8a", "\xe2\x80\xaf", "\xe2\x81\x9f", "\xe3\x80\x80",
};
enum { WIDE_LINE_ENDS = 3 };

static size_t wide_blank(struct slice s, size_t kinds)
{
	for (size_t i = 0; i < kinds; i++)
		if (slice_has_prefix(s, wide_blanks[i]))
			return strlen(wide_blanks[i]);
	return 0;
}

size_t charset_blank(struct slice s)
{
	unsigned char c = s.len ? (unsigned char)s.ptr[0] : 'x';

	if (c < 0x80)
		return c == ' ' || (c >= '\t' && c <= '\r') || (c >= 0x1c && c <= 0x1f);
	return wide_blank(s, ARRAY_LEN(wide_blanks));
}

size_t charset_line_end(struct slice s)
{
	unsigned char c = s.len ? (unsigned char)s.ptr[0] : 'x';

	if (c == '\r')
		return 1 + (s.len > 1 && s.ptr[1] == '\n');
	if (c < 0x80)
		return (c >= '\n' && c <= '\f') || (c >= 0x1c && c <= 0x1e);
	return wide_blank(s, WIDE_LINE_ENDS);
}
