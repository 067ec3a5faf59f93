// SPDX-License-Identifier: Apache-2.0
#include "layers/compress.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "layers/deflate.h"
#include "layers/noise.h"
#include "layers/pieces.h"

/* Compression sinks: order, threads and framing. The deflate blocks are layers/deflate.c's; reading
 * is layers/decompress.c's. */

enum {
	GZIP_BLOCK = 1 * MIB, /* at most */
	GZIP_BLOCK_MIN = 256 * KIB,
	GZIP_UNIT = 512,      /* a tar's: what changes size moves what follows by so many bytes */
	GZIP_END_MASK = 1023, /* one unit in so many ends a block */
	ZSTD_JOB = 2 * MIB,
	GZIP_LEVEL_DEFAULT = 4, /* fewer bytes than umoci and buildah give (ADR 0011) */
	ZSTD_LEVEL_DEFAULT = 3,
	GZIP_LEVEL_MAX = 12,
	ZSTD_LEVEL_MAX = 19,
};

struct compressor {
	struct sink sink;
	struct sink *next;
	void (*close)(struct compressor *c);
};

struct gzip;

/* One block on its way: filled by the writer, compressed by the pool, written by the writer. */
struct gzip_block {
	struct pool_job job;
	struct gzip *gzip;
	unsigned char *in, *out;
	size_t in_len, out_len;
	uint32_t crc;
	struct fingerprint fingerprint;
};

struct gzip {
	struct compressor base;
	int level;
	size_t threads;
	struct pool *pool; /* from the second block on */
	struct gzip_block *ring;
	size_t slots;
	struct lock lock;                              /* the two below */
	struct deflater *idle[LIMIT_COMPRESS_THREADS]; /* as many as work at once: they are large */
	size_t idle_count;
	size_t first, filling; /* blocks counted from the start: the oldest unwritten, the one being
				  filled */
	struct pieces *pieces; /* NULL: none */
	uint64_t written;      /* bytes that went on */
	uint32_t crc;
	uint32_t size; /* modulo 2^32, as the trailer has it */
	bool has_header;
};

static struct deflater *take_deflater(struct gzip *g)
{
	struct deflater *taken = NULL;

	lock_take(&g->lock);
	if (g->idle_count)
		taken = g->idle[--g->idle_count];
	lock_drop(&g->lock);
	return taken ? taken : deflater_open(g->level);
}

static void drop_deflater(struct gzip *g, struct deflater *d)
{
	lock_take(&g->lock);
	g->idle[g->idle_count++] = d;
	lock_drop(&g->lock);
}

static void compress_block(struct pool_job *job)
{
	struct gzip_block *b = (struct gzip_block *)job;
	const struct pieces *pieces = b->gzip->pool ? b->gzip->pieces : NULL;
	struct deflater *d;

	b->crc = deflate_crc32(0, b->in, b->in_len);
	b->out_len = 0;
	if (pieces) {
		b->fingerprint = pieces_fingerprint(pieces, b->in, b->in_len);
		b->out_len = pieces_find(pieces, b->out, deflater_bound(GZIP_BLOCK),
					 &b->fingerprint, b->crc, b->in_len);
	}
	if (b->out_len)
		return;
	d = take_deflater(b->gzip);
	b->out_len = deflater_parts(d, b->out, b->in, b->in_len);
	drop_deflater(b->gzip, d);
}

static struct gzip_block *block_at(struct gzip *g, size_t index)
{
	struct gzip_block *b = &g->ring[index % g->slots];

	if (!b->in) {
		b->job.run = compress_block;
		b->gzip = g;
		b->in = mem_alloc(GZIP_BLOCK);
		b->out = mem_alloc(deflater_bound(GZIP_BLOCK));
	}
	return b;
}

static bool put_header(struct gzip *g, struct err *err)
{
	/* magic, deflate, no flags, no time, no extra flags, unknown system */
	static const unsigned char header[] = { 0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255 };

	if (g->has_header)
		return true;
	g->has_header = true;
	g->written = sizeof(header);
	return sink_write(g->base.next, header, sizeof(header), err);
}

static bool write_oldest(struct gzip *g, struct err *err)
{
	struct gzip_block *b = block_at(g, g->first++);

	if (g->pool)
		pool_wait(g->pool, &b->job);
	else
		compress_block(&b->job);
	g->crc = deflate_crc32_join(g->crc, b->crc, b->in_len);
	g->size += (uint32_t)b->in_len;
	if (!put_header(g, err))
		return false;
	if (g->pool && g->pieces)
		pieces_add(g->pieces, &b->fingerprint, b->crc, b->in_len, g->written, b->out,
			   b->out_len);
	g->written += b->out_len;
	b->in_len = 0;
	return sink_write(g->base.next, b->out, b->out_len, err);
}

