// SPDX-License-Identifier: Apache-2.0
#include "layers/filter.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "layers/libarchive.h"

/* libarchive's filters as a source of bytes. Which archives are unpacked is builder/archive.c's. */

enum { PIECE = 128 * KIB };

struct filtered {
	struct source source;
	const struct libarchive *lib;
	struct source *from;
	struct archive *archive;
	enum filter kind;
	struct err failure; /* of `from`, carried past libarchive */
	uint64_t total;
	char piece[PIECE];
};

enum filter filter_detect(const void *head, size_t len)
{
	static const char xz[] = { '\xfd', '7', 'z', 'X', 'Z', '\0' };
	const char *bytes = head;

	/* a bzip2 stream names its block size and begins with the digits of pi */
	if (len >= 10 && memcmp(bytes, "BZh", 3) == 0 && memcmp(bytes + 4, "1AY&SY", 6) == 0)
		return FILTER_BZIP2;
	return len >= sizeof(xz) && memcmp(bytes, xz, sizeof(xz)) == 0 ? FILTER_XZ : FILTER_NONE;
}

const char *filter_name(enum filter kind)
{
	static const char *const names[] = { "none", "bzip2", "xz" };

	return names[kind];
}

static la_ssize_t next_piece(struct archive *a, void *arg, const void **data_out)
{
	struct filtered *f = arg;
	size_t len;

	(void)a;
	if (!source_read(f->from, f->piece, PIECE, &len, &f->failure))
		return -1;
	*data_out = f->piece;
	return (la_ssize_t)len;
}

static bool fail(struct filtered *f, struct err *err)
{
	const char *text = f->lib->archive_error_string(f->archive);

	if (f->failure.code != E_NONE) {
		*err = f->failure;
		return false;
	}
	return err_set(err, E_INTEGRITY, "%s: %s", filter_name(f->kind), text ? text : "malformed");
}

static bool filtered_read(struct source *self, void *data, size_t cap, size_t *len_out,
			  struct err *err)
{
	struct filtered *f = (struct filtered *)self;
	la_ssize_t len = f->lib->archive_read_data(f->archive, data, cap);

	if (len < 0)
		return fail(f, err);
	f->total += (uint64_t)len;
	if (f->total > LIMIT_LAYER_TAR)
		return err_set(err, E_INTEGRITY, "%s: more than %lld bytes (limit LIMIT_LAYER_TAR)",
			       filter_name(f->kind), (long long)LIMIT_LAYER_TAR);
	*len_out = (size_t)len;
	return true;
}

static void filtered_close(struct source *self)
{
	struct filtered *f = (struct filtered *)self;

	if (f->archive)
		f->lib->archive_read_free(f->archive);
	source_close(f->from);
	free(f);
}

static bool begin(struct filtered *f, struct err *err)
{
	struct archive_entry *entry;
	int status;

	if (!libarchive_load(&f->lib, err))
		return false;
	f->archive = f->lib->archive_read_new();
	status = f->kind == FILTER_XZ ? f->lib->archive_read_support_filter_xz(f->archive)
				      : f->lib->archive_read_support_filter_bzip2(f->archive);
	/* a warning is an external program that would do it: none is ever started */
	if (status != ARCHIVE_OK)
		return err_set(err, E_UNSUPPORTED, "this libarchive cannot read %s",
			       filter_name(f->kind));
	return (f->lib->archive_read_support_format_raw(f->archive) == ARCHIVE_OK &&
		f->lib->archive_read_open(f->archive, f, NULL, next_piece, NULL) == ARCHIVE_OK &&
		f->lib->archive_read_next_header(f->archive, &entry) == ARCHIVE_OK) ||
	       fail(f, err);
}

bool filter_open(struct source **out, struct source *from, enum filter kind, struct err *err)
{
	struct filtered *f = mem_alloc(sizeof(*f));

	*out = NULL;
	f->source = (struct source){ .read = filtered_read, .close = filtered_close };
	f->from = from;
	f->kind = kind;
	if (!begin(f, err)) {
		filtered_close(&f->source);
		return false;
	}
	*out = &f->source;
	return true;
}
