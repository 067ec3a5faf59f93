// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_CONTENTS_H
#define RUNTIME_CONTENTS_H

#include "builder/spool.h"
#include "layers/tree.h"
#include "layers/zip.h"

/*
 * What an artifact holds as files, whichever kind it is: an image's merged layers, or the members
 * of a zip. Paths are canonical (fs_clean_member); the entries live as long as this does.
 */
struct contents {
	struct tree *tree;         /* of an image, owned */
	struct zip *zip;           /* or of a zip, borrowed */
	struct entry_list members; /* of the zip: sorted, with their directories */
	struct spool spool;        /* for bytes of an image's files */
};
void contents_free(struct contents *c);

/* `blobs` gives the image's layers and must outlive it. No layer is opened whose file index the
 * store keeps; an index that is read is kept. */
MUST_CHECK bool contents_of_image(struct contents *out, const struct image *img,
				  struct blob_source *blobs, struct store *store, struct err *err);
MUST_CHECK bool contents_of_zip(struct contents *out, struct zip *zip, struct err *err);

/* Links are followed inside the root, a leading slash is fine; NULL: absent. `path_out` (may be
 * NULL) is where it really is; the caller frees. */
MUST_CHECK bool contents_find(const struct entry **out, char **path_out, const struct contents *c,
			      const char *path, struct err *err);
/* Names directly in a directory, sorted; none when it is absent or no directory. */
MUST_CHECK bool contents_list(struct str_list *out, const struct contents *c, const char *dir,
			      struct err *err);
/* Everything below a canonical path that is no link, until `visit` says false. */
void contents_walk(const struct contents *c, const char *dir,
		   bool (*visit)(void *arg, const struct entry *e), void *arg);

/* The first bytes of each of these files, at most `max`: heads[i], an initialised buf, gets those
 * of entries[i]. One pass over each layer that holds one; a zip's member is read whole, for its
 * sum. */
MUST_CHECK bool contents_heads(struct buf *heads, struct contents *c,
			       const struct entry *const entries[], size_t count, size_t max,
			       struct err *err);
/* One small file. E_INPUT when it is larger than `max`. */
MUST_CHECK bool contents_read(struct buf *out, struct contents *c, const struct entry *e,
			      size_t max, struct err *err);

#endif
