// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_WHEELS_H
#define PYTHON_WHEELS_H

#include "layers/entry.h"
#include "python/wheel.h"
#include "python/wheel_request.h"

/*
 * From requirement lines to wheels to files. Wheels come from local directories and pages that link
 * to them (--find-links), and from package indexes. Each name's best version that satisfies every
 * requirement on it is taken (pip's rule for pre-releases), Requires-Dist is followed with markers
 * for the target; lines with --hash make hashes necessary for all (pip's rule). Older versions are
 * tried where the best ones contradict each other; an error of a contradiction that stays names
 * both sides.
 */
struct wheel_list {
	struct wheel *items;
	size_t len, cap;
};
void wheel_list_free(struct wheel_list *l);

/*
 * Sorted by name. Of the indexes that the request and its files name, the extra ones are asked
 * first, the first that has a project counts. PyPI is the --index-url where extra ones are named
 * without it, and where nothing says where wheels are, no --find-links either; the last --index-url
 * of a file replaces that of the request.
 *
 * E_NOT_FOUND naming a package that has no file, E_INPUT with file:line:col for a bad line
 * and for requirements that contradict each other; when files exist but none fits, E_NOT_FOUND
 * lists each file with the reason (tag, Requires-Python, version, source archive), E_INTEGRITY when
 * a hash is the reason. E_INTEGRITY for a wheel that is not what it says, or not what its page
 * says; errors of index_client.h.
 */
MUST_CHECK bool wheels_select(struct wheel_list *out, const struct wheel_request *req,
			      struct events *events, struct err *err);

/* Two wheels that bring the same path with different bytes: E_INPUT naming both. Equal bytes are
 * merged. Sorts. */
MUST_CHECK bool wheels_merge(struct entry_list *out, const struct wheel_list *wheels,
			     const struct wheel_layout *layout, struct err *err);

/*
 * What the entries of wheels_merge depend on, for cache keys: SHA-256 over a format version, the
 * layout, and of each wheel (by name, in any order of the list) file name, hash and whether it was
 * requested.
 */
void wheels_identity(unsigned char out[SHA256_SIZE], const struct wheel_list *wheels,
		     const struct wheel_layout *layout);

#endif
