// SPDX-License-Identifier: Apache-2.0
#include "git/pktline.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* The framing alone; what lines mean is smart.c's. */

/* All of `len` bytes; *end_out: there was none at all. */
static bool read_all(struct source *from, char *data, size_t len, bool *end_out, struct err *err)
{
	size_t have = 0, n;

	*end_out = false;
	while (have < len) {
		if (!source_read(from, data + have, len - have, &n, err))
			return false;
		if (!n && !have) {
			*end_out = true;
			return true;
		}
		if (!n)
			return err_set(err, E_NETWORK,
				       "the server stopped in the middle of a line");
		have += n;
	}
	return true;
}

static bool parse_length(size_t *out, const char head[4])
{
	static const char digits[] = "0123456789abcdef";

	*out = 0;
	for (int i = 0; i < 4; i++) {
		char c = head[i];
		const char *at;

		c = (char)(c >= 'A' && c <= 'F' ? c + ('a' - 'A') : c);
		at = c ? strchr(digits, c) : NULL;
		if (!at)
			return false;
		*out = *out * 16 + (size_t)(at - digits);
	}
	return true;
}

static bool server_error(const struct pkt_reader *r, struct err *err)
{
	struct slice text = pkt_text(r);
	AUTO(auto_free) char *shown = str_printable(text.ptr + 4, text.len - 4, 400);

	return err_set(err, E_NETWORK, "the git server says: %s", shown);
}

bool pkt_read(struct pkt_reader *r, struct err *err)
{
	char head[4];
	size_t len;
	bool end;

	r->len = 0;
	r->data[0] = '\0';
	if (!read_all(r->from, head, sizeof(head), &end, err))
		return false;
	r->kind = PKT_END;
	if (end)
		return true;
	if (!parse_length(&len, head) || len == 3 || len > PKT_DATA_MAX + 4)
		return err_set(err, E_NETWORK, "this is no git server: its answer has no lines");
	if (len < 4) {
		r->kind = len == 0 ? PKT_FLUSH : len == 1 ? PKT_DELIM : PKT_END;
		return true;
	}
	r->kind = PKT_LINE;
	r->len = len - 4;
	if (!read_all(r->from, r->data, r->len, &end, err))
		return false;
	if (end && r->len)
		return err_set(err, E_NETWORK, "the server stopped in the middle of a line");
	r->data[r->len] = '\0';
	return !slice_has_prefix(pkt_text(r), "ERR ") || server_error(r, err);
}

struct slice pkt_text(const struct pkt_reader *r)
{
	size_t len = r->len && r->data[r->len - 1] == '\n' ? r->len - 1 : r->len;

	return (struct slice){ r->data, len };
}

void pkt_put(struct buf *out, const char *fmt, ...)
{
	char text[PKT_TEXT_MAX];
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	assert(len >= 0 && len < PKT_TEXT_MAX);
	buf_putf(out, "%04x%s", (unsigned)len + 4, text);
}

void pkt_put_flush(struct buf *out)
{
	buf_put(out, "0000");
}

void pkt_put_delim(struct buf *out)
{
	buf_put(out, "0001");
}
