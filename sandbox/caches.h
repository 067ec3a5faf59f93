// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_CACHES_H
#define SANDBOX_CACHES_H

#include "sandbox/sandbox.h"

/*
 * The cache mounts of a store, by name, from outside of any command: to be seen, carried to another
 * machine and removed. All by the helper, since what is in them can belong to subordinate ids; it
 * sees those of its own kind of ids alone (cachedir.h).
 */
struct sandbox_cache {
	char *name;       /* as cachedir.h has it, what commands called it first */
	size_t instances; /* directories: more than one when private ones ran at once */
	uint64_t bytes;   /* on the disk */
	int64_t used;     /* when a command had it last */
};
struct sandbox_caches {
	struct sandbox_cache *items;
	size_t len, cap;
};
MUST_CHECK bool sandbox_caches(struct sandbox_caches *out, struct sandbox *s, struct store *store,
			       struct err *err); /* by name */
void sandbox_caches_free(struct sandbox_caches *c);

/*
 * E_NOT_FOUND for an unknown name; E_IO for one that a command has now, with the cure. What is
 * exported is the first instance, an uncompressed tar with numeric owners; imported it replaces
 * whatever is kept under the name. `tar_fd` (borrowed) may be compressed.
 */
MUST_CHECK bool sandbox_cache_export(struct sink *tar, struct sandbox *s, struct store *store,
				     const char *name, struct err *err);
MUST_CHECK bool sandbox_cache_import(struct sandbox *s, struct store *store, const char *name,
				     int tar_fd, struct err *err);
MUST_CHECK bool sandbox_cache_remove(struct sandbox *s, struct store *store, const char *name,
				     struct err *err);

/*
 * Remove the unpacked trees of layers but those of `keep` (trees are made again when they are
 * needed). Nothing is removed while a command runs on this store: *busy_out then.
 */
MUST_CHECK bool sandbox_prune_trees(size_t *removed_out, uint64_t *bytes_out, bool *busy_out,
				    struct sandbox *s, struct store *store,
				    const struct sandbox_layer *keep, size_t keep_count,
				    bool dry_run, struct err *err);

#endif