/* Hand the block being filled to the pool and find room for the next. */
static bool submit(struct gzip *g, struct err *err)
{
	struct gzip_block *b = block_at(g, g->filling);

	if (!g->pool) {
		if (!pool_open(&g->pool, g->threads, err))
			return false;
		if (g->pieces)
			pieces_load(g->pieces);
	}
	b->job.done = false;
	pool_submit(g->pool, &b->job);
	g->filling++;
	return g->filling - g->first < g->slots || write_oldest(g, err);
}

/* Bytes the block takes before the next look at whether it ends. */
static size_t room(const struct gzip_block *b)
{
	size_t stop = b->in_len < GZIP_BLOCK_MIN ? GZIP_BLOCK_MIN
						 : (b->in_len / GZIP_UNIT + 1) * GZIP_UNIT;

	return stop - b->in_len;
}

/* By its last unit alone: wherever the same bytes come again, blocks end in the same places. */
static bool is_end(const struct gzip_block *b)
{
	if (b->in_len < GZIP_BLOCK_MIN || b->in_len % GZIP_UNIT)
		return false;
	return b->in_len == GZIP_BLOCK ||
	       !(deflate_crc32(0, b->in + b->in_len - GZIP_UNIT, GZIP_UNIT) & GZIP_END_MASK);
}

static bool gzip_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	struct gzip *g = (struct gzip *)self;
	const unsigned char *p = data;

	while (len) {
		struct gzip_block *b = block_at(g, g->filling);
		size_t n;

		/* not when it is complete: it may be the only one, which is compressed here */
		if (is_end(b)) {
			if (!submit(g, err))
				return false;
			continue;
		}
		n = room(b) < len ? room(b) : len;
		memcpy(b->in + b->in_len, p, n);
		b->in_len += n;
		p += n;
		len -= n;
	}
	return true;
}

static void put_le32(unsigned char *out, uint32_t value)
{
	for (int i = 0; i < 4; i++)
		out[i] = (unsigned char)(value >> 8 * i);
}

static bool gzip_finish(struct sink *self, struct err *err)
{
	struct gzip *g = (struct gzip *)self;
	unsigned char tail[DEFLATE_END_SIZE + 8];

	if (block_at(g, g->filling)->in_len) {
		if (!g->pool)
			g->filling++; /* the only block: compressed here */
		else if (!submit(g, err))
			return false;
	}
	while (g->first < g->filling)
		if (!write_oldest(g, err))
			return false;
	memcpy(tail, deflate_end, DEFLATE_END_SIZE);
	put_le32(tail + DEFLATE_END_SIZE, g->crc);
	put_le32(tail + DEFLATE_END_SIZE + 4, g->size);
	return put_header(g, err) && sink_write(g->base.next, tail, sizeof(tail), err) &&
	       sink_finish(g->base.next, err);
}

static void gzip_close(struct compressor *c)
{
	struct gzip *g = (struct gzip *)c;

	pool_close(g->pool);
	for (size_t i = 0; i < g->slots; i++) {
		free(g->ring[i].in);
		free(g->ring[i].out);
	}
	for (size_t i = 0; i < g->idle_count; i++)
		deflater_close(g->idle[i]);
	lock_free(&g->lock);
	free(g->ring);
	free(g);
}

static size_t thread_count(const struct compress_options *opt)
{
	size_t threads = opt->threads ? opt->threads : parallel_cpus();

	return threads < LIMIT_COMPRESS_THREADS ? threads : LIMIT_COMPRESS_THREADS;
}

static int level_of(const struct compress_options *opt)
{
	if (opt->level)
		return opt->level;
	return opt->kind == COMPRESSION_ZSTD ? ZSTD_LEVEL_DEFAULT : GZIP_LEVEL_DEFAULT;
}

static bool gzip_open(struct sink **out, struct sink *next, const struct compress_options *opt,
		      struct err *err)
{
	struct gzip *g = mem_alloc(sizeof(*g));

	(void)err;
	g->base = (struct compressor){ .sink = { .write = gzip_write, .finish = gzip_finish },
				       .next = next,
				       .close = gzip_close };
	g->level = level_of(opt);
	g->pieces = opt->pieces;
	g->threads = thread_count(opt);
	g->slots = g->threads + 1; /* one is filled while the others are compressed */
	lock_init(&g->lock);
	g->ring = mem_alloc(g->slots * sizeof(*g->ring));
	*out = &g->base.sink;
	return true;
}

struct zstd {
	struct compressor base;
	ZSTD_CCtx *context;
	char *out;
	size_t cap;
};

static bool zstd_step(struct zstd *z, ZSTD_inBuffer *in, ZSTD_EndDirective how, bool *done_out,
		      struct err *err)
{
	ZSTD_outBuffer out = { .dst = z->out, .size = z->cap };
	size_t left = ZSTD_compressStream2(z->context, &out, in, how);

	if (ZSTD_isError(left))
		return err_set(err, E_IO, "zstd: %s", ZSTD_getErrorName(left));
	*done_out = how == ZSTD_e_end ? left == 0 : in->pos == in->size;
	return !out.pos || sink_write(z->base.next, z->out, out.pos, err);
}

