// SPDX-License-Identifier: Apache-2.0
#include "layers/tar_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "layers/compress.h"
#include "layers/libarchive.h"

/* The index of a tar file and the sources of its members. libarchive reads the headers. */

enum { PIECE = 64 * KIB };

/* Plain bytes of the file, as far as they were read. */
struct stream {
	struct source *source;
	uint64_t at;
};

struct tar_file {
	int fd;
	uint64_t size; /* of the file */
	enum compression kind;
	struct {
		struct tar_member *items;
		size_t len, cap;
	} members;
	struct map names;   /* name -> place in members, from 1 */
	struct lock lock;   /* for the rest */
	struct stream idle; /* of compressed files: where the last reader stopped */
};

/* --- the index --- */

struct indexer {
	struct tar_file *f;
	const struct libarchive *lib;
	struct archive *archive;
	struct stream plain; /* compressed files */
	uint64_t at;         /* plain files: of the next piece */
	struct err failure;  /* carried past libarchive */
	char *piece;
};

static void indexer_free(struct indexer *x)
{
	if (x->archive)
		x->lib->archive_read_free(x->archive);
	source_close(x->plain.source);
	free(x->piece);
}

static bool read_at(size_t *len_out, int fd, void *data, size_t cap, uint64_t at, struct err *err)
{
	ssize_t n;

	do
		n = pread(fd, data, cap, (off_t)at);
	while (n < 0 && errno == EINTR);
	*len_out = n > 0 ? (size_t)n : 0;
	return n >= 0 || err_set_errno(err, "read");
}

static la_ssize_t next_piece(struct archive *a, void *arg, const void **data_out)
{
	struct indexer *x = arg;
	size_t len = 0;
	bool ok;

	(void)a;
	if (!cancel_check(&x->failure))
		return -1;
	if (x->plain.source)
		ok = source_read(x->plain.source, x->piece, PIECE, &len, &x->failure);
	else
		ok = read_at(&len, x->f->fd, x->piece, PIECE, x->at, &x->failure);
	if (!ok)
		return -1;
	x->at += len;
	*data_out = x->piece;
	return (la_ssize_t)len;
}

/* Data is skipped by not reading it; what is cut off is found when it is read. */
static la_int64_t skip(struct archive *a, void *arg, la_int64_t wanted)
{
	struct indexer *x = arg;
	uint64_t left = x->f->size > x->at ? x->f->size - x->at : 0;
	uint64_t n = (uint64_t)wanted < left ? (uint64_t)wanted : left;

	(void)a;
	if (x->plain.source)
		return 0;
	x->at += n;
	return (la_int64_t)n;
}

static bool fail(const struct indexer *x, struct err *err)
{
	const char *text = x->lib->archive_error_string(x->archive);

	if (x->failure.code != E_NONE) {
		*err = x->failure;
		return false;
	}
	return err_set(err, E_INTEGRITY, "tar: %s", text ? text : "malformed");
}

/* A symbolic link is relative to where it lies, a hard link to the root. */
static bool take_link(struct tar_member *m, const char *symbolic, const char *hard, struct err *err)
{
	AUTO(auto_free) char *folder = NULL;
	AUTO(auto_free) char *joined = NULL;
	const char *slash = strrchr(m->name, '/');

	if (hard)
		return fs_clean_member(&m->link, hard, strlen(hard), err);
	folder = mem_printf("/%.*s", slash ? (int)(slash - m->name) : 0, m->name);
	joined = fs_join(folder, symbolic);
	return fs_clean_member(&m->link, joined, strlen(joined), err);
}

