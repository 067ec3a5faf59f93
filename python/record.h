// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_RECORD_H
#define PYTHON_RECORD_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/str.h"

/* RECORD: the files of a distribution with hash and size (packaging.python.org, "Recording
 * installed projects"; PEP 376, 427). */
struct record_row {
	const char *path;      /* as written; slashes */
	const char *hash_text; /* "sha256=<urlsafe base64, no padding>", "" when absent */
	enum hash_kind kind;
	unsigned char hash[HASH_SIZE_MAX];
	int64_t size; /* -1 when absent */
};

struct record {
	struct record_row *items;
	size_t len, cap;
	struct map by_path; /* -> index + 1 */
	struct arena arena;
};
void record_free(struct record *r);

/* E_INTEGRITY: malformed, a weak or unknown hash, a path twice. */
MUST_CHECK bool record_parse(struct record *out, struct slice text, struct err *err);
const struct record_row *record_find(const struct record *r,
				     const char *path); /* NULL when absent */

/* Append a row with what is given; written by record_format. */
void record_add(struct record *r, const char *path, const char *hash_text, int64_t size);
/* The same for bytes at hand. */
void record_add_bytes(struct record *r, const char *path, const void *data, size_t len);
/* Sorted bytewise by path, "\n" behind each row, quoted where CSV needs it. */
void record_format(struct buf *out, struct record *r);

#endif
