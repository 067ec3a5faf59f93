// SPDX-License-Identifier: Apache-2.0
#include "layers/zip.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "layers/deflate.h"
#include "layers/zip_format.h"

/*
 * Zips whose bytes depend on names, modes and contents only. libarchive's writer is not used: it
 * takes the time through the local time zone and always adds owner and time fields and data
 * descriptors (docs/adr). Members are compressed in pieces on a pool and written in order; sizes
 * stand in front of the bytes, so a member of many pieces is collected first, in memory and then in
 * a temporary file.
 */

enum {
	PIECE = 1 * MIB,
	COLLECT_MAX = 16 * MIB, /* in memory */
	DOS_DATE_1980_01_01 = 0x0021,
	VERSION_NEEDED = 20,
};

/* A piece of a member on its way through the pool. */
struct piece {
	struct pool_job job;
	struct deflater *deflater;
	unsigned char *in, *out;
	size_t in_len, out_len;
	uint32_t crc;
	const struct entry *entry;
	bool is_first, is_last;
};

struct zip_writer {
	struct sink *to;
	struct pool *pool;
	struct piece *ring;
	size_t slots, oldest, newest; /* pieces counted from the start */
	struct buf central;
	uint64_t offset;
	size_t count;

	/* The member being written. */
	uint32_t crc;
	uint64_t packed_size;
	struct buf collected;
	struct fs_tmpdir tmpdir;
	struct fs_tmp spool; /* what no longer fits into `collected`; open when fd >= 0 */
};

static void zip_writer_free(struct zip_writer *w)
{
	pool_close(w->pool);
	for (size_t i = 0; i < w->slots; i++) {
		deflater_close(w->ring[i].deflater);
		free(w->ring[i].in);
		free(w->ring[i].out);
	}
	free(w->ring);
	buf_free(&w->central);
	buf_free(&w->collected);
	fs_tmp_close(&w->spool);
	fs_tmpdir_close(&w->tmpdir);
}

static void put16(struct buf *b, uint32_t value)
{
	buf_put_byte(b, value & 0xff);
	buf_put_byte(b, value >> 8 & 0xff);
}

static void put32(struct buf *b, uint32_t value)
{
	put16(b, value & 0xffff);
	put16(b, value >> 16);
}

static void compress_piece(struct pool_job *job)
{
	struct piece *p = (struct piece *)job;

	p->crc = deflate_crc32(0, p->in, p->in_len);
	p->out_len = p->is_first && p->is_last
			     ? deflater_whole(p->deflater, p->out, p->in, p->in_len)
			     : deflater_part(p->deflater, p->out, p->in, p->in_len);
}

/* Flags to name length: the part that local and central headers share. */
static void put_common(struct buf *b, const struct entry *e, uint32_t method, uint32_t crc,
		       uint64_t packed_size, bool is_ascii)
{
	put16(b, VERSION_NEEDED);
	put16(b, is_ascii ? 0 : ZIP_FLAG_UTF8);
	put16(b, method);
	put16(b, 0); /* midnight */
	put16(b, DOS_DATE_1980_01_01);
	put32(b, crc);
	put32(b, (uint32_t)packed_size);
	put32(b, (uint32_t)e->size);
	put16(b, (uint32_t)strlen(e->path));
	put16(b, 0); /* no extra fields */
}

