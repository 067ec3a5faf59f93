// SPDX-License-Identifier: Apache-2.0
#include "support.h"

#include "base/hash.h"
#include "base/limits.h"
#include "layers/compress.h"
#include "layers/deflate.h"

/* layers/compress.h: what goes in comes out, the same bytes however it was done, and nothing else
 * is taken. */

#define BLOCK (1024 * 1024)

/* --- joined deflate blocks --- */

static void joined_parts_inflate(void **state)
{
	static const size_t sizes[] = { 1,     2,     3,      7,      100,       4096, 65535,
					65536, 65537, 300000, 300001, BLOCK - 1, BLOCK };
	AUTO(auto_free) unsigned char *in = mem_alloc(BLOCK);
	AUTO(auto_free) unsigned char *out = mem_alloc(deflater_bound(BLOCK));
	(void)state;

	/* Streams that do not give what went in abort inside deflater_part. */
	for (int level = 1; level <= 12; level++) {
		AUTO(auto_deflater_close) struct deflater *d = deflater_open(level);

		for (size_t i = 0; i < ARRAY_LEN(sizes) - (level > 9 ? 2 : 0); i++)
			for (int form = 0; form < 3; form++) {
				size_t len;

				memset(in, 0, sizes[i]);
				if (form)
					fill_bytes(in, sizes[i], form == 2, i);
				len = deflater_part(d, out, in, sizes[i]);
				assert_true(len <= deflater_bound(sizes[i]));
				assert_memory_equal(out + len - 4, "\0\0\xff\xff", 4);
			}
	}
}

/* --- whole streams --- */

struct bytes {
	unsigned char *ptr;
	size_t len;
};

/* Text, zeros and noise in turns, so that stored, fixed and dynamic blocks meet. */
static void mix(unsigned char *out, size_t len, int form)
{
	for (size_t at = 0, turn = 0; at < len; turn++) {
		size_t n = (turn * 7919 + 1) % 200000 + 1;

		n = n < len - at ? n : len - at;
		if (form == 0 || (form == 3 && turn % 3 == 0))
			memset(out + at, 0, n);
		else
			fill_bytes(out + at, n, form == 2 || (form == 3 && turn % 3 == 1), turn);
		at += n;
	}
}

static bool compress(struct buf *out, const unsigned char *data, size_t len, size_t step,
		     const struct compress_options *opt, struct err *err)
{
	AUTO(auto_compressor_close) struct sink *c = NULL;
	struct sink_buf to = sink_buf(out);

	if (!compressor_open(&c, &to.sink, opt, err))
		return false;
	for (size_t at = 0, n; at < len; at += n) {
		n = step < len - at ? step : len - at;
		if (!sink_write(c, data + at, n, err))
			return false;
	}
	return sink_finish(c, err);
}

static bool decompress(struct buf *out, const void *data, size_t len, enum compression kind,
		       bool detect, struct err *err)
{
	AUTO(auto_source_close) struct source *s = NULL;
	struct sink_buf to = sink_buf(out);
	enum compression found;

	if (detect) {
		if (!decompressor_detect(&s, &found, source_mem(data, len), err))
			return false;
		assert_int_equal(found, kind);
	} else if (!decompressor_open(&s, source_mem(data, len), kind, err)) {
		return false;
	}
	return source_copy(s, &to.sink, NULL, err);
}

static void round_trip(void **state)
{
	static const size_t sizes[] = { 0,
					1,
					2,
					511,
					65536,
					BLOCK - 1,
					BLOCK,
					BLOCK + 1,
					2 * BLOCK,
					2 * BLOCK + 1,
					5 * BLOCK + 12345 };
	AUTO(auto_free) unsigned char *in = mem_alloc(6 * BLOCK);
	(void)state;

	for (size_t k = 0; k < 3; k++)
		for (size_t i = 0; i < ARRAY_LEN(sizes); i++)
			for (int form = 0; form < 4; form++) {
				static const enum compression kinds[] = { COMPRESSION_NONE,
									  COMPRESSION_GZIP,
									  COMPRESSION_ZSTD };
				struct compress_options opt = { .kind = kinds[k], .threads = 2 };
				AUTO(buf_free) struct buf packed = BUF_INIT(8 * BLOCK);
				AUTO(buf_free) struct buf plain = BUF_INIT(8 * BLOCK);
				struct err err = { 0 };

				mix(in, sizes[i], form);
				MUST(compress(&packed, in, sizes[i], 100000, &opt, &err));
				MUST(decompress(&plain, packed.ptr, packed.len, kinds[k],
						kinds[k] != COMPRESSION_NONE, &err));
				assert_int_equal(plain.len, sizes[i]);
				assert_memory_equal(plain.ptr, in, sizes[i]);
			}
}

