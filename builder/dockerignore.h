// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_DOCKERIGNORE_H
#define BUILDER_DOCKERIGNORE_H

#include "base/err.h"
#include "base/str.h"

/*
 * Patterns of .dockerignore and of COPY --exclude, with the semantics of moby/patternmatcher
 * (facts/dockerfile.md section 1.6): rooted, ** for any depth, a pattern also covers everything
 * below what it matches, the last match wins, "!" takes back. Immutable: any number of threads may
 * match.
 */
struct dockerignore;

/* The text of a file: BOM, comments, blank lines and "!" as moby reads them. E_INPUT with the place
 * for a malformed pattern; LIMIT_IGNORE_PATTERNS. */
MUST_CHECK bool dockerignore_parse(struct dockerignore **out, const char *file, const char *text,
				   size_t len, struct err *err);
/*
 * The one that holds for a directory `dir` (named `dir_name` in messages): NAME.dockerignore beside
 * the Dockerfile `dockerfile` (its path; NULL or "": none), else its own .dockerignore. *out is
 * NULL when there is neither.
 */
MUST_CHECK bool dockerignore_load(struct dockerignore **out, int dir, const char *dir_name,
				  const char *dockerfile, struct err *err);
/* Single patterns. */
MUST_CHECK bool dockerignore_make(struct dockerignore **out, const char *const *patterns,
				  size_t count, struct err *err);
void dockerignore_free(struct dockerignore *d); /* NULL is fine */
static inline void auto_dockerignore_free(struct dockerignore **d)
{
	dockerignore_free(*d);
}

/* Whether `path` (canonical, not empty) is matched, its parents looked at too. NULL matches
 * nothing. */
bool dockerignore_matches(const struct dockerignore *d, const char *path);

/* Whether any pattern takes back what others match. */
bool dockerignore_has_exceptions(const struct dockerignore *d);
/* Whether a pattern is one of those that match whatever lies in the root: one star or two. */
bool dockerignore_is_total(const struct dockerignore *d);

/*
 * The same for a walk: `parent` holds what dockerignore_step left for the directory (NULL at the
 * root), `own` takes it for `path`; both have dockerignore_count elements.
 */
size_t dockerignore_count(const struct dockerignore *d);
bool dockerignore_step(const struct dockerignore *d, const char *path, const bool *parent,
		       bool *own);
/* Whether something below the matched directory `dir` may be taken back by a "!" pattern. */
bool dockerignore_may_return(const struct dockerignore *d, const char *dir);

#endif
