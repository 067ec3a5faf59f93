// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_ZIP_FILE_H
#define RUNTIME_ZIP_FILE_H

#include "image/digest.h"
#include "layers/entry.h"
#include "python/wheels.h"

/* A zip on its way into a file: how large it is, and what it is known by. */
struct zip_file {
	uint64_t unpacked;     /* bytes of all files */
	uint64_t packed;       /* of the zip */
	size_t files;          /* in it */
	struct digest digest;  /* of the zip's bytes */
	struct digest content; /* of paths, modes and bytes: equal on every machine and for
				  every compressor */
};

/* `unpacked` and `files`, before anything is written. */
void zip_file_measure(struct zip_file *out, const struct entry_list *entries);

/* Sorted entries to `path` (base/destination.h), a file whole or not at all; each file is read
 * once. A zip of more than `packed_max` bytes (0: any size) is not kept: E_NEGATIVE. */
MUST_CHECK bool zip_file_write(struct zip_file *out, const struct entry_list *entries,
			       uint64_t packed_max, const char *path, struct err *err);

/* What each wheel brings to a zip, largest first: what can be left out. Names are borrowed. */
struct zip_share {
	const char *name, *version;
	uint64_t unpacked; /* bytes of its files */
	size_t files;
};
struct zip_shares {
	struct zip_share *items;
	size_t len, cap;
};
MUST_CHECK bool zip_shares_make(struct zip_shares *out, const struct wheel_list *wheels,
				const struct wheel_layout *layout, struct err *err);
void zip_shares_free(struct zip_shares *s);
/* "numpy 20.1 MB, scipy 9.3 MB": the largest few of them, for messages. */
void zip_shares_largest(struct buf *out, const struct zip_shares *s);

#endif
