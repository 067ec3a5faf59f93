// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_FILES_H
#define BUILDER_FILES_H

#include "base/err.h"
#include "builder/dockerignore.h"
#include "layers/entry.h"

/*
 * A tree of files as a sorted list of entries with all their directories: what COPY reads from,
 * whether it is a context, a stage, an image or files made in memory. Entries are borrowed.
 */
struct files {
	const struct entry **items; /* bytewise by path; the root has no entry */
	size_t len, cap;
	bool keeps_owners; /* stages and images; a context's files belong to root */
	bool keeps_times;  /* asked for by the source itself */
	const struct dockerignore
		*ignored; /* why something may be missing here; NULL: nothing is left out */
};
void files_add(struct files *f, const struct entry *e); /* before files_sort */
void files_sort(struct files *f);
void files_free(struct files *f);

/* By canonical path; NULL when absent. The root ("") is always there. */
const struct entry *files_find(const struct files *f, const char *path);
size_t files_index(const struct files *f, const char *path); /* into items; SIZE_MAX: absent */
extern const struct entry files_root;
/* Everything below a directory (canonical, "" is the root): items[*first_out .. *end_out - 1]. */
void files_below(const struct files *f, const char *dir, size_t *first_out, size_t *end_out);

/*
 * Follow symbolic links as inside a root: absolute ones start there, ".." never leaves it. `find`
 * gives the entry at a canonical path whose parents are no links. What is absent stays as written;
 * *exists_out says whether all of it was there. The caller frees. E_INPUT after 40 links.
 */
typedef const struct entry *files_find_fn(void *arg, const char *path);
MUST_CHECK bool files_resolve(char **out, bool *exists_out, files_find_fn *find, void *arg,
			      const char *path, bool follow_last, struct err *err);
/* The same in a list; absent is *out NULL. */
MUST_CHECK bool files_follow(const struct entry **out, const struct files *f, const char *path,
			     struct err *err);

/* The entries a source names, unfollowed, sorted: one, or those that match its wildcards (not
 * looking below a match). Paths are the caller's. */
MUST_CHECK bool files_select(struct str_list *out, const struct files *f, const char *source,
			     struct err *err);

#endif
