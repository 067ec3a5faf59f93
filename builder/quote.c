// SPDX-License-Identifier: Apache-2.0
#include "builder/quote.h"

#include <stdint.h>
#include <string.h>

/* strconv.Quote and the lists of fmt. */

/* Length of the UTF-8 sequence at `p`, its code point in *out; 0 when it is none. */
static size_t decode(const unsigned char *p, uint32_t *out)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t len = p[0] < 0x80                   ? 1
		     : p[0] >= 0xf0 && p[0] < 0xf5 ? 4
		     : p[0] >= 0xe0 && p[0] < 0xf0 ? 3
		     : p[0] >= 0xc2 && p[0] < 0xe0 ? 2
						   : 0;

	if (len < 2) {
		*out = p[0];
		return len;
	}
	*out = p[0] & (0x7fU >> len);
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		*out = *out << 6 | (p[i] & 0x3fU);
	}
	if (*out < least[len] || *out > 0x10ffff || (*out >= 0xd800 && *out < 0xe000))
		return 0;
	return len;
}

/* Not printable for Go, as far as it matters: controls, odd blanks, formatting characters. */
static bool is_odd(uint32_t c)
{
	return (c >= 0x80 && c <= 0xa0) || c == 0xad || (c >= 0x2000 && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202f) || (c >= 0x205f && c <= 0x206f) || c == 0x3000 ||
	       c == 0xfeff || (c >= 0xe000 && c <= 0xf8ff) || (c >= 0xfff0 && c <= 0xfffb) ||
	       c >= 0xe0000;
}

static void quote_ascii(struct buf *out, unsigned char c)
{
	static const char from[] = "\a\b\f\n\r\t\v\\\"";
	static const char to[] = "abfnrtv\\\"";
	const char *known = c ? strchr(from, c) : NULL;

	if (known)
		buf_putf(out, "\\%c", to[known - from]);
	else if (c < 0x20 || c == 0x7f)
		buf_putf(out, "\\x%02x", c);
	else
		buf_put_byte(out, c);
}

void quote_text(struct buf *out, const char *text)
{
	const unsigned char *p = (const unsigned char *)text;

	buf_put(out, "\"");
	while (*p) {
		uint32_t c;
		size_t len = decode(p, &c);

		if (!len) {
			buf_putf(out, "\\x%02x", *p++);
			continue;
		}
		if (len == 1)
			quote_ascii(out, (unsigned char)c);
		else if (is_odd(c))
			buf_putf(out, c > 0xffff ? "\\U%08x" : "\\u%04x", c);
		else
			buf_put_bytes(out, p, len);
		p += len;
	}
	buf_put(out, "\"");
}

void quote_list(struct buf *out, const char *const *list, size_t count)
{
	buf_put(out, "[");
	for (size_t i = 0; i < count; i++) {
		if (i)
			buf_put(out, " ");
		quote_text(out, list[i]);
	}
	buf_put(out, "]");
}

void quote_plain_list(struct buf *out, const char *const *list, size_t count)
{
	buf_put(out, "[");
	for (size_t i = 0; i < count; i++)
		buf_putf(out, "%s%s", i ? " " : "", list[i]);
	buf_put(out, "]");
}

void quote_number(struct buf *out, int64_t n)
{
	static const char named[] = "abtnvfr"; /* 7 to 13 */

	if (n >= 7 && n <= 13)
		buf_putf(out, "'\\%c'", named[n - 7]);
	else if (n == '\'' || n == '\\')
		buf_putf(out, "'\\%c'", (char)n);
	else if (n >= 0 && (n < ' ' || n == 0x7f))
		buf_putf(out, "'\\x%02x'", (unsigned)n);
	else if (n >= 0 && n < 0x7f)
		buf_putf(out, "'%c'", (char)n);
	else if (n >= 0 && n < 0xa1)
		buf_putf(out, "'\\u%04x'", (unsigned)n);
	else if (n >= 0xa1 && n < 0x100 && n != 0xad)
		buf_putf(out, "'%c%c'", (char)(0xc0 | n >> 6), (char)(0x80 | (n & 0x3f)));
	else if (n == 0xad)
		buf_put(out, "'\\u00ad'");
	else /* nobody retries more often: the sign for what cannot be said */
		buf_put(out, "'\xef\xbf\xbd'");
}
