// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_PKTLINE_H
#define GIT_PKTLINE_H

#include "base/sink.h"

/* Lines with their length in front (git's gitprotocol-common, "pkt-line Format"). */
enum pkt_kind {
	PKT_LINE,
	PKT_FLUSH, /* 0000 */
	PKT_DELIM, /* 0001 */
	PKT_END,   /* 0002, or the end of the bytes between two lines */
};

enum {
	PKT_DATA_MAX = 65516,
	PKT_TEXT_MAX =
		2048, /* of a line we write: a ref name of LIMIT_GIT_REF bytes and some words */
};

struct pkt_reader {
	struct source *from; /* borrowed */
	enum pkt_kind kind;
	size_t len;
	char data[PKT_DATA_MAX + 1]; /* of a line, followed by a NUL */
};

/* The next one, into `r`. E_NETWORK when it is cut off or malformed, or is an "ERR" line, whose
 * text then is the message. */
MUST_CHECK bool pkt_read(struct pkt_reader *r, struct err *err);
/* Without its final newline. */
struct slice pkt_text(const struct pkt_reader *r);

void pkt_put(struct buf *out, const char *fmt, ...) PRINTF_LIKE(2, 3);
void pkt_put_flush(struct buf *out);
void pkt_put_delim(struct buf *out);

#endif
