// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_ARTIFACT_H
#define CMD_ARTIFACT_H

#include "image/image.h"
#include "image/store.h"

/* What a command made or moved: one image, or an index of several. */
struct artifact {
	struct image *images; /* owned */
	const struct platform *platforms;
	size_t count;
	bool is_index;
	struct index index;
	struct arena arena; /* of the index */
	struct artifact_blobs {
		struct blob_source source;
		const struct artifact *of;
	} blobs; /* of all images, and their documents as far as the store has them */
};
/* `count` zeroed images to be filled. The artifact must not move from then on. */
void artifact_init(struct artifact *a, const struct platform *platforms, size_t count);
void artifact_free(struct artifact *a);
/* Makes the index; not called for one image alone. */
void artifact_make_index(struct artifact *a, const struct index_recipe *recipe);

/* The one manifest, or the index. */
struct descriptor artifact_root(const struct artifact *a);
const char *artifact_raw(const struct artifact *a);
/* Its documents as blobs, under no name. */
MUST_CHECK bool artifact_put_documents(struct artifact *a, struct store *s, struct err *err);
/* Under a name. */
MUST_CHECK bool artifact_put(struct artifact *a, struct store *s, const struct reference *ref,
			     struct err *err);

#endif
