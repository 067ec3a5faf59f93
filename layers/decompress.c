// SPDX-License-Identifier: Apache-2.0
#include "layers/compress.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>
#include <zstd.h>

#include "base/event.h"
#include "base/limits.h"
#include "base/mem.h"

/* The reading half of layers/compress.h: plain bytes from compressed ones, bounded and to the last
 * byte. */

enum { PIECE = 128 * KIB };

struct decoder {
	struct source source;
	struct source *from;
	unsigned char *in;
	size_t in_at, in_len;
	bool from_ended;
	bool is_inside; /* a member or frame has begun and not ended */
	bool is_done;
	uint64_t total_in, total_out, pieces; /* pieces: members or frames that ended */
	z_stream inflate;
	ZSTD_DCtx *zstd;
};

/* More input, when all was used. */
static bool refill(struct decoder *d, struct err *err)
{
	if (d->in_at < d->in_len || d->from_ended)
		return true;
	d->in_at = 0;
	if (!cancel_check(err) || !source_read(d->from, d->in, PIECE, &d->in_len, err))
		return false;
	d->from_ended = d->in_len == 0;
	d->total_in += d->in_len;
	return true;
}

static bool check_ratio(const struct decoder *d, uint64_t ratio_max, const char *limit,
			struct err *err)
{
	uint64_t used = d->total_in - (d->in_len - d->in_at);

	if (d->total_out <= LIMIT_RATIO_FREE || d->total_out / ratio_max <= used)
		return true;
	return err_set(err, E_INTEGRITY,
		       "compressed data grows more than %llu-fold (limit %s): a decompression bomb",
		       (unsigned long long)ratio_max, limit);
}

static bool plain_read(struct source *self, void *data, size_t cap, size_t *len_out,
		       struct err *err)
{
	struct decoder *d = (struct decoder *)self;

	if (d->in_at == d->in_len) /* what was looked at is used up */
		return source_read(d->from, data, cap, len_out, err);
	*len_out = d->in_len - d->in_at < cap ? d->in_len - d->in_at : cap;
	memcpy(data, d->in + d->in_at, *len_out);
	d->in_at += *len_out;
	return true;
}

/* At a boundary: the end, or a further member. False with *len_out untouched means failure. */
static bool begin_piece(struct decoder *d, const char *name, struct err *err)
{
	if (!refill(d, err))
		return false;
	d->is_done = d->from_ended;
	if (d->is_done && !d->pieces)
		return err_set(err, E_INTEGRITY, "%s data is empty", name);
	d->is_inside = !d->is_done;
	return true;
}

static bool inflate_failed(const struct decoder *d, struct err *err)
{
	const char *text = d->inflate.msg ? d->inflate.msg : "malformed";

	if (d->pieces && d->inflate.total_out == 0)
		return err_set(err, E_INTEGRITY, "other data follows the gzip data: %s", text);
	return err_set(err, E_INTEGRITY, "gzip: %s", text);
}

/* One call of inflate; *len_out may come out as 0. */
static bool inflate_step(struct decoder *d, void *data, size_t cap, size_t *len_out,
			 struct err *err)
{
	z_stream *z = &d->inflate;
	int status;

	z->next_in = d->in + d->in_at;
	z->avail_in = (uInt)(d->in_len - d->in_at);
	z->next_out = data;
	z->avail_out = cap < PIECE ? (uInt)cap : PIECE;
	*len_out = z->avail_out;
	status = inflate(z, Z_NO_FLUSH);
	*len_out -= z->avail_out;
	d->in_at = d->in_len - z->avail_in;
	d->total_out += *len_out;
	if (status == Z_STREAM_END) {
		d->pieces++;
		d->is_inside = false;
		inflateReset(z);
		return true;
	}
	if (status == Z_OK || status == Z_BUF_ERROR)
		return *len_out || !d->from_ended ||
		       err_set(err, E_INTEGRITY, "gzip data is cut off");
	return inflate_failed(d, err);
}

static bool gzip_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct decoder *d = (struct decoder *)self;

	*len_out = 0;
	while (!*len_out && !d->is_done) {
		if (!d->is_inside) {
			if (!begin_piece(d, "gzip", err))
				return false;
			continue;
		}
		if (!refill(d, err) || !inflate_step(d, data, cap, len_out, err))
			return false;
	}
	return check_ratio(d, LIMIT_GZIP_RATIO, "LIMIT_GZIP_RATIO", err);
}

