// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_TREE_H
#define LAYERS_TREE_H

#include "image/image.h"
#include "layers/entry.h"

/*
 * The merged view of a stack of layers, without unpacking: each path's top-most entry and which
 * layer holds it. An open tree may be looked at from several threads. For COPY --from, user-name
 * look-ups and destination links. Layers are applied in order as unpack_tar would: whiteouts,
 * opaque directories, files that replace directories, members written through links of lower
 * layers.
 *
 * Entries have their resolved canonical path. A hard link is the file it names, with a path of its
 * own; tree_same_file tells. Their contents are not at hand (`open` is NULL) until tree_fetch.
 */
struct tree_layer {
	struct descriptor descriptor;
	struct digest diff_id;
};
struct tree;
/*
 * `layers` lowest first; `blobs` is borrowed for the tree's life. `cache_dir` (-1: none; borrowed
 * for the call): a directory of per-layer file indexes by diff id, read and written, so that a
 * second look needs no layer bytes.
 */
MUST_CHECK bool tree_open(struct tree **out, struct blob_source *blobs,
			  const struct tree_layer *layers, size_t count, int cache_dir,
			  struct err *err);
/*
 * The upper layers of a stack alone, so that those below need not be at hand. What such a tree has
 * is, entry for entry, what the tree of all layers has there; what it has not may lie below, unless
 * tree_hides_lower. *out NULL: these layers alone do not tell, because of a hard link to a file
 * below, or a member or whiteout in a directory they do not have (below it may be a link).
 */
MUST_CHECK bool tree_open_upper(struct tree **out, struct blob_source *blobs,
				const struct tree_layer *layers, size_t count, int cache_dir,
				struct err *err);
/* Of such a tree: layers below it have nothing at or below this canonical path that would show; of
 * a directory that it has, nothing more inside. */
bool tree_hides_lower(const struct tree *t, const char *path);
void tree_close(struct tree *t);
DEFINE_AUTO(struct tree, tree_close)

/*
 * *out NULL: absent. Links in the parents and (follow_last) in the last component are followed
 * inside the root; "" and
 * "/" are the root, which is always there. `path_out` (may be NULL): the resolved canonical path,
 * of what is absent too as far as links lead; the caller frees. E_INPUT on more than
 * LIMIT_LINKS_FOLLOWED links.
 */
MUST_CHECK bool tree_find(const struct entry **out, char **path_out, const struct tree *t,
			  const char *path, bool follow_last, struct err *err);
/* Both entries (of this tree) are names of one file. */
bool tree_same_file(const struct entry *a, const struct entry *b);
/* Names directly inside a directory (links followed), sorted. E_NOT_FOUND, or E_INPUT when it is no
 * directory. */
MUST_CHECK bool tree_list(struct str_list *out, const struct tree *t, const char *dir,
			  struct err *err);
/* Everything below a canonical path and then itself in front ("" is everything but the root),
 * sorted bytewise, until `visit` says false. */
void tree_walk(const struct tree *t, const char *dir,
	       bool (*visit)(void *arg, const struct entry *e), void *arg);

/* Small files (passwd, group): whole, at most `max` bytes; links are followed. Reads the one layer
 * that holds it, to its end. E_NOT_FOUND when absent, E_INPUT when not a regular file or larger. */
MUST_CHECK bool tree_read(struct buf *out, const struct tree *t, const char *path, size_t max,
			  struct err *err);

/*
 * Extract the contents of many files in one pass per layer into `spool` (a directory, borrowed as
 * long as the entries are used), and set each entry's `open`, `dir`, `name` to read from there.
 * Entries are the tree's or copies of them (matched by path); others than files are left alone.
 * Names of one file share a spool file. Nothing may be trusted before this returned true.
 */
MUST_CHECK bool tree_fetch(const struct tree *t, struct entry *entries[], size_t count, int spool,
			   struct err *err);

/* Hash the contents of many files of this tree in one pass per layer, written nowhere: hashes[i] is
 * entries[i]'s, left alone for others than files. */
MUST_CHECK bool tree_hash(unsigned char (*hashes)[SHA256_SIZE], const struct tree *t,
			  const struct entry *const entries[], size_t count, struct err *err);

#endif
