// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_IMAGE_H
#define IMAGE_IMAGE_H

#include "base/arena.h"
#include "base/err.h"
#include "image/blob_source.h"
#include "image/config.h"
#include "image/manifest.h"

/*
 * An immutable view of one image of one platform: manifest and config, raw and parsed, and where
 * its blobs come from. Nothing here touches layer bytes. Both verbs (build, extend) end in one of
 * these.
 */
struct image {
	struct arena arena;
	struct manifest manifest;
	struct config config;
	const char *config_raw; /* in the arena */
	size_t config_raw_len;
	struct blob_source *blobs; /* borrowed: of the layers */
};

void image_free(struct image *img);

/*
 * From the two documents' bytes. Verified: config digest and size against the
 * manifest, number of diff ids against layers (when the config is an image config). E_INTEGRITY
 * otherwise.
 */
MUST_CHECK bool image_open(struct image *out, const char *manifest_raw, size_t manifest_len,
			   const char *content_type, const char *config_raw, size_t config_len,
			   struct blob_source *blobs, struct err *err);

/* A layer that was made: its descriptor and the digest of its uncompressed tar. */
struct layer {
	struct descriptor descriptor; /* media_type points at media.c's table */
	struct digest diff_id;
	int64_t unpacked_size; /* of the tar */
};

/*
 * A new image of `config` (whose diff ids already list all layers) on the layers
 * of `base` (NULL: none) followed by `layers`. Base descriptors stay as they are, byte for byte in
 * meaning; the media-type family is the base's, else `family`. `annotations` may be NULL; base
 * annotations are kept.
 */
struct image_recipe {
	const struct image *base;
	const struct config *config;
	const struct layer *layers;
	size_t layer_count;
	enum media_family family;
	const struct json_pairs *annotations;
	struct blob_source *blobs;
};
MUST_CHECK bool image_make(struct image *out, const struct image_recipe *r, struct err *err);

struct platform image_platform(const struct image *img);

/*
 * An index of images, in the order given; each is listed for the platform at its place in
 * `platforms`, with the annotations at its place in `entry_annotations` (may be NULL).
 * `annotations` of the index itself may be NULL; docker's manifest lists have none of either.
 */
struct index_recipe {
	const struct image *images;
	const struct platform *platforms;
	size_t count;
	enum media_family family;
	const struct json_pairs *annotations, *entry_annotations;
};
void image_index(struct index *out, const struct index_recipe *r, struct arena *arena);

#endif
