// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_CANDIDATES_H
#define PYTHON_CANDIDATES_H

#include "python/requirement.h"
#include "python/wheel.h"

/*
 * The files there are to choose from: wheels in directories, by project. Names are read once, the
 * files themselves only when one is looked at.
 */
struct candidate {
	const char *path;
	const char *filename; /* the end of path */
	struct wheel_name name;
	size_t rank;  /* of its tags; SIZE_MAX: the target takes none of them */
	size_t order; /* in which it was found */
	bool is_open;
	struct wheel wheel; /* once open */
	struct metadata metadata;
	struct requirement *requires_dist; /* parsed Requires-Dist */
	size_t requires_count;
	bool has_hashes;
	unsigned char hashes[3][HASH_SIZE_MAX]; /* by enum hash_kind, once read */
	const char *unfit; /* why it cannot be taken whatever is asked for; NULL: it can */
};

struct project {
	const char *key;
	struct candidate **items; /* best first, those the target cannot take last */
	size_t len, cap;
	bool is_sorted;
	struct str_list others; /* source archives and files with bad names */
};

struct candidates {
	const struct python_target *target;
	struct tag_ranks ranks;
	struct map projects;    /* key -> struct project * */
	struct str_list places; /* the directories, for messages */
	size_t count;
	bool only_sha256; /* nobody asks for the other hashes of a file */
	struct arena arena;
};
void candidates_free(struct candidates *c);
/* `target` must outlive it. */
void candidates_init(struct candidates *c, const struct python_target *target);

/* Add the files of a directory. E_NOT_FOUND, E_IO. */
MUST_CHECK bool candidates_add_dir(struct candidates *c, const char *dir, struct err *err);
/* Add one wheel, wherever it lies. E_INPUT for a bad name. Its candidate is among the project's;
 * found again by path. */
MUST_CHECK bool candidates_add_file(struct candidates *c, const char *path, struct err *err);

/* NULL: no file of that project. Sorted from the first call on. */
struct project *candidates_find(struct candidates *c, const char *key);
/* The project whose name is nearest to `key`, for "did you mean"; NULL when none is near. */
const char *candidates_nearest(const struct candidates *c, const char *key);

/* Open the file and read its metadata, once; sets `unfit` when Requires-Python or a Requires-Dist
 * rules it out. */
MUST_CHECK bool candidate_look(struct candidate *ca, struct candidates *c, struct err *err);
/* Hash the file, once. */
MUST_CHECK bool candidate_hash(struct candidate *ca, struct candidates *c, struct err *err);

#endif