static bool add_member(struct indexer *x, struct archive_entry *e, struct err *err)
{
	const struct libarchive *lib = x->lib;
	struct tar_file *f = x->f;
	const char *path = lib->archive_entry_pathname(e), *hard = lib->archive_entry_hardlink(e);
	mode_t type = lib->archive_entry_filetype(e);
	AUTO(auto_free) char *name = NULL;
	struct tar_member *m;
	int64_t size = lib->archive_entry_size_is_set(e) ? lib->archive_entry_size(e) : 0;

	if (!path)
		return err_set(err, E_INTEGRITY, "tar: a member without a name");
	if (!fs_clean_member(&name, path, strlen(path), err))
		return false;
	if (!hard && type != S_IFREG && type != S_IFLNK)
		return true; /* directories say nothing */
	if (map_has(&f->names, name))
		return err_set(err, E_INTEGRITY, "tar: '%s' is there twice", name);
	if (f->members.len >= LIMIT_ARCHIVE_MEMBERS)
		return err_set(err, E_INTEGRITY,
			       "tar: more than %d members (limit LIMIT_ARCHIVE_MEMBERS)",
			       LIMIT_ARCHIVE_MEMBERS);
	m = ARRAY_PUSH(&f->members);
	m->name = STEAL(name);
	m->offset = (uint64_t)lib->archive_filter_bytes(x->archive, 0);
	m->size = size > 0 ? (uint64_t)size : 0;
	map_put(&f->names, m->name, (void *)(uintptr_t)f->members.len);
	return (type == S_IFREG && !hard) || take_link(m, lib->archive_entry_symlink(e), hard, err);
}

static bool read_headers(struct indexer *x, struct err *err)
{
	for (;;) {
		struct archive_entry *e;
		int status = x->lib->archive_read_next_header(x->archive, &e);

		if (x->failure.code != E_NONE)
			return fail(x, err);
		if (status == ARCHIVE_EOF)
			return true;
		/* A warning is about names that the locale cannot hold; we take their bytes. */
		if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
			return fail(x, err);
		if (!add_member(x, e, err))
			return false;
	}
}

static bool open_plain(struct stream *out, const struct tar_file *f, struct err *err)
{
	struct source *file;
	int fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 3);

	if (fd < 0)
		return err_set_errno(err, "dup");
	file = source_fd(fd);
	out->at = 0;
	return decompressor_open(&out->source, file, f->kind, err);
}

static bool make_index(struct tar_file *f, struct err *err)
{
	AUTO(indexer_free) struct indexer x = { .f = f };

	if (!libarchive_load(&x.lib, err))
		return false;
	x.piece = mem_alloc(PIECE);
	x.archive = x.lib->archive_read_new();
	if (f->kind != COMPRESSION_NONE && !open_plain(&x.plain, f, err))
		return false;
	if (x.lib->archive_read_support_format_tar(x.archive) != ARCHIVE_OK ||
	    x.lib->archive_read_open2(x.archive, &x, NULL, next_piece, skip, NULL) != ARCHIVE_OK)
		return fail(&x, err);
	return read_headers(&x, err);
}

bool tar_file_open(struct tar_file **out, int fd, struct err *err)
{
	AUTO(auto_tar_file_close) struct tar_file *f = mem_alloc(sizeof(*f));
	unsigned char head[16];
	struct stat st;
	size_t len;

	f->fd = fd;
	lock_init(&f->lock);
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "stat");
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INPUT, "it is no regular file");
	f->size = (uint64_t)st.st_size;
	if (!read_at(&len, fd, head, sizeof(head), 0, err))
		return false;
	f->kind = compression_detect(head, len);
	if (!make_index(f, err))
		return false;
	*out = STEAL(f);
	return true;
}

bool tar_file_again(struct tar_file **out, const struct tar_file *f, struct err *err)
{
	int fd = fcntl(f->fd, F_DUPFD_CLOEXEC, 3);

	return fd < 0 ? err_set_errno(err, "dup") : tar_file_open(out, fd, err);
}

void tar_file_close(struct tar_file *f)
{
	if (!f)
		return;
	source_close(f->idle.source);
	for (size_t i = 0; i < f->members.len; i++) {
		free(f->members.items[i].name);
		free(f->members.items[i].link);
	}
	free(f->members.items);
	map_free(&f->names);
	lock_free(&f->lock);
	auto_close(&f->fd);
	free(f);
}

const struct tar_member *tar_file_find(const struct tar_file *f, const char *name)
{
	for (int hops = 0; hops <= LIMIT_LINKS_FOLLOWED; hops++) {
		size_t n = (size_t)(uintptr_t)map_get(&f->names, name);

		if (!n)
			return NULL;
		if (!f->members.items[n - 1].link)
			return &f->members.items[n - 1];
		name = f->members.items[n - 1].link;
	}
	return NULL;
}

