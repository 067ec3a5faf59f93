// SPDX-License-Identifier: Apache-2.0
#include "layers/tar.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/libarchive.h"
#include "layers/tar_scan.h"

/*
 * Tar bytes to entries, strictly: libarchive parses, tar_scan.c watches the raw blocks, and this
 * file holds every member to our limits and canonical form. A member that libarchive finds
 * elsewhere than the scan does ends the reading.
 */

enum { PIECE = 128 * KIB, HOLE = 64 * KIB };

struct tar_reader {
	const struct libarchive *lib;
	struct source *from;
	struct archive *archive;
	struct archive_entry *raw; /* libarchive's, of the current member */
	struct tar_scan scan;
	bool padded;        /* missing padding was made up for libarchive */
	struct err failure; /* of the source or the scan, carried past libarchive */
	char *piece;
	bool is_at_end;

	char *path, *link; /* of the current member */
	struct {
		struct entry_xattr *items;
		size_t len, cap;
	} xattrs;
	int64_t size, at;  /* of the current file's bytes */
	const void *block; /* read from libarchive, not yet given out */
	size_t block_len;
	int64_t block_at;
	char *hole;

	uint64_t members, total;
};

static la_ssize_t next_piece(struct archive *a, void *arg, const void **data_out)
{
	struct tar_reader *r = arg;
	size_t len;

	(void)a;
	if (!cancel_check(&r->failure) || !source_read(r->from, r->piece, PIECE, &len, &r->failure))
		return -1;
	if (len ? !tar_scan_feed(&r->scan, r->piece, len, &r->failure)
		: !tar_scan_finish(&r->scan, &r->failure))
		return -1;
	/* Padding the scan let pass as missing: libarchive wants to see it. */
	if (!len && r->scan.state == TAR_SCAN_DATA && !r->padded) {
		r->padded = true;
		len = (size_t)r->scan.left;
		memset(r->piece, 0, len);
	}
	*data_out = r->piece;
	return (la_ssize_t)len;
}

static bool fail(const struct tar_reader *r, struct err *err)
{
	const char *text = r->lib->archive_error_string(r->archive);

	if (r->failure.code != E_NONE) {
		*err = r->failure;
		return false;
	}
	return err_set(err, E_INTEGRITY, "tar: %s", text ? text : "malformed");
}

bool tar_reader_open(struct tar_reader **out, struct source *from, struct err *err)
{
	AUTO(auto_tar_reader_close) struct tar_reader *r = mem_alloc(sizeof(*r));
	const struct libarchive *lib;

	tar_scan_init(&r->scan);
	if (!libarchive_load(&r->lib, err))
		return false;
	lib = r->lib;
	r->from = from;
	r->piece = mem_alloc(PIECE);
	r->archive = lib->archive_read_new();
	/*
	 * Names come out as the bytes they are: no process locale is ever set, and where libarchive
	 * cannot convert a pax name from UTF-8 it warns and gives the raw bytes. (Its option
	 * hdrcharset=BINARY does not work for reading.)
	 */
	if (lib->archive_read_support_format_tar(r->archive) != ARCHIVE_OK)
		return fail(r, err);
	*out = STEAL(r);
	return true;
}

static bool refuse(const struct tar_reader *r, struct err *err, const char *what)
{
	return err_set(err, E_INTEGRITY, "tar member '%s': %s", r->path ? r->path : "", what);
}

static bool clean(char **out, const char *path, struct err *err)
{
	free(*out);
	*out = NULL;
	if (!path)
		return err_set(err, E_INTEGRITY, "tar: a member without a name");
	return fs_clean_member(out, path, strlen(path), err);
}

/* clang-format off */
static const struct {
	mode_t type;
	enum entry_kind kind;
} kinds[] = {
	{ S_IFREG, ENTRY_FILE },
	{ S_IFDIR, ENTRY_DIR },
	{ S_IFLNK, ENTRY_SYMLINK },
	{ S_IFCHR, ENTRY_CHAR },
	{ S_IFBLK, ENTRY_BLOCK },
	{ S_IFIFO, ENTRY_FIFO },
};
/* clang-format on */

static bool take_kind(struct entry *e, struct tar_reader *r, struct err *err)
{
	mode_t type = r->lib->archive_entry_filetype(r->raw);

	if (r->lib->archive_entry_hardlink(r->raw)) {
		e->kind = ENTRY_HARDLINK;
		if (!clean(&r->link, r->lib->archive_entry_hardlink(r->raw), err))
			return err_wrap(err, "hard link %s", r->path);
		e->link = r->link;
		if (!*r->path)
			return refuse(r, err, "the root is no directory");
		return *e->link || refuse(r, err, "a hard link to the root");
	}
	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].type != type)
			continue;
		e->kind = kinds[i].kind;
		return *r->path || e->kind == ENTRY_DIR ||
		       refuse(r, err, "the root is no directory");
	}
	return refuse(r, err, "a type that layers do not have");
}

