// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_FILE_INDEX_H
#define LAYERS_FILE_INDEX_H

#include "image/blob_source.h"
#include "layers/entry.h"

/*
 * The members of one layer in archive order, without contents: member i of the list is member i of
 * the tar. Read from the layer once and kept in a cache directory by diff id, so that a second look
 * needs no layer bytes. A cached file carries its own SHA-256: one that is damaged, cut off or of
 * another version is read anew.
 */

/* Reads the layer to its end, verified against descriptor and diff id. `cache_dir` -1: no cache. */
MUST_CHECK bool file_index_open(struct entry_list *out, struct blob_source *blobs,
				const struct descriptor *d, const struct digest *diff_id,
				int cache_dir, struct err *err);
/* Whether that would need no layer bytes, as long as what is kept is not damaged. */
bool file_index_is_kept(const struct digest *diff_id, int cache_dir);

#endif
