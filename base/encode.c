// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/mem.h"
#include "base/str.h"

/* Text in other clothes: base64, percent, hex, and what is safe on a terminal. */

static const char base64_digits[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

char *str_base64_encode(const void *data, size_t len)
{
	const unsigned char *in = data;
	char *out = mem_alloc((len + 2) / 3 * 4 + 1);
	char *at = out;

	for (size_t i = 0; i < len; i += 3) {
		size_t left = len - i;
		uint32_t bits = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
				(left > 2 ? in[i + 2] : 0);

		*at++ = base64_digits[bits >> 18 & 63];
		*at++ = base64_digits[bits >> 12 & 63];
		*at++ = left > 1 ? base64_digits[bits >> 6 & 63] : '=';
		*at++ = left > 2 ? base64_digits[bits & 63] : '=';
	}
	return out;
}

static int base64_value(char c)
{
	const char *at = c ? strchr(base64_digits, c) : NULL;

	return at ? (int)(at - base64_digits) : -1;
}

bool str_base64_decode(struct buf *out, struct slice text, struct err *err)
{
	uint32_t bits = 0;
	int have = 0;

	while (text.len && text.ptr[text.len - 1] == '=')
		text.len--;
	if (text.len % 4 == 1)
		return err_set(err, E_INPUT, "base64 text has an impossible length");
	for (size_t i = 0; i < text.len; i++) {
		int value = base64_value(text.ptr[i]);
		unsigned char byte;

		if (value < 0)
			return err_set(err, E_INPUT, "base64 text has a foreign character at %zu",
				       i + 1);
		bits = bits << 6 | (uint32_t)value;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		byte = (unsigned char)(bits >> have);
		if (!buf_append(out, &byte, 1, err))
			return false;
	}
	return true;
}

void buf_put_urlencoded(struct buf *b, const char *s)
{
	for (; *s; s++) {
		bool plain = (*s >= 'a' && *s <= 'z') || (*s >= 'A' && *s <= 'Z') ||
			     (*s >= '0' && *s <= '9') || strchr("-._~", *s);

		if (plain)
			buf_put_byte(b, (unsigned char)*s);
		else
			buf_putf(b, "%%%02X", (unsigned char)*s);
	}
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = c ? strchr(digits, c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c) : NULL;

	return at ? (int)(at - digits) : -1;
}

size_t str_urldecode(char *s)
{
	char *to = s;

	for (const char *from = s; *from; from++) {
		int high = *from == '%' ? hex_digit(from[1]) : -1;
		int low = high >= 0 ? hex_digit(from[2]) : -1;

		*to++ = low >= 0 ? (char)(high * 16 + low) : *from;
		from += low >= 0 ? 2 : 0;
	}
	*to = '\0';
	return (size_t)(to - s);
}

void hex_format(char *out, const void *data, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char *in = data;

	for (size_t i = 0; i < len; i++) {
		out[2 * i] = digits[in[i] >> 4];
		out[2 * i + 1] = digits[in[i] & 15];
	}
	out[2 * len] = '\0';
}

void buf_put_hex(struct buf *b, const void *data, size_t len)
{
	const unsigned char *in = data;
	char pair[3];

	for (size_t i = 0; i < len; i++) {
		hex_format(pair, in + i, 1);
		buf_put(b, pair);
	}
}

/* Length of the well-formed UTF-8 sequence at `s` and its code point; 0 when there is none (RFC
 * 3629). */
static size_t utf8_next(uint32_t *point, const unsigned char *s, size_t len)
{
	static const struct {
		unsigned char mask, lead;
		uint32_t least;
	} forms[] = { { 0x80, 0x00, 0 },
		      { 0xe0, 0xc0, 0x80 },
		      { 0xf0, 0xe0, 0x800 },
		      { 0xf8, 0xf0, 0x10000 } };

	for (size_t n = 1; n <= ARRAY_LEN(forms) && n <= len; n++) {
		if ((s[0] & forms[n - 1].mask) != forms[n - 1].lead)
			continue;
		*point = s[0] & (unsigned char)~forms[n - 1].mask;
		for (size_t i = 1; i < n; i++) {
			if ((s[i] & 0xc0) != 0x80)
				return 0;
			*point = *point << 6 | (s[i] & 0x3f);
		}
		if (*point < forms[n - 1].least || *point > 0x10ffff ||
		    (*point >= 0xd800 && *point <= 0xdfff))
			return 0;
		return n;
	}
	return 0;
}

size_t str_utf8_prefix(const char *s, size_t len)
{
	const unsigned char *at = (const unsigned char *)s;
	uint32_t point;
	size_t i = 0, n;

	while (i < len && (n = utf8_next(&point, at + i, len - i)))
		i += n;
	return i;
}

/* Controls, and the marks that reorder or hide text (Trojan Source, CVE-2021-42574). */
static bool is_unsafe(uint32_t point)
{
	return point < 0x20 || (point >= 0x7f && point <= 0x9f) ||
	       (point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e) ||
	       (point >= 0x2060 && point <= 0x206f) || point == 0xfeff || point == 0x061c;
}

char *str_printable(const char *s, size_t len, size_t max)
{
	AUTO(buf_free) struct buf out = BUF_INIT(max + 16);
	const unsigned char *at = (const unsigned char *)s;
	size_t i = 0;

	while (i < len) {
		uint32_t point = 0;
		size_t n = utf8_next(&point, at + i, len - i);

		if (out.len + 4 * (n ? n : 1) > max) {
			buf_put(&out, "...");
			break;
		}
		if (n == 1 && (at[i] == '\t' || at[i] == '\n'))
			buf_put_byte(&out, ' ');
		else if (n && !is_unsafe(point))
			buf_put_bytes(&out, s + i, n);
		else
			for (size_t j = 0; j < (n ? n : 1); j++)
				buf_putf(&out, "\\x%02x", at[i + j]);
		i += n ? n : 1;
	}
	return buf_steal(&out);
}