static bool take_symlink(struct entry *e, struct tar_reader *r, struct err *err)
{
	const char *target = r->lib->archive_entry_symlink(r->raw);

	if (!target || !*target || strlen(target) > LIMIT_PATH)
		return refuse(r, err, "a symbolic link whose target is empty or too long");
	free(r->link);
	r->link = mem_strdup(target);
	e->link = r->link;
	return true;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry_xattr *)a)->name, ((const struct entry_xattr *)b)->name);
}

static bool take_xattrs(struct entry *e, struct tar_reader *r, struct err *err)
{
	const char *name;
	const void *value;
	size_t len, total = 0;

	r->xattrs.len = 0;
	r->lib->archive_entry_xattr_reset(r->raw);
	while (r->lib->archive_entry_xattr_next(r->raw, &name, &value, &len) == ARCHIVE_OK) {
		if (!name || !*name || strlen(name) > LIMIT_COMPONENT)
			return refuse(r, err, "an extended attribute without a proper name");
		total += strlen(name) + len;
		if (r->xattrs.len == LIMIT_XATTRS || len > LIMIT_XATTR_VALUE ||
		    total > LIMIT_XATTR_TOTAL)
			return refuse(r, err, "more extended attributes than Linux could hold");
		*ARRAY_PUSH(&r->xattrs) =
			(struct entry_xattr){ .name = name, .value = value, .len = len };
	}
	if (r->xattrs.len > 1)
		qsort(r->xattrs.items, r->xattrs.len, sizeof(*r->xattrs.items), by_name);
	for (size_t i = 1; i < r->xattrs.len; i++)
		if (by_name(&r->xattrs.items[i - 1], &r->xattrs.items[i]) == 0)
			return refuse(r, err, "an extended attribute that is there twice");
	e->xattrs = r->xattrs.items;
	e->xattr_count = r->xattrs.len;
	return true;
}

static bool take_size(struct entry *e, struct tar_reader *r, struct err *err)
{
	int64_t size =
		r->lib->archive_entry_size_is_set(r->raw) ? r->lib->archive_entry_size(r->raw) : 0;

	if (size < 0 || (size > 0 && e->kind != ENTRY_FILE))
		return refuse(r, err, "data on something that is no file");
	if ((uint64_t)size > (uint64_t)LIMIT_LAYER_UNPACKED - r->total)
		return err_set(err, E_INTEGRITY,
			       "tar: more than %lld bytes of files (limit LIMIT_LAYER_UNPACKED)",
			       (long long)LIMIT_LAYER_UNPACKED);
	r->total += (uint64_t)size;
	e->size = size;
	r->size = size;
	r->at = 0;
	r->block_at = 0;
	r->block_len = 0;
	return true;
}

static bool take(struct entry *e, struct tar_reader *r, struct err *err)
{
	const struct libarchive *lib = r->lib;

	*e = (struct entry){ .dir = -1 };
	if (!clean(&r->path, lib->archive_entry_pathname(r->raw), err))
		return false;
	e->path = r->path;
	e->mode = lib->archive_entry_mode(r->raw) & 07777;
	e->uid = lib->archive_entry_uid(r->raw);
	e->gid = lib->archive_entry_gid(r->raw);
	if (e->uid < 0 || e->uid > LIMIT_ID || e->gid < 0 || e->gid > LIMIT_ID)
		return refuse(r, err, "an owner beyond 2^31-1");
	e->mtime = lib->archive_entry_mtime(r->raw);
	e->mtime_ns = (uint32_t)lib->archive_entry_mtime_nsec(r->raw);
	if (!take_kind(e, r, err) || !take_size(e, r, err))
		return false;
	if (e->kind == ENTRY_SYMLINK && !take_symlink(e, r, err))
		return false;
	if (e->kind == ENTRY_CHAR || e->kind == ENTRY_BLOCK) {
		e->dev_major = (uint32_t)lib->archive_entry_rdevmajor(r->raw);
		e->dev_minor = (uint32_t)lib->archive_entry_rdevminor(r->raw);
	}
	return take_xattrs(e, r, err);
}

/* What follows the end of the archive must be zeros, and is read to its end: a digest may be
 * checked there. */
