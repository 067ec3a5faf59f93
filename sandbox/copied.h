// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_COPIED_H
#define SANDBOX_COPIED_H

#include "sandbox/cachedir.h"
#include "sandbox/manifest.h"
#include "sandbox/request.h"
#include "sandbox/stubs.h"
#include "sandbox/workdir.h"

/*
 * A root where nothing can be mounted: the layers' trees merged into <work>/root by copying, and
 * what would be mounted put in its place, what lies there aside. Caches are moved in and out again
 * (by workdir_lend, whoever dies), so only one command has one at a time. The changes are told
 * by a manifest.
 *
 * What cannot be had: a directory of the host that is written to, a secret as a file (it would be
 * on the disk, unless the store lies in memory), a tmpfs with a size that holds. /proc and /sys are
 * empty, /dev has the usual nodes where mknod is allowed.
 *
 * Nothing in such a root leads to memory: a memfd is named by /proc alone, a link ends at the root,
 * and a FIFO is no file to `test -f`, to whoever reads it twice or two at once. So a secret stays a
 * variable.
 */
struct copied {
	const struct space *space;
	const struct request *request;
	const struct workdir *work;
	struct stubs *stubs; /* of the root */
	int root;
	struct cachedirs caches;
	struct str_list targets; /* canonical, no leading slash: not the tree's own */
	struct str_list placed;  /* caches: name, target, name, target ... */
	struct manifest manifest;
	size_t made;
};
#define COPIED_INIT        \
	{                  \
		.root = -1 \
	}
void copied_free(struct copied *c);

/* <work>/root from the request's layers; its descriptor. */
MUST_CHECK bool copied_make(int *root_out, struct copied *c, struct err *err);
/* One file or directory of ours in its place. `source` is a path of the host. */
MUST_CHECK bool copied_put(struct copied *c, const char *source, const char *target,
			   struct err *err);
/* /dev and all mounts of the request. E_UNSUPPORTED says what cannot be had, with the cure. */
MUST_CHECK bool copied_mount(struct copied *c, struct err *err);
/* Before the command: from here on changes count. */
MUST_CHECK bool copied_settle(struct copied *c, struct err *err);
/* After it, and with nothing of it running: the changes as <work>/upper. */
MUST_CHECK bool copied_upper(int *upper_out, struct copied *c, struct err *err);

#endif
