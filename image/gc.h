// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_GC_H
#define IMAGE_GC_H

#include "image/store.h"

/*
 * Shrink a store: remove the blobs nothing needs, and what dead processes left in tmp/ and locks/.
 * Kept: what index.json and cache/sparse reach, what cache records (files in cache/steps, each
 * beginning with lines "pin sha256:...") pin, and what any open handle of any living process, this
 * one included, wrote or was told to be here. Of the transfers that were broken off (partial/)
 * those that somebody touched within LIMIT_PARTIAL_AGE_S, or works on, stay. Any process may work
 * on the store meanwhile; its commits and listings wait for the sweep. A document that cannot be
 * read stops it (E_INTEGRITY) before anything is removed.
 */
struct gc_options {
	bool dry_run;
	bool drop_unused; /* records not used for `unused_s` seconds are dropped first */
	int64_t unused_s;
	uint64_t size_max; /* records are dropped, longest unused first, until the blobs fit; 0: no
			      limit */
};
struct gc_report {
	struct str_list removed; /* digests */
	uint64_t bytes;          /* of them */
	size_t records, leftovers;
	size_t partials; /* transfers that a later run may go on with: those that stay */
	uint64_t partial_bytes;
	size_t kept;
	uint64_t kept_bytes;
};

MUST_CHECK bool store_gc(struct gc_report *out, struct store *s, const struct gc_options *options,
			 struct err *err);
void gc_report_free(struct gc_report *r);

#endif
