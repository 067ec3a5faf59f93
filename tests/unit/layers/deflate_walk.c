// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "base/limits.h"
#include "layers/deflate_walk.h"
#include "tests/fuzz/inflate.h"

/* layers/deflate_walk.h against zlib, which made the streams and says where their blocks are. */

enum { LEN = 400000, ROOM = 2 * LEN };

static struct deflate_walker walker;

/* How zlib is told to write a kind of block; after each `step` bytes the block ends. */
struct form {
	const char *name;
	int level, strategy;
	size_t step;
	unsigned kind; /* of the first block: 0 stored, 1 fixed, 2 dynamic */
};

static size_t deflate_as(unsigned char *out, const struct form *form, unsigned char *data,
			 size_t len)
{
	z_stream z = { .next_out = out, .avail_out = ROOM };

	assert_int_equal(deflateInit2(&z, form->level, Z_DEFLATED, -MAX_WBITS, 9, form->strategy),
			 Z_OK);
	for (size_t at = 0; at < len; at += form->step) {
		z.next_in = data + at;
		z.avail_in = (uInt)(len - at < form->step ? len - at : form->step);
		assert_int_equal(deflate(&z, Z_BLOCK), Z_OK);
	}
	assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
	assert_int_equal(deflateEnd(&z), Z_OK);
	return z.total_out;
}

/* Bytes of form 0: text, 1: noise, 2: both and long runs in turns, 3: one value. */
static void fill(unsigned char *out, size_t len, int form)
{
	memset(out, 'x', len);
	if (form < 2)
		fill_bytes(out, len, form == 1, 7);
	for (size_t at = 0; form == 2 && at + 3000 < len; at += 3000) {
		fill_bytes(out + at, 1000, true, at);
		fill_bytes(out + at + 1000, 1000, false, at);
	}
}

static void check(const char *name, const unsigned char *stream, size_t stream_len,
		  unsigned char *data, size_t len)
{
	AUTO(inflated_free) struct inflated want = inflate_all(stream, stream_len, ROOM);
	struct deflate_ends ends;

	assert_true(want.ok && want.len == len);
	if (!deflate_walk(&ends, &walker, stream, stream_len, data, len))
		fail_msg("%s, %zu bytes: refused", name, len);
	if (ends.last_block != want.ends.last_block || ends.end != want.ends.end)
		fail_msg("%s, %zu bytes: ends at %zu, %zu where zlib has %zu, %zu", name, len,
			 ends.last_block, ends.end, want.ends.last_block, want.ends.end);
	for (size_t i = 0; i < len; i += len / 50 + 1) {
		data[i] ^= 0x20;
		if (deflate_walk(&ends, &walker, stream, stream_len, data, len))
			fail_msg("%s: another byte %zu was not seen", name, i);
		data[i] ^= 0x20;
	}
}

static void every_kind_of_block(void **state)
{
	static const struct form forms[] = {
		{ "stored", 0, Z_DEFAULT_STRATEGY, LEN, 0 },
		{ "stored, many", 0, Z_DEFAULT_STRATEGY, 1001, 0 },
		{ "fixed", 6, Z_FIXED, LEN, 1 },
		{ "fixed, many", 6, Z_FIXED, 777, 1 },
		{ "dynamic", 6, Z_DEFAULT_STRATEGY, LEN, 2 },
		{ "dynamic, many", 9, Z_DEFAULT_STRATEGY, 4099, 2 },
		{ "without matches", 6, Z_HUFFMAN_ONLY, LEN, 2 },
		{ "distance 1 alone", 6, Z_RLE, 10007, 2 },
	};
	static const size_t sizes[] = { 300, 5000, 65535, 65536, LEN };
	AUTO(auto_free) unsigned char *data = mem_alloc(LEN);
	AUTO(auto_free) unsigned char *stream = mem_alloc(ROOM);
	(void)state;

	for (size_t f = 0; f < ARRAY_LEN(forms); f++)
		for (size_t s = 0; s < ARRAY_LEN(sizes); s++)
			for (int form = 0; form < 4; form++) {
				size_t len;

				fill(data, sizes[s], form);
				len = deflate_as(stream, &forms[f], data, sizes[s]);
				if (form == 0 && sizes[s] == LEN)
					assert_int_equal(stream[0] >> 1 & 3, forms[f].kind);
				check(forms[f].name, stream, len, data, sizes[s]);
			}
}