static bool put_headers(struct zip_writer *w, const struct entry *e, uint32_t method,
			uint64_t packed_size, struct err *err)
{
	AUTO(buf_free) struct buf local = BUF_INIT(ZIP_LOCAL_SIZE + LIMIT_PATH);
	uint32_t mode = S_IFREG | (e->mode & 0111 ? 0755 : 0644);
	size_t len = strlen(e->path);
	bool is_ascii;

	if (!zip_check_name(&is_ascii, e->path, len, err)) {
		err->code = E_INPUT; /* ours to write, not someone's to have broken */
		return false;
	}
	if (w->central.len + ZIP_CENTRAL_SIZE + len + ZIP_END_SIZE > w->central.max)
		return err_set(err, E_INPUT,
			       "zip: names of more than %zu bytes (limit LIMIT_ZIP_DIRECTORY)",
			       w->central.max);
	put32(&local, ZIP_LOCAL_MAGIC);
	put_common(&local, e, method, w->crc, packed_size, is_ascii);
	buf_put_bytes(&local, e->path, len);

	put32(&w->central, ZIP_CENTRAL_MAGIC);
	put16(&w->central, ZIP_MADE_BY_UNIX << 8 | VERSION_NEEDED);
	put_common(&w->central, e, method, w->crc, packed_size, is_ascii);
	put16(&w->central, 0); /* comment */
	put16(&w->central, 0); /* disk */
	put16(&w->central, 0); /* internal attributes */
	put32(&w->central, mode << 16);
	put32(&w->central, (uint32_t)w->offset);
	buf_put_bytes(&w->central, e->path, len);

	w->count++;
	w->offset += local.len + packed_size;
	if (w->offset >= ZIP_MAX32)
		return err_set(err, E_INPUT, "zip: more than 4 GiB");
	return sink_write(w->to, local.ptr, local.len, err);
}

/* A member in one piece: stored when deflate does not help. */
static bool write_whole(struct zip_writer *w, const struct piece *p, struct err *err)
{
	bool stored = p->out_len >= p->in_len;
	size_t len = stored ? p->in_len : p->out_len;

	w->crc = p->crc;
	return put_headers(w, p->entry, stored ? ZIP_STORED : ZIP_DEFLATED, len, err) &&
	       (!len || sink_write(w->to, stored ? p->in : p->out, len, err));
}

static bool collect(struct zip_writer *w, const void *data, size_t len, struct err *err)
{
	w->packed_size += len;
	if (w->spool.fd < 0 && w->collected.len + len <= COLLECT_MAX)
		return buf_append(&w->collected, data, len, err);
	if (w->spool.fd < 0 && ((w->tmpdir.fd < 0 && !fs_tmpdir_open(&w->tmpdir, err)) ||
				!fs_tmp_open(&w->spool, w->tmpdir.fd, err)))
		return false;
	return fs_write_all(w->spool.fd, data, len, err);
}

static bool write_collected(struct zip_writer *w, const struct entry *e, struct err *err)
{
	if (!put_headers(w, e, ZIP_DEFLATED, w->packed_size, err) ||
	    !sink_write(w->to, w->collected.ptr, w->collected.len, err))
		return false;
	buf_clear(&w->collected);
	if (w->spool.fd >= 0) {
		AUTO(auto_source_close) struct source *from = source_fd(steal_fd(&w->spool.fd));

		fs_tmp_close(&w->spool);
		if (!source_copy(from, w->to, NULL, err))
			return false;
	}
	return true;
}

static bool write_piece(struct zip_writer *w, const struct piece *p, struct err *err)
{
	if (p->is_first && p->is_last)
		return write_whole(w, p, err);
	if (p->is_first) {
		w->crc = 0;
		w->packed_size = 0;
	}
	w->crc = deflate_crc32_join(w->crc, p->crc, p->in_len);
	if (!collect(w, p->out, p->out_len, err))
		return false;
	if (!p->is_last)
		return true;
	return collect(w, deflate_end, DEFLATE_END_SIZE, err) && write_collected(w, p->entry, err);
}

static bool write_oldest(struct zip_writer *w, struct err *err)
{
	struct piece *p = &w->ring[w->oldest++ % w->slots];

	pool_wait(w->pool, &p->job);
	return write_piece(w, p, err);
}

static struct piece *new_piece(struct zip_writer *w)
{
	struct piece *p = &w->ring[w->newest % w->slots];

