// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_LOCATION_H
#define GIT_LOCATION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * Where a git repository is and what of it is wanted, as BuildKit writes it
 * (frontend/dockerfile/dfgitutil, util/gitutil):
 *
 *	https://HOST/PATH.git, http://..., git://HOST/PATH, ssh://[USER@]HOST/PATH, file:///PATH,
 *	USER@HOST:PATH (ssh), github.com/OWNER/NAME (contexts only)
 *
 * each with "#REF:SUBDIR", or with "?" and ref, branch, tag, commit (checksum), subdir,
 * keep-git-dir, submodules, fetch-by-commit, mtime. Pure: nothing is looked up.
 */
enum git_scheme { GIT_HTTPS, GIT_HTTP, GIT_SSH, GIT_TCP, GIT_FILE };

struct git_location {
	enum git_scheme scheme;
	char *user;     /* ssh; NULL: none */
	char *host;     /* NULL for files */
	uint16_t port;  /* 0: the scheme's */
	char *path;     /* as the server is asked for it */
	char *remote;   /* the whole, without fragment and query: names it in messages and caches */
	char *ref;      /* NULL: the default branch */
	char *subdir;   /* clean, relative; NULL: the root */
	char *checksum; /* hex, lower case, the beginning of a commit id; NULL: any */
	bool keep_git_dir, has_keep_git_dir;
	bool no_submodules;
	bool fetch_by_commit; /* `checksum` is the commit, whatever `ref` is now */
	bool mtime_commit;    /* files get the time of the commit */
};
void git_location_free(struct git_location *l);

/* Whether a source of ADD, or (context) a word that names a build context, means a repository. */
bool git_location_is(const char *text, bool context);

/* E_INPUT: what cannot be a repository, options that contradict each other or that nobody knows,
 * passwords. */
MUST_CHECK bool git_location_parse(struct git_location *out, const char *text, struct err *err);

/* Only this commit, by its id or the beginning of it. */
MUST_CHECK bool git_location_pin(struct git_location *l, const char *commit, struct err *err);

/* The URL of a submodule as seen from its parent: "../x" and "./x" are relative to it. */
MUST_CHECK bool git_location_resolve(struct git_location *out, const struct git_location *parent,
				     const char *url, struct err *err);
bool git_location_same_host(const struct git_location *a, const struct git_location *b);

/* A text as a value of a git configuration file; the caller frees. */
char *git_config_value(const char *text);

/* A whole SHA-1 commit id: 40 hex digits, lower case. */
bool git_is_commit(const char *text);

#endif