bool tar_file_is_serial(const struct tar_file *f)
{
	return f->kind != COMPRESSION_NONE;
}

/* --- members --- */

struct member_source {
	struct source source;
	struct tar_file *f;
	uint64_t offset, size, at;
	struct stream plain; /* compressed files */
};

/* The stream the last reader left, when it has not passed the place yet, else a new one. */
static bool take_stream(struct member_source *s, struct err *err)
{
	struct tar_file *f = s->f;

	lock_take(&f->lock);
	if (f->idle.source && f->idle.at <= s->offset) {
		s->plain = f->idle;
		f->idle = (struct stream){ 0 };
	}
	lock_drop(&f->lock);
	return s->plain.source || open_plain(&s->plain, f, err);
}

static void leave_stream(struct member_source *s)
{
	struct tar_file *f = s->f;
	struct source *surplus = s->plain.source;

	lock_take(&f->lock);
	if (s->plain.source && (!f->idle.source || f->idle.at < s->plain.at)) {
		surplus = f->idle.source;
		f->idle = s->plain;
	}
	lock_drop(&f->lock);
	s->plain = (struct stream){ 0 };
	source_close(surplus);
}

static bool cut_off(struct err *err)
{
	return err_set(err, E_INTEGRITY, "the archive is cut off");
}

static bool forward(struct member_source *s, struct err *err)
{
	char waste[16 * KIB];
	size_t len;

	while (s->plain.at < s->offset + s->at) {
		uint64_t left = s->offset + s->at - s->plain.at;

		if (!cancel_check(err) ||
		    !source_read(s->plain.source, waste,
				 left < sizeof(waste) ? left : sizeof(waste), &len, err))
			return false;
		if (!len)
			return cut_off(err);
		s->plain.at += len;
	}
	return true;
}

static bool member_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct member_source *s = (struct member_source *)self;
	uint64_t left = s->size - s->at;

	*len_out = 0;
	if (!left)
		return true;
	cap = cap < left ? cap : (size_t)left;
	if (!tar_file_is_serial(s->f)) {
		if (!read_at(len_out, s->f->fd, data, cap, s->offset + s->at, err))
			return false;
	} else {
		if ((!s->plain.source && !take_stream(s, err)) || !forward(s, err) ||
		    !source_read(s->plain.source, data, cap, len_out, err))
			return false;
		s->plain.at += *len_out;
	}
	s->at += *len_out;
	return *len_out || cut_off(err);
}

static bool member_rewind(struct source *self, struct err *err)
{
	struct member_source *s = (struct member_source *)self;

	(void)err;
	leave_stream(s);
	s->at = 0;
	return true;
}

static void member_close(struct source *self)
{
	leave_stream((struct member_source *)self);
	free(self);
}

bool tar_file_source(struct source **out, struct tar_file *f, const struct tar_member *m,
		     struct err *err)
{
	struct member_source *s = mem_alloc(sizeof(*s));

	(void)err; /* the first read says what is wrong */
	s->source = (struct source){ .read = member_read,
				     .rewind = member_rewind,
				     .close = member_close };
	s->f = f;
	s->offset = m->offset;
	s->size = m->size;
	*out = &s->source;
	return true;
}

bool tar_file_read(struct buf *out, struct tar_file *f, const char *name, size_t max,
		   struct err *err)
{
	const struct tar_member *m = tar_file_find(f, name);
	AUTO(auto_source_close) struct source *source = NULL;
	struct sink_buf sink = sink_buf(out);
	uint64_t size;

	if (!m)
		return err_set(err, E_NOT_FOUND, "the archive has no %s", name);
	if (m->size > max)
		return err_set(err, E_INTEGRITY, "%s has %llu bytes, %zu are allowed", name,
			       (unsigned long long)m->size, max);
	return tar_file_source(&source, f, m, err) &&
	       (source_copy(source, &sink.sink, &size, err) || err_wrap(err, "%s", name));
}
