// SPDX-License-Identifier: Apache-2.0
#include "layers/file_index.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/layer.h"
#include "layers/tar.h"

/*
 * What is in a layer, and that knowledge on disk. The file: MAGIC, the members, the SHA-256 of
 * both. Numbers are little-endian 64 bit; texts are a length and the bytes. What the members amount
 * to together is tree.c's business.
 */

#define MAGIC "rtbuild file index 1\n"

static void put_number(struct buf *b, uint64_t value)
{
	for (int i = 0; i < 8; i++)
		buf_put_byte(b, (unsigned char)(value >> 8 * i));
}

static void put_bytes(struct buf *b, const void *data, size_t len)
{
	put_number(b, len);
	buf_put_bytes(b, data, len);
}

static void put_entry(struct buf *b, const struct entry *e)
{
	put_bytes(b, e->path, strlen(e->path));
	put_bytes(b, e->link, e->link ? strlen(e->link) : 0);
	put_number(b, e->kind);
	put_number(b, e->mode);
	put_number(b, (uint64_t)e->uid);
	put_number(b, (uint64_t)e->gid);
	put_number(b, (uint64_t)e->size);
	put_number(b, (uint64_t)e->mtime);
	put_number(b, e->mtime_ns);
	put_number(b, e->dev_major);
	put_number(b, e->dev_minor);
	put_number(b, e->xattr_count);
	for (size_t i = 0; i < e->xattr_count; i++) {
		put_bytes(b, e->xattrs[i].name, strlen(e->xattrs[i].name));
		put_bytes(b, e->xattrs[i].value, e->xattrs[i].len);
	}
}

/* Best effort: without a cache everything still works. */
static void save(const struct entry_list *l, const char *name, int cache_dir)
{
	AUTO(buf_free) struct buf b = BUF_INIT(SIZE_MAX / 2);
	unsigned char hash[SHA256_SIZE];
	struct err ignored = { 0 };

	buf_put(&b, MAGIC);
	put_number(&b, l->len);
	for (size_t i = 0; i < l->len; i++)
		put_entry(&b, &l->items[i]);
	sha256_of(hash, b.ptr, b.len);
	buf_put_bytes(&b, hash, sizeof(hash));
	if (b.len <= LIMIT_FILE_INDEX)
		(void)!fs_write_lossy(cache_dir, name, b.ptr, b.len, 0644, &ignored);
}

/* A file being parsed; once `bad`, everything reads as zero. */
struct reader {
	struct slice rest;
	bool bad;
	struct arena *arena;
};

static uint64_t get_number(struct reader *r)
{
	uint64_t value = 0;

	if (r->bad || r->rest.len < 8) {
		r->bad = true;
		return 0;
	}
	for (int i = 8; i-- > 0;)
		value = value << 8 | (unsigned char)r->rest.ptr[i];
	r->rest.ptr += 8;
	r->rest.len -= 8;
	return value;
}

static const char *get_bytes(struct reader *r, size_t *len_out)
{
	uint64_t len = get_number(r);
	const char *copy;

	*len_out = 0;
	if (r->bad || len > r->rest.len) {
		r->bad = true;
		return "";
	}
	copy = arena_slice(r->arena, (struct slice){ .ptr = r->rest.ptr, .len = (size_t)len });
	r->rest.ptr += len;
	r->rest.len -= (size_t)len;
	*len_out = (size_t)len;
	return copy;
}

static const char *get_text(struct reader *r)
{
	size_t len;
	const char *text = get_bytes(r, &len);

	r->bad |= strlen(text) != len;
	return text;
}

static void get_entry(struct entry_list *l, struct reader *r)
{
	struct entry *e = ARRAY_PUSH(l);
	uint64_t kind;

	e->dir = -1;
	e->path = get_text(r);
	e->link = get_text(r);
	kind = get_number(r);
	r->bad |= kind > ENTRY_FIFO;
	e->kind = r->bad ? ENTRY_FILE : (enum entry_kind)kind;
	e->mode = (mode_t)get_number(r);
	e->uid = (int64_t)get_number(r);
	e->gid = (int64_t)get_number(r);
	e->size = (int64_t)get_number(r);
	e->mtime = (int64_t)get_number(r);
	e->mtime_ns = (uint32_t)get_number(r);
	e->dev_major = (uint32_t)get_number(r);
	e->dev_minor = (uint32_t)get_number(r);
	e->xattr_count = get_number(r);
	r->bad |= e->xattr_count > LIMIT_XATTRS;
	if (r->bad || !e->xattr_count)
		return;
	e->xattrs = ARENA_ARRAY(&l->arena, struct entry_xattr, e->xattr_count);
	for (size_t i = 0; i < e->xattr_count; i++) {
		e->xattrs[i].name = get_text(r);
		e->xattrs[i].value = get_bytes(r, &e->xattrs[i].len);
	}
}

