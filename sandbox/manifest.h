// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_MANIFEST_H
#define SANDBOX_MANIFEST_H

#include <sys/stat.h>

#include "base/map.h"
#include "sandbox/stubs.h"

/*
 * What a tree of ours was like before a command, to tell what it changed where there is no overlay:
 * of everything inode, times, mode and owner. Change times are the kernel's word: a command cannot
 * set them back.
 */
struct manifest {
	struct map files;            /* path -> struct seen */
	const struct str_list *skip; /* borrowed; paths that are not the tree's */
};
void manifest_free(struct manifest *m);
/* `skip`: canonical paths, without a leading slash, that are left out with all below them. */
MUST_CHECK bool manifest_take(struct manifest *m, int root, const struct str_list *skip,
			      struct err *err);

/*
 * The changes since, as an overlay's upper directory would hold them (whiteouts,
 * user.overlay.opaque, all parents): changed files are moved from `root` to the empty directory
 * `upper`. Nobody may write to the tree any more. `stubs`: what was made in the tree before the
 * manifest; parents that changed by that alone get their times back, and one that is gone needs no
 * whiteout.
 */
MUST_CHECK bool manifest_upper(struct manifest *m, int upper, int root, const struct stubs *stubs,
			       bool keep_owner, struct err *err);

#endif
