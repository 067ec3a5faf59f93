// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_DESTINATION_H
#define BASE_DESTINATION_H

#include "base/fs.h"
#include "base/sink.h"

/*
 * Where the user wants a stream of bytes: a file, "-" for standard output, or something that is no
 * regular file (a FIFO, /dev/stdout, /dev/null). A file appears whole, by temporary file and
 * rename, or not at all; what is no file is written as the bytes come.
 */
struct destination {
	struct sink_fd sink; /* write to &sink.sink; it is not finished */
	struct fs_tmp tmp;
	int dir, fd; /* of a file: its directory; else what is written to */
	mode_t mode; /* it gets; 0644 unless set before the commit */
	char name[NAME_MAX + 1];
};
/* clang-format off */
#define DESTINATION_INIT { .tmp = FS_TMP_INIT, .dir = -1, .fd = -1, .mode = 0644 }
/* clang-format on */

/* Before the work: a file can be made there. E_USAGE for a directory, E_NOT_FOUND, E_IO. */
MUST_CHECK bool destination_check(const char *path, struct err *err);

/* E_USAGE for "-" when standard output is a terminal; E_NOT_FOUND, E_IO. */
MUST_CHECK bool destination_open(struct destination *out, const char *path, struct err *err);
MUST_CHECK bool destination_commit(struct destination *d, struct err *err);
void destination_close(struct destination *d); /* removes a file that was not committed */

#endif