static void bytes_do_not_depend_on_threads_or_pieces(void **state)
{
	static const size_t threads[] = { 1, 2, 3, 8, 100 };
	static const size_t steps[] = { 1 << 30, 1, 4096, BLOCK, BLOCK + 1, 100003 };
	AUTO(auto_free) unsigned char *in = mem_alloc(4 * BLOCK + 17);
	(void)state;

	mix(in, 4 * BLOCK + 17, 3);
	for (int k = 0; k < 2; k++) {
		struct compress_options opt = { .kind = k ? COMPRESSION_ZSTD : COMPRESSION_GZIP };
		AUTO(buf_free) struct buf want = BUF_INIT(8 * BLOCK);
		struct err err = { 0 };

		opt.threads = 4;
		MUST(compress(&want, in, 4 * BLOCK + 17, 65536, &opt, &err));
		for (size_t t = 0; t < ARRAY_LEN(threads); t++)
			for (size_t s = 0; s < ARRAY_LEN(steps); s++) {
				AUTO(buf_free) struct buf got = BUF_INIT(8 * BLOCK);
				size_t len = steps[s] == 1 && t ? 0 : 4 * BLOCK + 17;

				if (!len)
					continue; /* byte by byte once is enough */
				opt.threads = threads[t];
				MUST(compress(&got, in, len, steps[s], &opt, &err));
				assert_int_equal(got.len, want.len);
				assert_memory_equal(got.ptr, want.ptr, want.len);
			}
	}
}

static void header_and_trailer(void **state)
{
	struct compress_options opt = { .kind = COMPRESSION_GZIP };
	AUTO(buf_free) struct buf b = BUF_INIT(BLOCK);
	struct err err = { 0 };
	(void)state;

	MUST(compress(&b, NULL, 0, 1, &opt, &err));
	assert_int_equal(b.len, 20);
	assert_memory_equal(b.ptr, "\x1f\x8b\x08\0\0\0\0\0\0\xff\x03\0\0\0\0\0\0\0\0\0", 20);
}

/* A digest that other machines must get too. It may change only with the compressor's id. */
static void bytes_are_fixed(void **state)
{
	static const char want[] =
		"0d4aff1c628e248408ddbc103072ac5b51b2ccdbe0ee7f2b4164e14e9ed8d7a7";
	AUTO(auto_free) unsigned char *in = mem_alloc(3 * BLOCK);
	struct compress_options opt = { .kind = COMPRESSION_GZIP };
	AUTO(buf_free) struct buf b = BUF_INIT(8 * BLOCK);
	unsigned char hash[SHA256_SIZE];
	char hex[2 * SHA256_SIZE + 1];
	struct err err = { 0 };
	(void)state;

	assert_string_equal(compressor_id(&opt).text, "gzip-libdeflate-1.14-4-256K-1M-8K");
	mix(in, 3 * BLOCK, 3);
	MUST(compress(&b, in, 3 * BLOCK, 65536, &opt, &err));
	sha256_of(hash, b.ptr, b.len);
	hex_format(hex, hash, sizeof(hash));
	assert_string_equal(hex, want);
}

