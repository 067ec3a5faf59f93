// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_TREE_H
#define LAYERS_TREE_H

#include "image/image.h"
#include "layers/entry.h"

/*
 * The merged view of a stack of layers, without unpacking: each path's top-most entry and which
 * layer holds it. Built by reading each layer once, top layer first when only names are wanted. For
 * COPY --from, user-name look-ups and destination links.
 */
struct tree_layer {
	struct descriptor descriptor;
	struct digest diff_id;
};
struct tree;
/* Reads every layer (lowest first in `layers`). `cache_dir` (-1: none): directory of per-layer file
 * indexes by diff id, read and written, so that a second look needs no layer bytes. */
MUST_CHECK bool tree_open(struct tree **out, struct blob_source *blobs,
			  const struct tree_layer *layers, size_t count, int cache_dir,
			  struct err *err);
void tree_close(struct tree *t);
DEFINE_AUTO(struct tree, tree_close)

/* Links in the parents and (follow_last) in the last component are followed inside the root. NULL:
 * absent. `path_out` (may be NULL): the resolved canonical path, caller frees. E_INPUT on link
 * loops. */
MUST_CHECK bool tree_find(const struct entry **out, char **path_out, const struct tree *t,
			  const char *path, bool follow_last, struct err *err);
/* Names directly inside a directory, sorted; and everything at or below a canonical path, sorted.
 */
MUST_CHECK bool tree_list(struct str_list *out, const struct tree *t, const char *dir,
			  struct err *err);
void tree_walk(const struct tree *t, const char *dir,
	       bool (*visit)(void *arg, const struct entry *e), void *arg);

/* Small files (passwd, group): whole, at most `max` bytes. Reads layers from the top until it is
 * found. */
MUST_CHECK bool tree_read(struct buf *out, const struct tree *t, const char *path, size_t max,
			  struct err *err);

/*
 * Extract the contents of many files in one pass per layer into `spool` (a directory), and set each
 * entry's `open`, `dir`, `name` to read from there. Entries are the tree's (matched by path); hard
 * links are resolved to files.
 */
MUST_CHECK bool tree_fetch(const struct tree *t, struct entry *entries[], size_t count, int spool,
			   struct err *err);

#endif
