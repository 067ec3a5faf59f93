// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "layers/compress.h"
#include "layers/deflate.h"

static void put_number(struct buf *b, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		buf_put_byte(b, (unsigned char)(value >> 8 * i));
}

/* Blocks of `step` bytes, compressed apart and joined, as one gzip member. */
static void join_blocks(struct buf *out, const uint8_t *data, size_t len, size_t step, int level)
{
	static const unsigned char header[10] = { 0x1f, 0x8b, 8, [9] = 255 };
	AUTO(auto_deflater_close) struct deflater *d = deflater_open(level);
	AUTO(auto_free) char *part = mem_alloc(deflater_bound(step));
	uint32_t crc = deflate_crc32(0, NULL, 0);

	buf_put_bytes(out, header, sizeof(header));
	for (size_t at = 0; at < len; at += step) {
		size_t block = len - at < step ? len - at : step;

		buf_put_bytes(out, part, deflater_parts(d, part, data + at, block));
		crc = deflate_crc32_join(crc, deflate_crc32(0, data + at, block), block);
	}
	buf_put_bytes(out, deflate_end, DEFLATE_END_SIZE);
	put_number(out, crc);
	put_number(out, (uint32_t)len);
}

/* A byte for level and size of blocks, then the data: zlib gets back what went in. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static const size_t steps[] = { 1, 7, 64, 1000, 4096, 32768, 65536, 1 << 20 };
	AUTO(buf_free) struct buf packed = BUF_INIT(1 << 26);
	AUTO(buf_free) struct buf plain = BUF_INIT(1 << 26);
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_buf to = sink_buf(&plain);
	struct err err = { 0 };

	if (!len)
		return 0;
	join_blocks(&packed, data + 1, len - 1, steps[data[0] % 8], 1 + data[0] / 8 % 12);
	assert(decompressor_open(&from, source_mem(packed.ptr, packed.len), COMPRESSION_GZIP,
				 &err));
	assert(source_copy(from, &to.sink, NULL, &err));
	assert(plain.len == len - 1 && memcmp(plain.ptr, data + 1, len - 1) == 0);
	return 0;
}