/* Never ZSTD_e_end together with data: the frame would depend on how the bytes came in. */
static bool zstd_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	ZSTD_inBuffer in = { .src = data, .size = len };
	bool done = false;

	while (!done)
		if (!zstd_step((struct zstd *)self, &in, ZSTD_e_continue, &done, err))
			return false;
	return true;
}

static bool zstd_finish(struct sink *self, struct err *err)
{
	struct zstd *z = (struct zstd *)self;
	ZSTD_inBuffer in = { 0 };
	bool done = false;

	while (!done)
		if (!zstd_step(z, &in, ZSTD_e_end, &done, err))
			return false;
	return sink_finish(z->base.next, err);
}

static void zstd_close(struct compressor *c)
{
	struct zstd *z = (struct zstd *)c;

	ZSTD_freeCCtx(z->context);
	free(z->out);
	free(z);
}

static bool zstd_open(struct sink **out, struct sink *next, const struct compress_options *opt,
		      struct err *err)
{
	struct zstd *z = mem_alloc(sizeof(*z));
	/* clang-format off */
	const struct {
		ZSTD_cParameter name;
		int value;
	} set[] = {
		{ ZSTD_c_compressionLevel, level_of(opt) },
		{ ZSTD_c_checksumFlag,     1 },
		{ ZSTD_c_contentSizeFlag,  0 },
		{ ZSTD_c_nbWorkers,        (int)thread_count(opt) }, /* 0 gives other bytes than any number of them */
		{ ZSTD_c_jobSize,          ZSTD_JOB },
	};
	/* clang-format on */

	z->base = (struct compressor){ .sink = { .write = zstd_write, .finish = zstd_finish },
				       .next = next,
				       .close = zstd_close };
	z->context = ZSTD_createCCtx();
	z->cap = ZSTD_CStreamOutSize();
	z->out = mem_alloc(z->cap);
	*out = &z->base.sink;
	for (size_t i = 0; i < ARRAY_LEN(set); i++) {
		size_t status = ZSTD_CCtx_setParameter(z->context, set[i].name, set[i].value);

		if (!ZSTD_isError(status))
			continue;
		compressor_close(STEAL(*out));
		return err_set(err, E_UNSUPPORTED, "zstd: %s", ZSTD_getErrorName(status));
	}
	return true;
}

static bool plain_write(struct sink *self, const void *data, size_t len, struct err *err)
{
	return sink_write(((struct compressor *)self)->next, data, len, err);
}

static bool plain_finish(struct sink *self, struct err *err)
{
	return sink_finish(((struct compressor *)self)->next, err);
}

static void plain_close(struct compressor *c)
{
	free(c);
}

static bool plain_open(struct sink **out, struct sink *next, const struct compress_options *opt,
		       struct err *err)
{
	struct compressor *c = mem_alloc(sizeof(*c));

	(void)opt;
	(void)err;
	*c = (struct compressor){ .sink = { .write = plain_write, .finish = plain_finish },
				  .next = next,
				  .close = plain_close };
	*out = &c->sink;
	return true;
}

/* clang-format off */
static const struct {
	bool (*open)(struct sink **out, struct sink *next, const struct compress_options *opt, struct err *err);
	int level_max;
} kinds[] = {
	[COMPRESSION_NONE] = { plain_open, 0 },
	[COMPRESSION_GZIP] = { gzip_open,  GZIP_LEVEL_MAX },
	[COMPRESSION_ZSTD] = { zstd_open,  ZSTD_LEVEL_MAX },
};
/* clang-format on */

bool compressor_open(struct sink **out, struct sink *next, const struct compress_options *opt,
		     struct err *err)
{
	if (opt->level < 0 || opt->level > kinds[opt->kind].level_max)
		return err_set(err, E_USAGE, "compression level %d: %s has 1 to %d", opt->level,
			       compression_name(opt->kind), kinds[opt->kind].level_max);
	return kinds[opt->kind].open(out, next, opt, err);
}

void compressor_close(struct sink *s)
{
	struct compressor *c = (struct compressor *)s;

	if (c)
		c->close(c);
}

struct compressor_id compressor_id(const struct compress_options *opt)
{
	struct compressor_id id = { "none" };

	switch (opt->kind) {
	case COMPRESSION_NONE:
		break;
	case COMPRESSION_GZIP:
		snprintf(id.text, sizeof(id.text), "gzip-libdeflate-%s-%d-%dK-%dM-%dK",
			 deflate_version, level_of(opt), GZIP_BLOCK_MIN / KIB, GZIP_BLOCK / MIB,
			 NOISE_MIN / KIB);
		break;
	case COMPRESSION_ZSTD:
		snprintf(id.text, sizeof(id.text), "zstd-libzstd-%s-%d-%dM", ZSTD_versionString(),
			 level_of(opt), ZSTD_JOB / MIB);
		break;
	}
	return id;
}
