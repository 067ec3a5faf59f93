// SPDX-License-Identifier: Apache-2.0
#include "layers/tar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/event.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/libarchive.h"

/*
 * Entries to pax tar bytes through libarchive. "Restricted" pax writes an extended
 * header only for what ustar cannot say.
 *
 * libarchive converts names to UTF-8 for that header, which fails in the C locale, and its
 * option that turns this off gives every member an extended header. So there are two handles on one
 * sink: `plain` for members whose names are ASCII, and `binary` (hdrcharset=BINARY) for the few
 * others. Neither buffers, so members come out in order.
 */

enum { PIECE = 128 * KIB };

/* How libarchive is set up: a sum of what a member needs. */
enum {
	FORM_PLAIN = 0,
	FORM_BINARY = 1,    /* a name that is not ASCII: hdrcharset=BINARY */
	FORM_FRACTIONS = 2, /* a time with nanoseconds: unrestricted pax */
	FORM_COUNT = 4,
};

struct tar_writer {
	const struct libarchive *lib;
	struct sink *to;
	struct archive *archives[FORM_COUNT]; /* opened when needed, but FORM_PLAIN at once */
	struct archive_entry *entry;
	char *piece;
	struct err failure; /* of the sink, carried past libarchive */
	bool is_over;       /* what still comes while libarchive is closed goes nowhere */
};

/*
 * A failure is kept here and looked at behind every call: told to libarchive it would be fatal, and
 * then 3.6.2 does not free its own buffer.
 */
static la_ssize_t pass_on(struct archive *a, void *arg, const void *data, size_t len)
{
	struct tar_writer *w = arg;

	(void)a;
	if (!w->is_over && w->failure.code == E_NONE)
		(void)!sink_write(w->to, data, len, &w->failure);
	return (la_ssize_t)len;
}

/* What went wrong inside libarchive: the sink's own error when that was it. */
static bool fail(const struct tar_writer *w, struct archive *a, struct err *err)
{
	const char *text = w->lib->archive_error_string(a);

	if (w->failure.code != E_NONE) {
		*err = w->failure;
		return false;
	}
	return err_set(err, E_INPUT, "tar: %s", text ? text : "unknown error");
}

static bool went_well(const struct tar_writer *w, struct archive *a, int status, struct err *err)
{
	return (status == ARCHIVE_OK && w->failure.code == E_NONE) || fail(w, a, err);
}

static bool open_archive(struct tar_writer *w, int form, struct err *err)
{
	const struct libarchive *lib = w->lib;
	struct archive *a = w->archives[form] = lib->archive_write_new();
	int status = form & FORM_FRACTIONS ? lib->archive_write_set_format_pax(a)
					   : lib->archive_write_set_format_pax_restricted(a);

	if (status == ARCHIVE_OK && form & FORM_BINARY)
		status = lib->archive_write_set_format_option(a, "pax", "hdrcharset", "BINARY");
	if (status == ARCHIVE_OK &&
	    lib->archive_write_set_format_option(a, "pax", "xattrheader", "SCHILY") == ARCHIVE_OK &&
	    lib->archive_write_set_bytes_per_block(a, 0) == ARCHIVE_OK &&
	    lib->archive_write_set_bytes_in_last_block(a, 1) == ARCHIVE_OK &&
	    lib->archive_write_open(a, w, NULL, pass_on, NULL) == ARCHIVE_OK)
		return true;
	return fail(w, a, err);
}

bool tar_writer_open(struct tar_writer **out, struct sink *to, struct err *err)
{
	AUTO(auto_tar_writer_close) struct tar_writer *w = mem_alloc(sizeof(*w));

	w->to = to;
	if (!libarchive_load(&w->lib, err) || !open_archive(w, FORM_PLAIN, err))
		return false;
	w->entry = w->lib->archive_entry_new();
	w->piece = mem_alloc(PIECE);
	*out = STEAL(w);
	return true;
}

static bool is_ascii(const char *s)
{
	for (; s && *s; s++)
		if ((unsigned char)*s > 0x7f)
			return false;
	return true;
}

/* libarchive percent-encodes what it does not like in a name, and no reader decodes it again. */
static bool is_plain_xattr_name(const char *name)
{
	if (!*name)
		return false;
	for (; *name; name++)
		if (*name <= ' ' || *name > '~' || *name == '%' || *name == '=')
			return false;
	return true;
}