static void levels(void **state)
{
	static const struct {
		enum compression kind;
		int level;
		bool ok;
	} cases[] = {
		{ COMPRESSION_GZIP, 1, true },   { COMPRESSION_GZIP, 12, true },
		{ COMPRESSION_GZIP, 13, false }, { COMPRESSION_GZIP, -1, false },
		{ COMPRESSION_ZSTD, 19, true },  { COMPRESSION_ZSTD, 20, false },
		{ COMPRESSION_NONE, 0, true },   { COMPRESSION_NONE, 1, false },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		struct compress_options opt = { .kind = cases[i].kind, .level = cases[i].level };
		AUTO(buf_free) struct buf b = BUF_INIT(BLOCK);
		struct err err = { 0 };

		assert_int_equal(compress(&b, (const unsigned char *)"abc", 3, 1, &opt, &err),
				 cases[i].ok);
		assert_int_equal(err.code, cases[i].ok ? E_NONE : E_USAGE);
	}
}

static void several_members_are_one(void **state)
{
	AUTO(auto_free) unsigned char *in = mem_alloc(300000);
	(void)state;

	mix(in, 300000, 3);
	for (int k = 0; k < 2; k++) {
		struct compress_options opt = { .kind = k ? COMPRESSION_ZSTD : COMPRESSION_GZIP };
		AUTO(buf_free) struct buf b = BUF_INIT(BLOCK);
		AUTO(buf_free) struct buf plain = BUF_INIT(BLOCK);
		struct err err = { 0 };

		MUST(compress(&b, in, 150000, 1000, &opt, &err));
		MUST(compress(&b, NULL, 0, 1000, &opt, &err));
		MUST(compress(&b, in + 150000, 150000, 1000, &opt, &err));
		MUST(decompress(&plain, b.ptr, b.len, opt.kind, true, &err));
		assert_int_equal(plain.len, 300000);
		assert_memory_equal(plain.ptr, in, 300000);
	}
}

static void damage_is_seen(void **state)
{
	AUTO(auto_free) unsigned char *in = mem_alloc(40000);
	(void)state;

	mix(in, 40000, 3);
	for (int k = 0; k < 2; k++) {
		struct compress_options opt = { .kind = k ? COMPRESSION_ZSTD : COMPRESSION_GZIP };
		AUTO(buf_free) struct buf good = BUF_INIT(BLOCK);
		struct err err = { 0 };

		MUST(compress(&good, in, 40000, 1000, &opt, &err));
		for (size_t cut = 0; cut < good.len;
		     cut += cut < 30 || cut + 30 > good.len ? 1 : 997) {
			AUTO(buf_free) struct buf plain = BUF_INIT(BLOCK);

			MUST_FAIL(decompress(&plain, good.ptr, cut, opt.kind, false, &err),
				  E_INTEGRITY);
		}
		for (size_t at = 0; at < good.len; at += 61) {
			AUTO(buf_free) struct buf plain = BUF_INIT(BLOCK);
			AUTO(buf_free) struct buf bad = BUF_INIT(BLOCK);

			buf_put_bytes(&bad, good.ptr, good.len);
			bad.ptr[at] ^= 0x10;
			/* Flags of the gzip header that say nothing may be anything. */
			if (decompress(&plain, bad.ptr, bad.len, opt.kind, false, &err) &&
			    !(k == 0 && at < 10))
				fail_msg("byte %zu of kind %d was not missed", at, k);
			err_clear(&err);
		}
		for (int i = 0; i < 3; i++) {
			static const char *const tails[] = { "\0", "garbage that follows",
							     "\x1f\x8b" };
			AUTO(buf_free) struct buf plain = BUF_INIT(BLOCK);
			AUTO(buf_free) struct buf bad = BUF_INIT(BLOCK);

			buf_put_bytes(&bad, good.ptr, good.len);
			buf_put_bytes(&bad, tails[i], i ? strlen(tails[i]) : 1);
			MUST_FAIL(decompress(&plain, bad.ptr, bad.len, opt.kind, false, &err),
				  E_INTEGRITY);
		}
	}
}

/* Counts what comes and lets it go. */
static bool drop(struct sink *self, const void *data, size_t len, struct err *err)
{
	(void)self;
	(void)data;
	(void)len;
	(void)err;
	return true;
}

static bool nothing(struct sink *self, struct err *err)
{
	(void)self;
	(void)err;
	return true;
}

