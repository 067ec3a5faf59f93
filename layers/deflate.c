// SPDX-License-Identifier: Apache-2.0
#include "layers/deflate.h"

#include <assert.h>
#include <libdeflate.h> /* the only include of it */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/limits.h"
#include "base/mem.h"

/* Independent deflate blocks and how they are joined. Threads, order and file formats are the
 * callers'. */

enum {
	SCRATCH = 64 * KIB,
	STORED_HEADER = 5, /* at most: three bits, padding, two lengths */
};

const char *const deflate_version = LIBDEFLATE_VERSION_STRING;
const unsigned char deflate_end[DEFLATE_END_SIZE] = { 0x03, 0x00 };

struct deflater {
	struct libdeflate_compressor *compressor;
	z_stream check;
	unsigned char scratch[SCRATCH];
};

struct deflater *deflater_open(int level)
{
	struct deflater *d = mem_alloc(sizeof(*d));

	d->compressor = libdeflate_alloc_compressor(level);
	if (!d->compressor || inflateInit2(&d->check, -MAX_WBITS) != Z_OK)
		abort(); /* memory, or a level that compressor_open should have refused */
	return d;
}

void deflater_close(struct deflater *d)
{
	if (!d)
		return;
	libdeflate_free_compressor(d->compressor);
	inflateEnd(&d->check);
	free(d);
}

size_t deflater_bound(size_t len)
{
	return libdeflate_deflate_compress_bound(NULL, len) + STORED_HEADER;
}

size_t deflater_whole(struct deflater *d, void *out, const void *data, size_t len)
{
	size_t size = libdeflate_deflate_compress(d->compressor, data, len, out,
						  libdeflate_deflate_compress_bound(NULL, len));

	if (!size)
		abort(); /* cannot be: the bound is libdeflate's own */
	return size;
}

/* Where in a stream things are, in bits from its start. */
struct ends {
	size_t last_block; /* header of the last block */
	size_t end;        /* behind the last block */
};

/* Inflate `stream`, which must give `data`; zlib stops at every block boundary (Z_BLOCK). */
static struct ends find_ends(struct deflater *d, unsigned char *stream, size_t stream_len,
			     const unsigned char *data, size_t len)
{
	enum { UNUSED_BITS = 7, IN_LAST_BLOCK = 64, AT_BOUNDARY = 128 };
	struct ends ends = { 0 };
	z_stream *z = &d->check;

	inflateReset(z);
	z->next_in = stream;
	z->avail_in = (uInt)stream_len;
	for (;;) {
		size_t given;
		int status;

		z->next_out = d->scratch;
		z->avail_out = SCRATCH;
		status = inflate(z, Z_BLOCK);
		given = SCRATCH - z->avail_out;
		if (status != Z_OK || given > len || memcmp(d->scratch, data, given) != 0)
			abort(); /* the compressor is broken: anything is better than a wrong layer
				  */
		data += given;
		len -= given;
		if (!(z->data_type & AT_BOUNDARY))
			continue;
		ends.end = z->total_in * 8 - (size_t)(z->data_type & UNUSED_BITS);
		if (z->data_type & IN_LAST_BLOCK)
			break;
		ends.last_block = ends.end;
	}
	if (len || (ends.end + 7) / 8 != stream_len)
		abort();
	return ends;
}

size_t deflater_part(struct deflater *d, void *out, const void *data, size_t len)
{
	static const unsigned char no_bytes[4] = { 0x00, 0x00, 0xff, 0xff };
	unsigned char *stream = out;
	size_t size = deflater_whole(d, out, data, len);
	struct ends ends = find_ends(d, stream, size, data, len);
	unsigned char final_bit = (unsigned char)(1U << ends.last_block % 8);

	assert(stream[ends.last_block / 8] & final_bit);
	stream[ends.last_block / 8] &= (unsigned char)~final_bit;
	/* The header of a stored block is three zero bits, padded with zeros to the next byte. */
	if (ends.end % 8)
		stream[size - 1] &= (unsigned char)((1U << ends.end % 8) - 1);
	if ((ends.end + 3 + 7) / 8 > size)
		stream[size++] = 0;
	memcpy(stream + size, no_bytes, sizeof(no_bytes));
	return size + sizeof(no_bytes);
}

uint32_t deflate_crc32(uint32_t crc, const void *data, size_t len)
{
	return libdeflate_crc32(crc, data, len);
}

uint32_t deflate_crc32_join(uint32_t first, uint32_t second, uint64_t second_len)
{
	return (uint32_t)crc32_combine(first, second, (z_off_t)second_len);
}
