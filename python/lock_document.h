// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_LOCK_DOCUMENT_H
#define PYTHON_LOCK_DOCUMENT_H

#include "python/candidates.h"

/* What a lock says, in the order it is written. */
struct lock_file {
	const struct candidate *candidate; /* its hashes are known */
	int64_t size;                      /* -1: not known */
};

struct lock_package {
	const char *key;
	const struct candidate *chosen;
	struct lock_file *files; /* the wheels of its version, by name */
	size_t file_count;
	bool by_path;     /* a line names the one file, by its path */
	const char **via; /* who asks for it: "-r requirements.txt", keys of packages; sorted */
	size_t via_count;
};

struct lock_document {
	const struct python_target *target;
	const char *environment;       /* the marker it is for */
	const char *output;            /* its path; NULL: none */
	struct lock_package *packages; /* by key */
	size_t package_count;
};

/* pip's format with --hash, each package followed by "# via" as pip-compile and uv write it. */
void lock_document_put_requirements(struct buf *out, const struct lock_document *doc);
/* PEP 751, version 1.0. */
void lock_document_put_pylock(struct buf *out, const struct lock_document *doc);

#endif
