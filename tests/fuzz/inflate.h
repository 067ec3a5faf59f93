// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FUZZ_INFLATE_H
#define TESTS_FUZZ_INFLATE_H

#define ZLIB_CONST
#include <zlib.h>

#include "base/mem.h"
#include "layers/deflate_walk.h"

/* What zlib makes of a deflate stream: the reference for layers/deflate_walk.h. */
struct inflated {
	bool ok;             /* it ends, in the room there was */
	unsigned char *data; /* owned */
	size_t len;          /* of what came out, also of a broken stream */
	size_t stream_len;   /* of what was read */
	struct deflate_ends ends;
};

static inline void inflated_free(struct inflated *i)
{
	free(i->data);
}

static inline struct inflated inflate_all(const void *stream, size_t stream_len, size_t room)
{
	enum { UNUSED_BITS = 7, IN_LAST_BLOCK = 64, AT_BOUNDARY = 128 };
	struct inflated out = { .data = mem_alloc(room + 1) };
	z_stream z = { .next_in = stream,
		       .avail_in = (uInt)stream_len,
		       .next_out = out.data,
		       .avail_out = (uInt)room };
	size_t last_block = 0;
	int status;

	if (inflateInit2(&z, -MAX_WBITS) != Z_OK)
		abort();
	do { /* one block, and for the last once more to hear that it was the last */
		out.ends.last_block = last_block;
		status = inflate(&z, Z_BLOCK);
		if (status == Z_OK && z.data_type & AT_BOUNDARY) {
			out.ends.end = z.total_in * 8 - (size_t)(z.data_type & UNUSED_BITS);
			if (!(z.data_type & IN_LAST_BLOCK))
				last_block = out.ends.end;
		}
	} while (status == Z_OK);
	out.ok = status == Z_STREAM_END;
	out.len = z.total_out;
	out.stream_len = z.total_in;
	inflateEnd(&z);
	return out;
}

#endif