static bool check(const struct entry *e, struct err *err)
{
	if (e->uid < 0 || e->uid > LIMIT_ID || e->gid < 0 || e->gid > LIMIT_ID)
		return err_set(err, E_INPUT, "%s: owner %lld:%lld is outside 0..%d", e->path,
			       (long long)e->uid, (long long)e->gid, LIMIT_ID);
	if (e->kind == ENTRY_FILE && (e->size < 0 || (e->size > 0 && !e->open)))
		return err_set(err, E_INPUT, "%s: no bytes for a file of %lld", e->path,
			       (long long)e->size);
	for (size_t i = 0; i < e->xattr_count; i++)
		if (!is_plain_xattr_name(e->xattrs[i].name))
			return err_set(err, E_INPUT, "%s: extended attribute '%s' cannot be stored",
				       e->path, e->xattrs[i].name);
	return true;
}

static mode_t file_type(enum entry_kind kind)
{
	switch (kind) {
	case ENTRY_FILE:
	case ENTRY_HARDLINK:
		return S_IFREG;
	case ENTRY_DIR:
		return S_IFDIR;
	case ENTRY_SYMLINK:
		return S_IFLNK;
	case ENTRY_CHAR:
		return S_IFCHR;
	case ENTRY_BLOCK:
		return S_IFBLK;
	case ENTRY_FIFO:
		return S_IFIFO;
	}
	abort();
}

static void fill(struct tar_writer *w, const struct entry *e)
{
	const struct libarchive *lib = w->lib;

	lib->archive_entry_clear(w->entry);
	lib->archive_entry_copy_pathname(w->entry, *e->path ? e->path : "./");
	lib->archive_entry_set_mode(w->entry, file_type(e->kind) | (e->mode & 07777));
	lib->archive_entry_set_uid(w->entry, e->uid);
	lib->archive_entry_set_gid(w->entry, e->gid);
	lib->archive_entry_set_mtime(w->entry, e->mtime, e->mtime_ns);
	lib->archive_entry_set_size(w->entry, e->kind == ENTRY_FILE ? e->size : 0);
	if (e->kind == ENTRY_SYMLINK)
		lib->archive_entry_copy_symlink(w->entry, e->link);
	if (e->kind == ENTRY_HARDLINK)
		lib->archive_entry_copy_hardlink(w->entry, e->link);
	if (e->kind == ENTRY_CHAR || e->kind == ENTRY_BLOCK) {
		lib->archive_entry_set_rdevmajor(w->entry, e->dev_major);
		lib->archive_entry_set_rdevminor(w->entry, e->dev_minor);
	}
	/* It keeps them as a stack: last in, first written. */
	for (size_t i = e->xattr_count; i-- > 0;)
		lib->archive_entry_xattr_add_entry(w->entry, e->xattrs[i].name, e->xattrs[i].value,
						   e->xattrs[i].len);
}

static bool changed(const struct entry *e, struct err *err)
{
	return err_set(err, E_IO, "%s changed while it was read", e->path);
}

static bool write_bytes(struct tar_writer *w, struct archive *a, const struct entry *e,
			struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;
	int64_t left = e->size;

	if (!e->open)
		return true;
	if (!e->open(e, &from, err))
		return false;
	for (;;) {
		size_t len;

		if (!cancel_check(err) || !source_read(from, w->piece, PIECE, &len, err))
			return false;
		if (!len)
			return left == 0 || changed(e, err);
		if ((int64_t)len > left)
			return changed(e, err);
		if (w->lib->archive_write_data(a, w->piece, len) != (la_ssize_t)len ||
		    w->failure.code != E_NONE)
			return fail(w, a, err);
		left -= (int64_t)len;
	}
}

static int form_of(const struct entry *e)
{
	int form = FORM_PLAIN;

	if (!is_ascii(e->path) || !is_ascii(e->link))
		form |= FORM_BINARY;
	if (e->mtime_ns)
		form |= FORM_FRACTIONS;
	return form;
}

bool tar_writer_add(struct tar_writer *w, const struct entry *e, struct err *err)
{
	int form = form_of(e);
	struct archive *a;

	if (!check(e, err) || (!w->archives[form] && !open_archive(w, form, err)))
		return false;
	a = w->archives[form];
	fill(w, e);
	if (!went_well(w, a, w->lib->archive_write_header(a, w->entry), err))
		return err_wrap(err, "%s", e->path);
	if (e->kind == ENTRY_FILE && !write_bytes(w, a, e, err))
		return false;
	return went_well(w, a, w->lib->archive_write_finish_entry(a), err);
}

bool tar_writer_finish(struct tar_writer *w, struct err *err)
{
	struct archive *a = w->archives[FORM_PLAIN];

	return went_well(w, a, w->lib->archive_write_close(a), err);
}

void tar_writer_close(struct tar_writer *w)
{
	if (!w)
		return;
	if (w->entry)
		w->lib->archive_entry_free(w->entry);
	w->is_over = true;
	for (int i = 0; i < FORM_COUNT; i++)
		if (w->archives[i])
			w->lib->archive_write_free(w->archives[i]);
	free(w->piece);
	free(w);
}
