// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_TAR_FILE_H
#define LAYERS_TAR_FILE_H

#include <stdint.h>

#include "base/sink.h"

/*
 * A tar file read at random, without unpacking it: image archives (`docker save`, oci-archive). The
 * headers are read once and where each file's bytes lie is remembered; data is skipped over. The
 * file may be compressed as a whole: then it is inflated from its beginning, for every member that
 * lies before the last one read, so members are best taken in the order of their offsets. Nothing
 * here is trusted: whoever reads a member verifies its digest.
 */
struct tar_file;

struct tar_member {
	char *name; /* canonical (fs_clean_member) */
	char *link; /* the canonical name it stands for; NULL: a regular file */
	uint64_t offset, size;
};

/*
 * Takes `fd` over, a regular file. E_INTEGRITY: no tar, a name twice, more than
 * LIMIT_ARCHIVE_MEMBERS.
 */
MUST_CHECK bool tar_file_open(struct tar_file **out, int fd, struct err *err);
/* The same file once more, on its own. */
MUST_CHECK bool tar_file_again(struct tar_file **out, const struct tar_file *f, struct err *err);
void tar_file_close(struct tar_file *f); /* NULL is fine; every source must be closed before */
DEFINE_AUTO(struct tar_file, tar_file_close)

/* By name, links followed; NULL when there is no such file. Borrowed. */
const struct tar_member *tar_file_find(const struct tar_file *f, const char *name);
/* Whether it is compressed, so that two readers at once cost an inflation each. */
bool tar_file_is_serial(const struct tar_file *f);

/* The member's bytes; rewinds. The tar_file must outlive the source. Thread-safe. */
MUST_CHECK bool tar_file_source(struct source **out, struct tar_file *f, const struct tar_member *m,
				struct err *err);
/* A whole file of at most `max` bytes, appended. E_NOT_FOUND when there is none. */
MUST_CHECK bool tar_file_read(struct buf *out, struct tar_file *f, const char *name, size_t max,
			      struct err *err);

#endif
