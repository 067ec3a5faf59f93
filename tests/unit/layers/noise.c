// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "base/limits.h"
#include "layers/deflate.h"
#include "layers/noise.h"
#include "tests/fuzz/inflate.h"

/* layers/noise.h: what is stored without a look, and that nothing is lost by it. */

enum { LEN = 256 * KIB };

/* What a file may hold, `len` bytes of it. */
typedef void fill_fn(unsigned char *out, size_t len);

static void noise(unsigned char *out, size_t len)
{
	fill_bytes(out, len, true, 11);
}

static void text(unsigned char *out, size_t len)
{
	fill_bytes(out, len, false, 11);
}

static void zeros(unsigned char *out, size_t len)
{
	memset(out, 0, len);
}

/* Every value equally often: more evenly than chance would have it. */
static void ramp(unsigned char *out, size_t len)
{
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)i;
}

/* Noise that comes again within the window of deflate. */
static void repeated(unsigned char *out, size_t len)
{
	enum { PERIOD = 5000 };

	noise(out, PERIOD);
	for (size_t i = PERIOD; i < len; i++)
		out[i] = out[i - PERIOD];
}

static void base64(unsigned char *out, size_t len)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	noise(out, len);
	for (size_t i = 0; i < len; i++)
		out[i] = (unsigned char)digits[out[i] % 64];
}

/* Numbers whose highest byte is one of four: a Huffman code gains a fifth. */
static void floats(unsigned char *out, size_t len)
{
	noise(out, len);
	for (size_t i = 3; i < len; i += 4)
		out[i] = (unsigned char)(0x3e + out[i] % 4);
}

static void compressed(unsigned char *out, size_t len)
{
	AUTO(auto_deflater_close) struct deflater *d = deflater_open(6);
	AUTO(auto_free) unsigned char *plain = mem_alloc(4 * len);
	AUTO(auto_free) unsigned char *packed = mem_alloc(deflater_bound(4 * len));

	base64(plain, 4 * len); /* 6 bits in 8: most is left, and looks like nothing */
	assert_true(deflater_whole(d, packed, plain, 4 * len) > len + KIB);
	memcpy(out, packed + KIB, len);
}

static void kinds_of_data(void **state)
{
	static const struct {
		const char *name;
		fill_fn *fill;
		size_t least, most; /* bytes found to be noise */
	} rows[] = {
		{ "noise", noise, LEN, LEN }, { "compressed", compressed, LEN * 9 / 10, LEN },
		{ "text", text, 0, 0 },       { "zeros", zeros, 0, 0 },
		{ "a ramp", ramp, 0, 0 },     { "noise again and again", repeated, 0, 0 },
		{ "base64", base64, 0, 0 },   { "numbers", floats, 0, 0 },
	};
	AUTO(auto_free) unsigned char *data = mem_alloc(LEN);
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		size_t found = 0;

		rows[i].fill(data, LEN);
		for (struct noise_run run = { 0, 0 }; run.end < LEN;) {
			run = noise_find(data, run.end, LEN);
			assert_true(run.end == run.start ? run.start == LEN
							 : run.end - run.start >= NOISE_MIN);
			found += run.end - run.start;
		}
		if (found < rows[i].least || found > rows[i].most)
			fail_msg("%s: %zu bytes are noise", rows[i].name, found);
	}
}

/* Noise from `start` to `end` in text, counted from where the search begins. */
static void where_runs_are(void **state)
{
	static const struct {
		size_t from, start, end, want_start, want_end;
	} rows[] = {
		{ 0, 10 * KIB, 18 * KIB, 10 * KIB, 18 * KIB },
		{ 0, 10 * KIB, 18 * KIB - 512, LEN, LEN }, /* too short */
		{ 0, 10 * KIB + 512, 20 * KIB, 11 * KIB, 20 * KIB },
		{ 512, 10 * KIB + 512, 20 * KIB, 10 * KIB + 512, 19 * KIB + 512 },
		{ 0, 0, LEN, 0, LEN },
		{ 0, LEN - 8 * KIB, LEN, LEN - 8 * KIB, LEN },
		{ 12 * KIB, 10 * KIB, 18 * KIB, LEN, LEN },
		{ LEN, 0, LEN, LEN, LEN },
	};
	AUTO(auto_free) unsigned char *data = mem_alloc(LEN);
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		struct noise_run run;

		text(data, LEN);
		noise(data + rows[i].start, rows[i].end - rows[i].start);
		run = noise_find(data, rows[i].from, LEN);
		if (run.start != rows[i].want_start || run.end != rows[i].want_end)
			fail_msg("row %zu: %zu to %zu", i, run.start, run.end);
	}
	assert_int_equal(noise_find(data, 0, 0).end, 0);
}

/* The most turns that text and noise can take: all of it comes back, in no more than the bound. */
static void parts_inflate(void **state)
{
	AUTO(auto_deflater_close) struct deflater *d = deflater_open(4);
	AUTO(auto_free) unsigned char *data = mem_alloc(LEN);
	AUTO(auto_free) unsigned char *out = mem_alloc(deflater_bound(LEN) + DEFLATE_END_SIZE);
	(void)state;

	for (size_t step = 1024; step <= LEN; step *= 2) {
		size_t size, stored = 0;

		text(data, LEN);
		for (size_t at = 0; at < LEN; at += NOISE_MIN + step)
			noise(data + at, LEN - at < NOISE_MIN ? LEN - at : NOISE_MIN);
		size = deflater_parts(d, out, data, LEN);
		assert_true(size <= deflater_bound(LEN));
		memcpy(out + size, deflate_end, DEFLATE_END_SIZE);

		AUTO(inflated_free) struct inflated back = inflate_all(out, size + 2, LEN);

		assert_true(back.ok && back.len == LEN);
		assert_memory_equal(back.data, data, LEN);
		for (size_t i = 0; i + 5 < size; i++)
			stored += memcmp(out + i, "\0\0\x20\xff\xdf", 5) == 0;
		assert_true(stored >= LEN / (NOISE_MIN + step)); /* blocks of 8 KiB, stored */
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kinds_of_data),
		cmocka_unit_test(where_runs_are),
		cmocka_unit_test(parts_inflate),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
