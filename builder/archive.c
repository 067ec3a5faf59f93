// SPDX-License-Identifier: Apache-2.0
#include "builder/archive.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "layers/compress.h"
#include "layers/filter.h"
#include "layers/tar.h"
#include "layers/xattr.h"

/* Archives as lists of entries. Where members go is copy.c's. */

void archive_free(struct archive *a)
{
	entry_list_free(&a->members);
	auto_close(&a->fd);
	a->fd = -1;
}

/* --- what is it? --- */

enum { TAR_BLOCK = 512 };

/* As archive/tar of Go decides it: the header's checksum is right. */
static bool is_tar_header(const unsigned char *block)
{
	unsigned long sum = 0;
	unsigned long want = 0;
	size_t at = 148;

	for (size_t i = 0; i < TAR_BLOCK; i++)
		sum += i >= 148 && i < 156 ? ' ' : block[i];
	while (at < 156 && block[at] == ' ')
		at++;
	if (at == 156 || block[at] < '0' || block[at] > '7')
		return false;
	for (; at < 156 && block[at] >= '0' && block[at] <= '7'; at++)
		want = want * 8 + (unsigned long)(block[at] - '0');
	return sum == want && block[0];
}

/* A source whose first block was looked at and is given out again. */
struct peeked {
	struct source source;
	struct source *from;
	unsigned char head[TAR_BLOCK];
	size_t len, at;
};

static bool peeked_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct peeked *p = (struct peeked *)self;
	size_t left = p->len - p->at;

	if (!left)
		return source_read(p->from, data, cap, len_out, err);
	*len_out = left < cap ? left : cap;
	memcpy(data, p->head + p->at, *len_out);
	p->at += *len_out;
	return true;
}

static void peeked_close(struct source *self)
{
	struct peeked *p = (struct peeked *)self;

	source_close(p->from);
	free(p);
}

static void auto_peeked_close(struct peeked **p)
{
	if (*p)
		peeked_close(&(*p)->source);
}

/* Takes `from` in any case. */
static bool peek(struct peeked **out, struct source *from, struct err *err)
{
	AUTO(auto_peeked_close) struct peeked *p = mem_alloc(sizeof(*p));
	size_t len = 1;

	p->source = (struct source){ .read = peeked_read, .close = peeked_close };
	p->from = from;
	for (; len && p->len < TAR_BLOCK; p->len += len)
		if (!source_read(from, p->head + p->len, TAR_BLOCK - p->len, &len, err))
			return false;
	*out = STEAL(p);
	return true;
}

static bool is_tar(const struct peeked *p)
{
	return p->len == TAR_BLOCK && is_tar_header(p->head);
}

bool archive_detect(struct source **tar_out, struct source **same_out, struct source *from,
		    struct err *err)
{
	AUTO(auto_peeked_close) struct peeked *raw = NULL;
	AUTO(auto_peeked_close) struct peeked *plain = NULL;
	struct source *unpacked;
	enum compression kind;
	enum filter filter;

	*tar_out = *same_out = NULL;
	if (!peek(&raw, from, err))
		return false;
	kind = compression_detect(raw->head, raw->len);
	filter = filter_detect(raw->head, raw->len);
	if (kind == COMPRESSION_NONE && filter == FILTER_NONE) {
		struct source **to = is_tar(raw) ? tar_out : same_out;

		*to = &STEAL(raw)->source;
		return true;
	}
	if (!(filter ? filter_open(&unpacked, &STEAL(raw)->source, filter, err)
		     : decompressor_open(&unpacked, &STEAL(raw)->source, kind, err)) ||
	    !peek(&plain, unpacked, err)) {
		/* what does not decompress is no archive */
		if (err->code == E_INTEGRITY)
			err_clear(err);
		return err->code == E_NONE;
	}
	if (is_tar(plain))
		*tar_out = &STEAL(plain)->source;
	return true;
}

/* --- its members --- */

static bool spool_data(struct archive *a, struct entry *e, struct tar_reader *tar, uint64_t *end,
		       struct err *err)
{
	struct spool_range *range = ARENA_NEW(&a->members.arena, struct spool_range);
	struct sha256 hash;
	bool ok = true;

	range->fd = a->fd;
	range->at = *end;
	sha256_init(&hash);
	for (;;) {
		const void *data;
		size_t len;

		ok = tar_reader_data(tar, &data, &len, err);
		if (!ok || !len)
			break;
		sha256_update(&hash, data, len);
		ok = fs_write_all(a->fd, data, len, err);
		if (!ok)
			break;
		range->len += len;
	}
	sha256_final(&hash, range->hash);
	*end += range->len;
	e->open = spool_open_range;
	e->data = range;
	e->size = (int64_t)range->len;
	return ok;
}

static void copy_texts(struct archive *a, struct entry *to, const struct entry *from)
{
	struct arena *arena = &a->members.arena;
	struct entry_xattr *xattrs = ARENA_ARRAY(arena, struct entry_xattr, from->xattr_count + 1);
	const char *path = to->path;

	*to = *from;
	to->path = path;
	to->link = from->link ? arena_strdup(arena, from->link) : NULL;
	to->xattr_count = 0;
	for (size_t i = 0; i < from->xattr_count; i++) {
		const struct entry_xattr *x = &from->xattrs[i];

		if (xattr_is_kept(x->name))
			xattrs[to->xattr_count++] = (struct entry_xattr){
				.name = arena_strdup(arena, x->name),
				.value = arena_slice(arena, (struct slice){ x->value, x->len }),
				.len = x->len,
			};
	}
	to->xattrs = xattrs;
	to->open = NULL;
	to->data = NULL;
	to->dir = -1;
}

static bool read_members(struct archive *a, struct tar_reader *tar, struct err *err)
{
	uint64_t end = 0;
	bool more = true;

	for (;;) {
		struct entry e;
		struct entry *member;

		if (!tar_reader_next(&e, &more, tar, err))
			return false;
		if (!more)
			return true;
		member = entry_add(&a->members, e.kind, e.path);
		copy_texts(a, member, &e);
		if (e.kind == ENTRY_FILE && e.size && !spool_data(a, member, tar, &end, err))
			return false;
	}
}

bool archive_read(struct archive *out, struct spool *s, struct source *tar, struct err *err)
{
	AUTO(auto_tar_reader_close) struct tar_reader *reader = NULL;

	*out = (struct archive)ARCHIVE_INIT;
	return spool_file(&out->fd, s, err) && tar_reader_open(&reader, tar, err) &&
	       read_members(out, reader, err);
}

bool archive_open(struct archive *out, bool *is_out, struct spool *s, const struct entry *file,
		  struct err *err)
{
	AUTO(auto_source_close) struct source *tar = NULL;
	AUTO(auto_source_close) struct source *same = NULL;
	struct source *raw;

	*out = (struct archive)ARCHIVE_INIT;
	*is_out = false;
	if (!file->open)
		return true;
	if (!file->open(file, &raw, err) || !archive_detect(&tar, &same, raw, err))
		return false;
	*is_out = tar != NULL;
	return !tar || archive_read(out, s, tar, err) || err_wrap(err, "unpack %s", file->path);
}