	if (!p->deflater) {
		p->job.run = compress_piece;
		p->deflater = deflater_open(DEFLATE_LEVEL_DEFAULT);
		p->in = mem_alloc(PIECE);
		p->out = mem_alloc(deflater_bound(PIECE));
	}
	p->in_len = 0;
	return p;
}

static bool changed(const struct entry *e, struct err *err)
{
	return err_set(err, E_IO, "%s changed while it was read", e->path);
}

static bool fill_piece(struct piece *p, struct source *from, int64_t left, struct err *err)
{
	size_t want = left < PIECE ? (size_t)left : PIECE;

	while (p->in_len < want) {
		size_t len;

		if (!source_read(from, p->in + p->in_len, want - p->in_len, &len, err))
			return false;
		if (!len)
			return changed(p->entry, err);
		p->in_len += len;
	}
	return true;
}

static bool add_member(struct zip_writer *w, const struct entry *e, struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	int64_t left = e->size;
	char extra;
	size_t extra_len = 0;

	if (e->open && !e->open(e, &from, err))
		return false;
	do {
		struct piece *p = new_piece(w);

		p->entry = e;
		p->is_first = left == e->size;
		if (!cancel_check(err) || !fill_piece(p, from, left, err))
			return false;
		left -= (int64_t)p->in_len;
		p->is_last = left == 0;
		pool_submit(w->pool, &p->job);
		w->newest++;
		if (w->newest - w->oldest == w->slots && !write_oldest(w, err))
			return false;
	} while (left);
	if (from && !source_read(from, &extra, 1, &extra_len, err))
		return false;
	return !extra_len || changed(e, err);
}

static bool check_entry(const struct zip_writer *w, const struct entry *e, struct err *err)
{
	if (e->kind != ENTRY_FILE)
		return err_set(err, E_INPUT, "zip: %s is neither a file nor a directory", e->path);
	if (w->count + (w->newest - w->oldest) >= LIMIT_WHEEL_MEMBERS)
		return err_set(err, E_INPUT,
			       "zip: more than %d members (limit LIMIT_WHEEL_MEMBERS)",
			       LIMIT_WHEEL_MEMBERS);
	if (e->size < 0 || e->size >= ZIP_MAX32 || (e->size && !e->open))
		return err_set(err, E_INPUT, "zip: %s: size %lld", e->path, (long long)e->size);
	return true;
}

static bool write_end(struct zip_writer *w, struct err *err)
{
	uint32_t size = (uint32_t)w->central.len;

	put32(&w->central, ZIP_END_MAGIC);
	put32(&w->central, 0); /* this disk and the first */
	put16(&w->central, (uint32_t)w->count);
	put16(&w->central, (uint32_t)w->count);
	put32(&w->central, size);
	put32(&w->central, (uint32_t)w->offset);
	put16(&w->central, 0); /* comment */
	return sink_write(w->to, w->central.ptr, w->central.len, err);
}

bool zip_write(struct sink *to, const struct entry_list *entries, struct err *err)
{
	size_t threads = parallel_cpus();
	AUTO(zip_writer_free)
	struct zip_writer w = {
		.to = to,
		.central = BUF_INIT(LIMIT_ZIP_DIRECTORY),
		.collected = BUF_INIT(COLLECT_MAX),
		.tmpdir = FS_TMPDIR_INIT,
		.spool = FS_TMP_INIT,
	};

	threads = threads < LIMIT_COMPRESS_THREADS ? threads : LIMIT_COMPRESS_THREADS;
	if (!pool_open(&w.pool, threads, err))
		return false;
	w.slots = threads * 2 + 2;
	w.ring = mem_alloc(w.slots * sizeof(*w.ring));
	for (size_t i = 0; i < entries->len; i++) {
		const struct entry *e = &entries->items[i];

		if (e->kind == ENTRY_DIR)
			continue;
		if (!check_entry(&w, e, err) || !add_member(&w, e, err))
			return false;
	}
	while (w.oldest < w.newest)
		if (!write_oldest(&w, err))
			return false;
	return write_end(&w, err);
}
