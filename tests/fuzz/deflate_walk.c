// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"
#include "tests/fuzz/inflate.h"

enum { ROOM = 1 << 18 };

static bool walks(struct deflate_ends *ends, const void *stream, size_t stream_len,
		  const void *data, size_t len)
{
	static struct deflate_walker walker;
	/* of exactly these sizes, so that a read beyond them is seen */
	AUTO(auto_free) unsigned char *stream_copy = mem_alloc(stream_len + !stream_len);
	AUTO(auto_free) unsigned char *data_copy = mem_alloc(len + !len);

	memcpy(stream_copy, stream, stream_len);
	memcpy(data_copy, data, len);
	return deflate_walk(ends, &walker, stream_copy, stream_len, data_copy, len);
}

/* Any bytes as a deflate stream: the walk takes what zlib takes, for what zlib makes of it and for
 * nothing else, and finds the blocks where zlib finds them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	AUTO(inflated_free) struct inflated want = inflate_all(data, len, ROOM);
	struct deflate_ends ends;

	if (!want.ok) {
		assert(!walks(&ends, data, len, want.data, want.len));
		return 0;
	}
	assert(walks(&ends, data, want.stream_len, want.data, want.len));
	assert(ends.last_block == want.ends.last_block && ends.end == want.ends.end);
	want.data[want.len] = 0;
	assert(!walks(&ends, data, want.stream_len, want.data, want.len + 1));
	assert(!walks(&ends, data, want.stream_len - 1, want.data, want.len));
	if (len > want.stream_len)
		assert(!walks(&ends, data, want.stream_len + 1, want.data, want.len));
	if (!want.len)
		return 0;
	assert(!walks(&ends, data, want.stream_len, want.data, want.len - 1));
	want.data[data[len / 2] * want.len / 256] ^= 1;
	assert(!walks(&ends, data, want.stream_len, want.data, want.len));
	return 0;
}
