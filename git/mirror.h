// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_MIRROR_H
#define GIT_MIRROR_H

#include "git/libgit2.h"
#include "git/smart.h"
#include "image/store.h"

/* A bare repository in the store's cache/git, filled from one URL. Internal to git/. */
struct mirror {
	const struct libgit2 *lib;
	int dir;    /* cache/git/HASH */
	char *path; /* of it */
	int in_use; /* shared while objects are read */
};
MUST_CHECK bool mirror_open(struct mirror *m, struct store *store, const char *remote,
			    struct err *err);
void mirror_close(struct mirror *m);

/* The commit and all its files are here. */
bool mirror_has(const struct mirror *m, const char *commit);
/* Nobody else fetches until *lock_out is closed. */
MUST_CHECK bool mirror_lock(int *lock_out, struct mirror *m, struct err *err);
/* Under that lock: fetch a commit (or the tag that is of it), alone or with all history. */
MUST_CHECK bool mirror_fetch(struct mirror *m, struct smart *s, const struct smart_fetch *f,
			     struct err *err);
/* Under that lock: list a commit as whole. E_NOT_FOUND when it is not here. */
MUST_CHECK bool mirror_list(struct mirror *m, const char *commit, struct err *err);
/* The commits that are. */
MUST_CHECK bool mirror_commits(struct str_list *out, const struct mirror *m, struct err *err);

#endif