static bool zstd_step(struct decoder *d, void *data, size_t cap, size_t *len_out, struct err *err)
{
	ZSTD_inBuffer in = { .src = d->in, .size = d->in_len, .pos = d->in_at };
	ZSTD_outBuffer out = { .dst = data, .size = cap < PIECE ? cap : PIECE };
	size_t left = ZSTD_decompressStream(d->zstd, &out, &in);

	if (ZSTD_isError(left))
		return err_set(err, E_INTEGRITY, "%szstd: %s",
			       d->pieces ? "other data follows the zstd data: " : "",
			       ZSTD_getErrorName(left));
	d->in_at = in.pos;
	d->total_out += out.pos;
	*len_out = out.pos;
	if (left == 0) {
		d->pieces++;
		d->is_inside = false;
		return true;
	}
	return out.pos || !d->from_ended || err_set(err, E_INTEGRITY, "zstd data is cut off");
}

static bool zstd_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct decoder *d = (struct decoder *)self;

	*len_out = 0;
	while (!*len_out && !d->is_done) {
		if (!d->is_inside) {
			if (!begin_piece(d, "zstd", err))
				return false;
			continue;
		}
		if (!refill(d, err) || !zstd_step(d, data, cap, len_out, err))
			return false;
	}
	return check_ratio(d, LIMIT_ZSTD_RATIO, "LIMIT_ZSTD_RATIO", err);
}

static void decoder_close(struct source *self)
{
	struct decoder *d = (struct decoder *)self;

	source_close(d->from);
	inflateEnd(&d->inflate); /* harmless when it was never begun */
	ZSTD_freeDCtx(d->zstd);
	free(d->in);
	free(d);
}

static struct decoder *decoder_new(struct source *from)
{
	struct decoder *d = mem_alloc(sizeof(*d));

	d->source = (struct source){ .read = plain_read, .close = decoder_close };
	d->from = from;
	d->in = mem_alloc(PIECE);
	return d;
}

static bool start(struct decoder *d, enum compression kind, struct err *err)
{
	switch (kind) {
	case COMPRESSION_NONE:
		return true;
	case COMPRESSION_GZIP:
		d->source.read = gzip_read;
		if (inflateInit2(&d->inflate, MAX_WBITS + 16) != Z_OK)
			return err_set(err, E_UNSUPPORTED, "zlib does not start");
		return true;
	case COMPRESSION_ZSTD:
		d->source.read = zstd_read;
		d->zstd = ZSTD_createDCtx();
		if (!d->zstd || ZSTD_isError(ZSTD_DCtx_setParameter(d->zstd, ZSTD_d_windowLogMax,
								    LIMIT_ZSTD_WINDOW_LOG)))
			return err_set(err, E_UNSUPPORTED, "zstd does not start");
		return true;
	}
	abort();
}

bool decompressor_open(struct source **out, struct source *from, enum compression kind,
		       struct err *err)
{
	struct decoder *d = decoder_new(from);

	*out = NULL;
	if (!start(d, kind, err)) {
		source_close(&d->source);
		return false;
	}
	*out = &d->source;
	return true;
}

bool decompressor_detect(struct source **out, enum compression *kind_out, struct source *from,
			 struct err *err)
{
	enum { MAGIC_MAX = 4 };
	struct decoder *d = decoder_new(from);
	enum compression kind;
	size_t len = 1;
	bool ok = true;

	*out = NULL;
	while (ok && len && d->in_len < MAGIC_MAX) {
		ok = source_read(from, d->in + d->in_len, PIECE - d->in_len, &len, err);
		d->in_len += ok ? len : 0;
	}
	d->total_in = d->in_len;
	kind = compression_detect(d->in, d->in_len);
	if (!ok || !start(d, kind, err)) {
		source_close(&d->source);
		return false;
	}
	if (kind_out)
		*kind_out = kind;
	*out = &d->source;
	return true;
}

enum compression compression_detect(const void *head, size_t len)
{
	/* clang-format off */
	static const struct {
		unsigned char magic[4];
		size_t len;
		enum compression kind;
	} known[] = {
		{ { 0x1f, 0x8b },             2, COMPRESSION_GZIP },
		{ { 0x28, 0xb5, 0x2f, 0xfd }, 4, COMPRESSION_ZSTD },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(known); i++)
		if (len >= known[i].len && memcmp(head, known[i].magic, known[i].len) == 0)
			return known[i].kind;
	return COMPRESSION_NONE;
}
