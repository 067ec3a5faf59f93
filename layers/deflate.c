// SPDX-License-Identifier: Apache-2.0
#include "layers/deflate.h"

#include <libdeflate.h> /* the only include of it */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/mem.h"
#include "layers/deflate_walk.h"
#include "layers/noise.h"

/* Independent deflate blocks and how they are joined. Threads, order and file formats are the
 * callers'. */

enum {
	STORED_HEADER = 5, /* at most: three bits, padding, two lengths */
	STORED_MAX = 65535,
	/* What a part may take beyond its share of the whole's bound: a block of its own begun, and
	   the empty one behind it. Noise and parts take turns. */
	PART_EXTRA = 32,
};

const char *const deflate_version = LIBDEFLATE_VERSION_STRING;
const unsigned char deflate_end[DEFLATE_END_SIZE] = { 0x03, 0x00 };

struct deflater {
	struct libdeflate_compressor *compressor;
	struct deflate_walker walker;
};

struct deflater *deflater_open(int level)
{
	struct deflater *d = mem_alloc(sizeof(*d));

	d->compressor = libdeflate_alloc_compressor(level);
	if (!d->compressor)
		abort(); /* memory, or a level that compressor_open should have refused */
	return d;
}

void deflater_close(struct deflater *d)
{
	if (!d)
		return;
	libdeflate_free_compressor(d->compressor);
	free(d);
}

size_t deflater_bound(size_t len)
{
	return libdeflate_deflate_compress_bound(NULL, len) +
	       (len / NOISE_MIN + 1) * (PART_EXTRA + STORED_HEADER);
}

size_t deflater_whole(struct deflater *d, void *out, const void *data, size_t len)
{
	size_t size = libdeflate_deflate_compress(d->compressor, data, len, out,
						  libdeflate_deflate_compress_bound(NULL, len));

	if (!size)
		abort(); /* cannot be: the bound is libdeflate's own */
	return size;
}

size_t deflater_part(struct deflater *d, void *out, const void *data, size_t len)
{
	static const unsigned char no_bytes[4] = { 0x00, 0x00, 0xff, 0xff };
	unsigned char *stream = out;
	size_t size = deflater_whole(d, out, data, len);
	struct deflate_ends ends;

	if (!deflate_walk(&ends, &d->walker, stream, size, data, len))
		abort(); /* the compressor is broken: anything is better than a wrong layer */
	stream[ends.last_block / 8] &= (unsigned char)~(1U << ends.last_block % 8);
	/* The header of a stored block is three zero bits, padded with zeros to the next byte. */
	if (ends.end % 8)
		stream[size - 1] &= (unsigned char)((1U << ends.end % 8) - 1);
	if ((ends.end + 3 + 7) / 8 > size)
		stream[size++] = 0;
	memcpy(stream + size, no_bytes, sizeof(no_bytes));
	return size + sizeof(no_bytes);
}

/* Stored blocks (RFC 1951, 3.2.4), from one byte boundary to the next. */
static size_t put_stored(unsigned char *out, const unsigned char *data, size_t len)
{
	size_t size = 0;

	for (size_t n; len; data += n, len -= n) {
		n = len < STORED_MAX ? len : STORED_MAX;
		out[size++] = 0; /* not the last, stored, padding */
		out[size++] = (unsigned char)n;
		out[size++] = (unsigned char)(n >> 8);
		out[size++] = (unsigned char)~n;
		out[size++] = (unsigned char)(~n >> 8);
		memcpy(out + size, data, n);
		size += n;
	}
	return size;
}

size_t deflater_parts(struct deflater *d, void *out, const void *data, size_t len)
{
	const unsigned char *in = data;
	unsigned char *to = out;

	for (size_t at = 0; at < len;) {
		struct noise_run noise = noise_find(data, at, len);

		if (noise.start > at)
			to += deflater_part(d, to, in + at, noise.start - at);
		to += put_stored(to, in + noise.start, noise.end - noise.start);
		at = noise.end;
	}
	return (size_t)(to - (unsigned char *)out);
}

uint32_t deflate_crc32(uint32_t crc, const void *data, size_t len)
{
	return libdeflate_crc32(crc, data, len);
}

uint32_t deflate_crc32_join(uint32_t first, uint32_t second, uint64_t second_len)
{
	return (uint32_t)crc32_combine(first, second, (z_off_t)second_len);
}