/* Our own hash over our own format: what passes was written by us and is whole. */
static bool has_right_hash(const struct buf *b)
{
	unsigned char hash[SHA256_SIZE];
	size_t len = b->len - SHA256_SIZE;

	if (b->len < strlen(MAGIC) + SHA256_SIZE || memcmp(b->ptr, MAGIC, strlen(MAGIC)) != 0)
		return false;
	sha256_of(hash, b->ptr, len);
	return memcmp(hash, b->ptr + len, SHA256_SIZE) == 0;
}

static bool load(struct entry_list *out, const char *name, int cache_dir)
{
	AUTO(buf_free) struct buf b = BUF_INIT(LIMIT_FILE_INDEX);
	struct reader r = { .arena = &out->arena };
	struct err ignored = { 0 };
	uint64_t count;

	if (!fs_read(&b, cache_dir, name, LIMIT_FILE_INDEX, FS_BENEATH_NOLINK, &ignored) ||
	    !has_right_hash(&b))
		return false;
	r.rest = (struct slice){ .ptr = b.ptr + strlen(MAGIC),
				 .len = b.len - strlen(MAGIC) - SHA256_SIZE };
	count = get_number(&r);
	for (uint64_t i = 0; i < count && !r.bad; i++)
		get_entry(out, &r);
	if (!r.bad && !r.rest.len)
		return true;
	entry_list_free(out);
	return false;
}

/* Bytes of what there is to read of an entry. */
static size_t text_len(const struct entry *e)
{
	size_t len = strlen(e->path) + (e->link ? strlen(e->link) : 0);

	for (size_t i = 0; i < e->xattr_count; i++)
		len += strlen(e->xattrs[i].name) + e->xattrs[i].len;
	return len;
}

static void keep(struct entry_list *l, const struct entry *e)
{
	struct entry *copy = ARRAY_PUSH(l);
	struct arena *a = &l->arena;

	*copy = *e;
	copy->path = arena_strdup(a, e->path);
	copy->link = e->link ? arena_strdup(a, e->link) : "";
	if (!e->xattr_count)
		return;
	copy->xattrs = ARENA_ARRAY(a, struct entry_xattr, e->xattr_count);
	for (size_t i = 0; i < e->xattr_count; i++)
		copy->xattrs[i] = (struct entry_xattr){
			.name = arena_strdup(a, e->xattrs[i].name),
			.value = arena_slice(a, (struct slice){ .ptr = e->xattrs[i].value,
								.len = e->xattrs[i].len }),
			.len = e->xattrs[i].len,
		};
}

static bool read_layer(struct entry_list *out, struct blob_source *blobs,
		       const struct descriptor *d, const struct digest *diff_id, struct err *err)
{
	AUTO(auto_source_close) struct source *plain = NULL;
	AUTO(auto_tar_reader_close) struct tar_reader *tar = NULL;
	size_t total = 0;

	if (!layer_open(&plain, blobs, d, diff_id, err) || !tar_reader_open(&tar, plain, err))
		return false;
	for (;;) {
		struct entry e;
		bool more;

		if (!tar_reader_next(&e, &more, tar, err))
			return err_wrap(err, "layer %s", digest_format(&d->digest).text);
		if (!more)
			return true;
		total += text_len(&e);
		if (total > LIMIT_FILE_INDEX)
			return err_set(
				err, E_INTEGRITY,
				"layer %s: more than %d bytes of names and attributes (limit "
				"LIMIT_FILE_INDEX)",
				digest_format(&d->digest).text, LIMIT_FILE_INDEX);
		keep(out, &e);
	}
}

bool file_index_open(struct entry_list *out, struct blob_source *blobs, const struct descriptor *d,
		     const struct digest *diff_id, int cache_dir, struct err *err)
{
	struct digest_text name = digest_hex(diff_id);

	*out = (struct entry_list){ 0 };
	if (cache_dir >= 0 && load(out, name.text, cache_dir))
		return true;
	if (!read_layer(out, blobs, d, diff_id, err)) {
		entry_list_free(out);
		return false;
	}
	if (cache_dir >= 0)
		save(out, name.text, cache_dir);
	return true;
}

bool file_index_is_kept(const struct digest *diff_id, int cache_dir)
{
	struct digest_text name = digest_hex(diff_id);

	return cache_dir >= 0 && faccessat(cache_dir, name.text, R_OK, AT_SYMLINK_NOFOLLOW) == 0;
}
