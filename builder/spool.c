// SPDX-License-Identifier: Apache-2.0
#include "builder/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/compress.h"
#include "layers/tar.h"
#include "layers/xattr.h"

/* Bytes on the way, and archives as lists of entries. */

/* Directories of processes that died: nobody holds their lock, and they are older than an hour, so
 * that none is just being made. */
static void sweep(const struct spool *s)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err ignored = { 0 };

	if (!fs_list(&names, s->parent, ".", FS_BENEATH_NOLINK, &ignored))
		return;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_close) int fd = -1;
		struct stat st;

		ignored = (struct err){ 0 };
		if (!fs_open(&fd, s->parent, names.items[i], O_RDONLY | O_DIRECTORY, 0,
			     FS_BENEATH_NOLINK, &ignored) ||
		    fstat(fd, &st) < 0 || st.st_mtim.tv_sec > clock_wall() - 3600 ||
		    flock(fd, LOCK_EX | LOCK_NB) < 0)
			continue;
		if (!fs_remove_tree(s->parent, names.items[i], &ignored))
			continue; /* the next one tries again */
	}
}

bool spool_dir(int *fd_out, struct spool *s, struct err *err)
{
	unsigned char random[8];

	if (s->dir < 0) {
		if (!store_subdir(&s->parent, s->store, "cache/spool", err))
			return false;
		random_bytes(random, sizeof(random));
		hex_format(s->name, random, sizeof(random));
		if (mkdirat(s->parent, s->name, 0700) < 0)
			return err_set_errno(err, "make a spool directory");
		if (!fs_open(&s->dir, s->parent, s->name, O_RDONLY | O_DIRECTORY, 0,
			     FS_BENEATH_NOLINK, err))
			return false;
		if (flock(s->dir, LOCK_EX | LOCK_NB) < 0)
			return err_set_errno(err, "lock a spool directory");
		sweep(s);
	}
	*fd_out = s->dir;
	return true;
}

void spool_close(struct spool *s)
{
	struct err ignored = { 0 };

	auto_close(&s->dir);
	s->dir = -1;
	if (s->parent >= 0 && s->name[0] && !fs_remove_tree(s->parent, s->name, &ignored))
		s->name[0] = '\0'; /* what stays is swept by a later build */
	auto_close(&s->parent);
	s->parent = -1;
}

struct range_source {
	struct source source;
	const struct spool_range *range;
	uint64_t at;
};

static bool range_read(struct source *self, void *data, size_t cap, size_t *len_out,
		       struct err *err)
{
	struct range_source *s = (struct range_source *)self;
	uint64_t left = s->range->len - s->at;
	ssize_t len;

	do {
		len = pread(s->range->fd, data, left < cap ? (size_t)left : cap,
			    (off_t)(s->range->at + s->at));
	} while (len < 0 && errno == EINTR);
	if (len < 0 || (!len && left))
		return err_set_errno(err, "read a spool file");
	s->at += (uint64_t)len;
	*len_out = (size_t)len;
	return true;
}

static void range_close(struct source *self)
{
	free(self);
}

bool spool_open_range(const struct entry *e, struct source **out, struct err *err)
{
	struct range_source *s = mem_alloc(sizeof(*s));

	(void)err;
	s->source = (struct source){ .read = range_read, .close = range_close };
	s->range = e->data;
	*out = &s->source;
	return true;
}

/* --- archives --- */

void archive_free(struct archive *a)
{
	entry_list_free(&a->members);
	auto_close(&a->fd);
	a->fd = -1;
}

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

/* The first `cap` bytes. */
static bool read_head(struct source *from, unsigned char *out, size_t cap, size_t *len_out,
		      struct err *err)
{
	*len_out = 0;
	while (*len_out < cap) {
		size_t len;

		if (!source_read(from, out + *len_out, cap - *len_out, &len, err))
			return false;
		if (!len)
			break;
		*len_out += len;
	}
	return true;
}

/* Formats that Docker unpacks and this program cannot. */
static const char *unsupported_compression(const unsigned char *head, size_t len)
{
	if (len >= 10 && memcmp(head, "BZh", 3) == 0 && memcmp(head + 4, "1AY&SY", 6) == 0)
		return "bzip2";
	if (len >= 6 && memcmp(head,
			       "\xfd"
			       "7zXZ\0",
			       6) == 0)
		return "xz";
	return NULL;
}

static bool is_archive(bool *is_out, enum compression *kind_out, const struct entry *file,
		       struct err *err)
{
	AUTO(auto_source_close) struct source *raw = NULL;
	AUTO(auto_source_close) struct source *plain = NULL;
	unsigned char head[TAR_BLOCK] = { 0 };
	const char *unsupported;
	struct err ignored = { 0 };
	size_t len;

	*is_out = false;
	if (!file->open)
		return true;
	if (!file->open(file, &raw, err) || !read_head(raw, head, sizeof(head), &len, err))
		return false;
	*kind_out = compression_detect(head, len);
	unsupported = unsupported_compression(head, len);
	if (unsupported) {
		err_set(err, E_UNSUPPORTED, "ADD %s: unpacking %s is not supported yet", file->path,
			unsupported);
		return err_hint(err, "compress the archive with gzip or zstd");
	}
	if (*kind_out == COMPRESSION_NONE) {
		*is_out = len == sizeof(head) && is_tar_header(head);
		return true;
	}
	source_close(STEAL(raw));
	if (!file->open(file, &raw, err))
		return false;
	/* what does not decompress is a file like any other */
	*is_out = decompressor_open(&plain, STEAL(raw), *kind_out, &ignored) &&
		  read_head(plain, head, sizeof(head), &len, &ignored) && len == sizeof(head) &&
		  is_tar_header(head);
	return true;
}

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

bool archive_open(struct archive *out, bool *is_out, struct spool *s, const struct entry *file,
		  struct err *err)
{
	AUTO(auto_source_close) struct source *raw = NULL;
	AUTO(auto_source_close) struct source *plain = NULL;
	AUTO(auto_tar_reader_close) struct tar_reader *tar = NULL;
	enum compression kind = COMPRESSION_NONE;
	int dir;

	*out = (struct archive){ .fd = -1 };
	if (!is_archive(is_out, &kind, file, err))
		return false;
	if (!*is_out)
		return true;
	if (!spool_dir(&dir, s, err))
		return false;
	out->fd = openat(dir, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	if (out->fd < 0)
		return err_set_errno(err, "make a spool file");
	if (!file->open(file, &raw, err) || !decompressor_open(&plain, STEAL(raw), kind, err) ||
	    !tar_reader_open(&tar, plain, err) || !read_members(out, tar, err))
		return err_wrap(err, "unpack %s", file->path);
	return true;
}
