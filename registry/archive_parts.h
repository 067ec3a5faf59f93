// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ARCHIVE_PARTS_H
#define REGISTRY_ARCHIVE_PARTS_H

#include "base/arena.h"
#include "base/map.h"
#include "image/manifest.h"
#include "registry/archive_roots.h"

/* What an archive or a layout consists of, found out before the first byte is written. Internal to
 * registry/archive_write.c and layout_write.c. */
struct archive_part {
	struct descriptor descriptor;
	const char *raw; /* a document's bytes; NULL: they are read from `blobs` */
	struct blob_source *blobs;
};

struct archive_parts {
	struct arena arena;
	struct map seen; /* hex of digests */
	struct {
		struct archive_part *items;
		size_t len, cap;
	} blobs;
	json_t *images; /* manifest.json; NULL unless ARCHIVE_DOCKER */
};
MUST_CHECK bool archive_parts_collect(struct archive_parts *out, const struct archive_request *r,
				      struct err *err);
void archive_parts_free(struct archive_parts *p);

/* The bytes of a part, verified while they are read. */
MUST_CHECK bool archive_part_open(struct source **out, const struct archive_part *p,
				  struct err *err);

/* Entries of index.json, appended to a list: one a name, or one alone for a root without a name. */
void archive_index_entries(json_t *list, const struct archive_request *r);
extern const char archive_layout_text[]; /* the file oci-layout */

#define ARCHIVE_TAG "org.opencontainers.image.ref.name"
#define ARCHIVE_NAME "io.containerd.image.name"

#endif