static bool unpack_to_nothing(uint64_t *size_out, const struct buf *b, struct err *err)
{
	AUTO(auto_source_close) struct source *s = NULL;
	struct sink to = { .write = drop, .finish = nothing };

	return decompressor_detect(&s, NULL, source_mem(b->ptr, b->len), err) &&
	       source_copy(s, &to, size_out, err);
}

/* zstd says a megabyte of one byte in a few bytes: far beyond its limit. Deflate's best, 1032:1, is
 * within its own. */
static void bombs(void **state)
{
	AUTO(auto_free) unsigned char *zeros = mem_alloc(BLOCK);
	(void)state;

	for (int k = 0; k < 2; k++) {
		struct compress_options opt = { .kind = k ? COMPRESSION_ZSTD : COMPRESSION_GZIP };
		AUTO(auto_compressor_close) struct sink *c = NULL;
		AUTO(buf_free) struct buf b = BUF_INIT(BLOCK);
		struct sink_buf to = sink_buf(&b);
		struct err err = { 0 };
		uint64_t size;

		MUST(compressor_open(&c, &to.sink, &opt, &err));
		for (int i = 0; i < 80; i++)
			MUST(sink_write(c, zeros, BLOCK, &err));
		MUST(sink_finish(c, &err));
		if (k) {
			MUST_FAIL(unpack_to_nothing(&size, &b, &err), E_INTEGRITY);
		} else {
			MUST(unpack_to_nothing(&size, &b, &err));
			assert_int_equal(size, 80 * BLOCK);
		}
	}
}

static void detect(void **state)
{
	static const struct {
		const char *head;
		size_t len;
		enum compression want;
	} cases[] = {
		{ "", 0, COMPRESSION_NONE },
		{ "\x1f", 1, COMPRESSION_NONE },
		{ "\x1f\x8b", 2, COMPRESSION_GZIP },
		{ "\x28\xb5\x2f", 3, COMPRESSION_NONE },
		{ "\x28\xb5\x2f\xfd", 4, COMPRESSION_ZSTD },
		{ "BZh9", 4, COMPRESSION_NONE },
	};
	(void)state;

	for (size_t i = 0; i < ARRAY_LEN(cases); i++)
		assert_int_equal(compression_detect(cases[i].head, cases[i].len), cases[i].want);
}

/* The next sink's failure comes back, and closing early neither hangs nor leaks. */
static void failures_come_back(void **state)
{
	AUTO(auto_free) unsigned char *in = mem_alloc(6 * BLOCK);
	(void)state;

	fill_bytes(in, 6 * BLOCK, true, 1);
	for (int k = 0; k < 3; k++)
		for (size_t max = 0; max < 4 * BLOCK; max += BLOCK + 77) {
			struct compress_options opt = { .kind = (enum compression)k, .threads = 2 };
			AUTO(buf_free) struct buf b = BUF_INIT(max);
			struct err err = { 0 };

			MUST_FAIL(compress(&b, in, 6 * BLOCK, 100000, &opt, &err), E_INPUT);
		}
	for (int k = 0; k < 3; k++) {
		struct compress_options opt = { .kind = (enum compression)k, .threads = 2 };
		AUTO(auto_compressor_close) struct sink *c = NULL;
		AUTO(buf_free) struct buf b = BUF_INIT(8 * BLOCK);
		struct sink_buf to = sink_buf(&b);
		struct err err = { 0 };

		MUST(compressor_open(&c, &to.sink, &opt, &err));
		MUST(sink_write(c, in, 3 * BLOCK + 5, &err));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(joined_parts_inflate),
		cmocka_unit_test(round_trip),
		cmocka_unit_test(bytes_do_not_depend_on_threads_or_pieces),
		cmocka_unit_test(header_and_trailer),
		cmocka_unit_test(bytes_are_fixed),
		cmocka_unit_test(levels),
		cmocka_unit_test(several_members_are_one),
		cmocka_unit_test(damage_is_seen),
		cmocka_unit_test(bombs),
		cmocka_unit_test(detect),
		cmocka_unit_test(failures_come_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
