// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_MOUNTFILES_H
#define BUILDER_MOUNTFILES_H

#include "builder/cache.h"
#include "builder/driver.h"

/*
 * Where a mount's files come from. A stage or an image is its layers as they are. Of a context the
 * admitted files below `source` become a layer of their own, kept under the digest of their
 * content (row 65): the sandbox needs a tree, and a command that sees the same files again finds it
 * unpacked.
 */
struct mount_source {
	const char *path;                   /* in the layers, canonical; "" is all */
	const struct sandbox_layer *layers; /* of a stage or an image */
	size_t layer_count;
	const struct files *files; /* of a context: made a layer by mountset_ready */
	const struct entry *file;  /* what `path` is there; NULL: all of it */
	const char *identity;      /* of a context made of entries */
	struct digest key;         /* of its content; of a stage or an image: of its layers */
	bool has_content;          /* of those: */
	struct digest content;     /* mountcontent.h */
	struct base *base;         /* whose blobs must be here; may be NULL */
	bool of_stage;
	size_t stage;
};

/* E_NOT_FOUND when a context has no such file. Reads files of a context that were never read. */
MUST_CHECK bool mountfiles_find(struct mount_source *out, struct arena *arena, struct build *b,
				size_t stage, const struct step_mount *mount, struct err *err);
/* The layer of a context's files, written unless it is there. */
MUST_CHECK bool mountfiles_layer(struct mount_source *source, struct arena *arena, struct build *b,
				 struct err *err);

#endif
