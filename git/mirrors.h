// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_MIRRORS_H
#define GIT_MIRRORS_H

#include "image/store.h"

/* The mirrors that a store keeps of git repositories, cache/git: counted, and removed. */
struct git_mirror {
	char name[40]; /* of its directory */
	char *url;     /* of the repository; its name when that was never noted */
	uint64_t bytes;
	int64_t used; /* when last */
};
struct git_mirrors {
	struct git_mirror *items; /* longest unused first */
	size_t len, cap;
};
MUST_CHECK bool git_mirrors_find(struct git_mirrors *out, struct store *store, struct err *err);
void git_mirrors_free(struct git_mirrors *m);

/* *removed_out false: somebody reads or fetches just now. */
MUST_CHECK bool git_mirror_remove(bool *removed_out, struct store *store,
				  const struct git_mirror *m, struct err *err);
/* Those that nobody used within LIMIT_GIT_UNUSED_S; whatever fails waits for the next time. */
void git_mirrors_sweep(struct store *store);

/* The file in a mirror that holds its URL. */
#define GIT_MIRROR_URL "rtbuild-url"
/* And the one whose time is the last use, locked by who uses it. */
#define GIT_MIRROR_USE "use"
#define GIT_MIRROR_ROOT "cache/git"
#define GIT_MIRROR_PACKS "objects/pack"

#endif
