// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FUZZ_LAYERS_H
#define TESTS_FUZZ_LAYERS_H

#include "layers/tree.h"
#include "tests/fuzz/members.h"

/* Layers in memory, made of text (members.h), as a source of blobs. Zero is empty. */
enum { LAYERS_MAX = 6 };

struct layers {
	struct blob_source source;
	struct tree_layer items[LAYERS_MAX];
	struct buf tars[LAYERS_MAX];
	size_t len;
};

static inline void layers_free(struct layers *l)
{
	for (size_t i = 0; i < l->len; i++)
		buf_free(&l->tars[i]);
}

static inline bool layers_open(struct blob_source *self, struct source **out,
			       const struct descriptor *d, struct err *err)
{
	struct layers *l = (struct layers *)self;

	for (size_t i = 0; i < l->len; i++) {
		if (!digest_eq(&l->items[i].descriptor.digest, &d->digest))
			continue;
		*out = source_mem(l->tars[i].ptr, l->tars[i].len);
		return true;
	}
	return err_set(err, E_NOT_FOUND, "no such blob");
}

static inline void layers_add(struct layers *l, struct slice text)
{
	struct tree_layer *layer = &l->items[l->len];
	struct buf *tar = &l->tars[l->len++];

	l->source.open = layers_open;
	*tar = (struct buf)BUF_INIT(1 << 26);
	put_members(tar, text);
	layer->diff_id = digest_of(tar->ptr, tar->len);
	layer->descriptor = (struct descriptor){
		.media_type = media_text(MEDIA_LAYER, FAMILY_OCI, COMPRESSION_NONE),
		.digest = layer->diff_id,
		.size = (int64_t)tar->len,
	};
}

#endif
