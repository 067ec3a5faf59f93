// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_DOWNLOADS_H
#define PYTHON_DOWNLOADS_H

#include "image/store.h"

/* Where a store keeps what package indexes gave. */
#define DOWNLOADS_PAGES "cache/pages"
#define DOWNLOADS_METADATA "cache/metadata"
#define DOWNLOADS_WHEELS "cache/wheels" /* a folder for each hash */

/* One file of it, for gc. */
struct download {
	char *path; /* in the store */
	uint64_t bytes;
	int64_t used; /* when last */
};
struct downloads {
	struct download *items; /* longest unused first */
	size_t len, cap;
};
void downloads_free(struct downloads *d);
MUST_CHECK bool downloads_find(struct downloads *out, struct store *s, struct err *err);
/* Who needs it just now fetches it again. Gone already is success. */
MUST_CHECK bool download_remove(struct store *s, const struct download *d, struct err *err);

#endif