static bool drain(struct tar_reader *r, struct err *err)
{
	size_t len;

	do {
		if (!cancel_check(err) || !source_read(r->from, r->piece, PIECE, &len, err))
			return false;
		if (len && !tar_scan_feed(&r->scan, r->piece, len, err))
			return false;
	} while (len);
	return tar_scan_finish(&r->scan, err);
}

static bool open_archive(struct tar_reader *r, bool *is_empty_out, struct err *err)
{
	int status = r->lib->archive_read_open(r->archive, r, NULL, next_piece, NULL);

	*is_empty_out = false;
	if (status == ARCHIVE_OK)
		return true;
	/* Nothing at all is an archive without members, to Go's reader too. */
	*is_empty_out = r->failure.code == E_NONE && r->scan.at == 0;
	return *is_empty_out || fail(r, err);
}

static bool at_end(bool *more_out, struct tar_reader *r, struct err *err)
{
	uint64_t missed;

	*more_out = false;
	r->is_at_end = true;
	if (!drain(r, err))
		return false;
	return !tar_scan_take(&r->scan, &missed) ||
	       err_set(err, E_INTEGRITY, "tar: a member near byte %llu that libarchive did not see",
		       (unsigned long long)missed);
}

bool tar_reader_next(struct entry *out, bool *more_out, struct tar_reader *r, struct err *err)
{
	uint64_t start;
	int status;

	*more_out = false;
	if (r->is_at_end)
		return true;
	if (!r->raw) {
		bool is_empty;

		if (!open_archive(r, &is_empty, err))
			return false;
		if (is_empty)
			return at_end(more_out, r, err);
	}
	status = r->lib->archive_read_next_header(r->archive, &r->raw);
	if (r->failure.code != E_NONE)
		return fail(r, err);
	if (status == ARCHIVE_EOF)
		return at_end(more_out, r, err);
	/* A warning is about names that the locale cannot hold; we take their bytes. */
	if (status != ARCHIVE_OK && status != ARCHIVE_WARN)
		return fail(r, err);
	if (!tar_scan_take(&r->scan, &start) ||
	    (int64_t)start != r->lib->archive_read_header_position(r->archive))
		return err_set(err, E_INTEGRITY,
			       "tar: two readings of member %llu disagree where it starts",
			       (unsigned long long)r->members);
	if (++r->members > LIMIT_LAYER_MEMBERS)
		return err_set(err, E_INTEGRITY,
			       "tar: more than %d members (limit LIMIT_LAYER_MEMBERS)",
			       LIMIT_LAYER_MEMBERS);
	*more_out = true;
	return take(out, r, err);
}

/* A piece of zeros up to the next block, where the file is sparse. */
static void give_hole(struct tar_reader *r, const void **data_out, size_t *len_out)
{
	int64_t left = r->block_at - r->at;

	if (!r->hole)
		r->hole = mem_alloc(HOLE);
	*len_out = left < HOLE ? (size_t)left : HOLE;
	*data_out = r->hole;
	r->at += (int64_t)*len_out;
}

bool tar_reader_data(struct tar_reader *r, const void **data_out, size_t *len_out, struct err *err)
{
	*len_out = 0;
	if (r->at == r->size)
		return true;
	while (!r->block_len && r->block_at <= r->at) {
		int status = r->lib->archive_read_data_block(r->archive, &r->block, &r->block_len,
							     &r->block_at);

		if (r->failure.code != E_NONE || (status != ARCHIVE_OK && status != ARCHIVE_EOF))
			return fail(r, err);
		if (status == ARCHIVE_EOF) { /* a hole up to the end */
			r->block_at = r->size;
			r->block_len = 0;
		}
		if (r->block_at < r->at || r->block_at > r->size ||
		    (int64_t)r->block_len > r->size - r->block_at)
			return refuse(r, err, "data outside the file");
	}
	if (r->block_at > r->at) {
		give_hole(r, data_out, len_out);
		return true;
	}
	*data_out = r->block;
	*len_out = r->block_len;
	r->at += (int64_t)r->block_len;
	r->block_len = 0;
	return true;
}

void tar_reader_close(struct tar_reader *r)
{
	if (!r)
		return;
	if (r->archive)
		r->lib->archive_read_free(r->archive);
	tar_scan_free(&r->scan);
	free(r->xattrs.items);
	free(r->piece);
	free(r->hole);
	free(r->path);
	free(r->link);
	free(r);
}

bool tar_load(struct err *err)
{
	const struct libarchive *lib;

	return libarchive_load(&lib, err);
}
