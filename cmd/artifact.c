// SPDX-License-Identifier: Apache-2.0
#include "cmd/artifact.h"

#include <stdlib.h>

#include "base/mem.h"

/* One image or several, under one name. */

static bool has_layer(const struct image *img, const struct descriptor *d)
{
	for (size_t i = 0; i < img->manifest.layer_count; i++)
		if (digest_eq(&img->manifest.layers[i].digest, &d->digest))
			return true;
	return false;
}

/* The image that has the layer; else any of them, for the documents. */
static struct blob_source *source_of(struct blob_source *self, const struct descriptor *d)
{
	const struct artifact *a = ((struct artifact_blobs *)self)->of;

	for (size_t i = 0; i < a->count; i++)
		if (has_layer(&a->images[i], d))
			return a->images[i].blobs;
	return a->images[0].blobs;
}

static bool blobs_open(struct blob_source *self, struct source **out, const struct descriptor *d,
		       struct err *err)
{
	struct blob_source *from = source_of(self, d);

	return from->open(from, out, d, err);
}

static const struct reference *blobs_origin(struct blob_source *self, const struct descriptor *d)
{
	struct blob_source *from = source_of(self, d);

	return from->origin ? from->origin(from, d) : NULL;
}

void artifact_init(struct artifact *a, const struct platform *platforms, size_t count)
{
	*a = (struct artifact){ .images = mem_alloc(count * sizeof(struct image)),
				.platforms = platforms,
				.count = count,
				.blobs = { .source = { blobs_open, blobs_origin }, .of = a } };
}

void artifact_free(struct artifact *a)
{
	for (size_t i = 0; i < a->count; i++)
		image_free(&a->images[i]);
	free(a->images);
	arena_free(&a->arena);
}

void artifact_make_index(struct artifact *a, const struct index_recipe *recipe)
{
	struct index_recipe r = *recipe;

	r.images = a->images;
	r.platforms = a->platforms;
	r.count = a->count;
	image_index(&a->index, &r, &a->arena);
	a->is_index = true;
}

struct descriptor artifact_root(const struct artifact *a)
{
	const struct manifest *m = &a->images[0].manifest;

	if (a->is_index)
		return (struct descriptor){ .media_type = a->index.media_type,
					    .digest = a->index.digest,
					    .size = (int64_t)a->index.raw_len };
	return (struct descriptor){ .media_type = m->media_type,
				    .digest = m->digest,
				    .size = (int64_t)m->raw_len,
				    .platform = image_platform(&a->images[0]) };
}

const char *artifact_raw(const struct artifact *a)
{
	return a->is_index ? a->index.raw : a->images[0].manifest.raw;
}

bool artifact_put_documents(struct artifact *a, struct store *s, struct err *err)
{
	for (size_t i = 0; i < a->count; i++)
		if (!store_put_documents(s, &a->images[i], err))
			return false;
	return true;
}

bool artifact_put(struct artifact *a, struct store *s, const struct reference *ref, struct err *err)
{
	if (!a->is_index)
		return store_put_image(s, &a->images[0], ref, err);
	return artifact_put_documents(a, s, err) &&
	       store_put_index(s, &a->index, &a->blobs.source, ref, err);
}