/* Cut off, or longer than it is: neither ends in its last byte. */
static void its_end_is_the_streams(void **state)
{
	static const struct form form = { "", 6, Z_DEFAULT_STRATEGY, 900, 2 };
	unsigned char data[2000], stream[4000];
	struct deflate_ends ends;
	size_t len;
	(void)state;

	fill(data, sizeof(data), 0);
	len = deflate_as(stream, &form, data, sizeof(data));
	for (size_t n = 0; n < len; n++)
		assert_false(deflate_walk(&ends, &walker, stream, n, data, sizeof(data)));
	assert_true(deflate_walk(&ends, &walker, stream, len, data, sizeof(data)));
	stream[len] = 0;
	assert_false(deflate_walk(&ends, &walker, stream, len + 1, data, sizeof(data)));
	assert_false(deflate_walk(&ends, &walker, stream, len, data, sizeof(data) - 1));
}

/* Bits by hand, the first written lowest. A letter or blank ends a group and means nothing. */
static size_t from_bits(unsigned char *out, const char *bits)
{
	size_t count = 0;

	memset(out, 0, 64);
	for (; *bits; bits++)
		if (*bits == '0' || *bits == '1') {
			out[count / 8] |= (unsigned char)((*bits - '0') << count % 8);
			count++;
		}
	return (count + 7) / 8;
}

/* What no compressor writes, on both sides of the line that zlib draws. Huffman codes have their
 * first bit first. */
static void odd_streams(void **state)
{
	static const struct {
		const char *name, *bits, *data; /* NULL: refused */
	} rows[] = {
		{ "nothing at all, fixed", "1 10 0000000", "" },
		{ "two empty blocks", "0 10 0000000 1 10 0000000", "" },
		{ "a of fixed codes", "1 10 10010001 0000000", "a" },
		{ "an overlapping match: 4 at distance 1", "1 10 10010001 0000010 00000 0000000",
		  "aaaaa" },
		{ "empty stored", "1 00 00000 0000000000000000 1111111111111111", "" },
		{ "stored, lengths that do not agree",
		  "1 00 00000 0000000000000000 1111111111111110", NULL },
		{ "a kind that is reserved", "1 11 0000000", NULL },
		{ "a distance before the start", "1 10 10010001 0000010 00001 0000000", NULL },
		{ "a match first", "1 10 0000010 00000 0000000", NULL },
		{ "fixed length symbol 286", "1 10 10010001 11000110 00000 0000000", NULL },
		{ "fixed distance symbol 30", "1 10 10010001 0000010 11110 0000000", NULL },
		{ "no final block", "0 10 0000000", NULL },
		{ "287 literal codes", "1 01 01111 00000 0000", NULL },
		{ "31 distance codes", "1 01 00000 01111 0000", NULL },
		/* 4 code lengths in the order 16, 17, 18, 0 */
		{ "code lengths without a code", "1 01 00000 00000 0000 000 000 000 000", NULL },
		{ "code lengths incomplete", "1 01 00000 00000 0000 000 000 000 100", NULL },
		{ "code lengths too many", "1 01 00000 00000 0000 100 100 100 000", NULL },
		{ "repeats what is not there", "1 01 00000 00000 0000 100 000 000 100 1 00", NULL },
		/* 0 has code 0, 18 has code 1: 258 zeros, so no end of the block */
		{ "no end of the block",
		  "1 01 00000 00000 0000 000 000 100 100 1 1111111 1 1011011", NULL },
		{ "zeros beyond the last",
		  "1 01 00000 00000 0000 000 000 100 100 1 1111111 1 1111111", NULL },
		/* 18 lengths (order up to 1): 1 has code 0, 18 has code 1. 256 zeros, then the
		   end's length 1, and one distance of length 1: single codes may be incomplete */
		{ "one code alone",
		  "1 01 00000 00000 0111 000 000 100 000 000 000 000 000 000 000 000 000 000 000 "
		  "000"
		  " 000 000 100 1 1111111 1 1101011 0 0 0",
		  "" },
	};
	unsigned char stream[64];
	struct deflate_ends ends;
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t len = from_bits(stream, rows[i].bits);
		AUTO(inflated_free) struct inflated zlib = inflate_all(stream, len, 64);
		const unsigned char *data = zlib.data;
		bool ok;

		if (zlib.ok != (rows[i].data != NULL) ||
		    (zlib.ok && (zlib.len != strlen(rows[i].data) ||
				 memcmp(data, rows[i].data, zlib.len) != 0)))
			fail_msg("%s: the row is wrong about zlib", rows[i].name);
		ok = deflate_walk(&ends, &walker, stream, len, data, zlib.len);
		if (ok != zlib.ok)
			fail_msg("%s: %s", rows[i].name, ok ? "taken" : "refused");
		if (ok && (ends.last_block != zlib.ends.last_block || ends.end != zlib.ends.end))
			fail_msg("%s: other ends than zlib's", rows[i].name);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_block),
		cmocka_unit_test(its_end_is_the_streams),
		cmocka_unit_test(odd_streams),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
