// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_POINTS_H
#define SANDBOX_POINTS_H

#include "base/arena.h"
#include "base/json.h"
#include "sandbox/space.h"

/*
 * What is mounted in a command's root, in order, as one list for OCI runtimes and for our own
 * isolation: /proc, /dev and what is in it, /sys, then files and directories of the host. With them
 * the paths that are hidden or read-only (Docker's).
 */
struct point {
	const char *type; /* of the file system; "bind" */
	const char *source;
	const char *target;  /* absolute in the root, no links in it */
	unsigned long flags; /* MS_NOSUID, ... MS_BIND | MS_REC */
	const char *data;    /* its own options, comma separated; NULL: none */
	bool ours; /* a bind of what was made for this command: mount points are made in it */
};
struct points {
	struct point *items;
	size_t len, cap;
	struct arena arena;
};
void points_free(struct points *p);

/* `network`: the host's. `shm_size`: of /dev/shm; 0 is docker's 64 MiB. `insecure`: /sys can be
 * written, and root gets the devices sandbox.h names. */
void points_add_standard(struct points *p, const struct space *space, bool network,
			 uint64_t shm_size, bool insecure);
void points_add_bind(struct points *p, const char *source, const char *target, bool read_only,
		     bool ours);

/* The member "mounts" of an OCI config. */
json_t *points_oci(const struct points *p);

extern const char *const points_masked[]; /* NULL-terminated */
extern const char *const points_readonly[];

/* Mount one under the root by its descriptor: the target is resolved inside it and made when it
 * lies in a mount of ours. */
MUST_CHECK bool point_mount(const struct point *p, int root, struct err *err);
/* Hide or protect a path, when it is there. */
MUST_CHECK bool point_mask(int root, const char *path, struct err *err);
MUST_CHECK bool point_protect(int root, const char *path, struct err *err);

/*
 * An overlay of `lowers` (highest first, absolute paths) on `upper`, at `target`, all below `dir`,
 * which becomes the working directory: their names are short links there, since mount options are
 * at most a page long. `devices`: device nodes in it open. E_UNSUPPORTED when the kernel or the
 * file system refuses.
 */
MUST_CHECK bool points_overlay(const char *dir, const char *const *lowers, size_t count,
			       bool userxattr, bool devices, struct err *err);

#endif
