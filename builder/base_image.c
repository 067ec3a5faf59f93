// SPDX-License-Identifier: Apache-2.0
#include "builder/base_image.h"

#include <stdlib.h>

#include "base/mem.h"
#include "builder/driver.h"

/* What driver.h has for stages, for one image without a build. */

struct base_image {
	const struct build_env *env;
	struct image image;
	struct base_blobs blobs;
	struct tree_layer *layers;
	size_t count;
};

void base_image_close(struct base_image *b)
{
	if (!b)
		return;
	image_free(&b->image);
	free(b->layers);
	free(b);
}

bool base_image_open(struct base_image **out, const struct build_env *env, const char *name,
		     const struct platform *platform, bool pull, struct err *err)
{
	AUTO(auto_base_image_close) struct base_image *b = mem_alloc(sizeof(*b));

	b->env = env;
	if (!base_find(&b->image, &b->blobs, env, pull, name, platform, err))
		return false;
	b->count = b->image.manifest.layer_count;
	if (config_diff_id_count(&b->image.config) != b->count)
		return err_set(err, E_INTEGRITY, "%s lists %zu layers, its config %zu", name,
			       b->count, config_diff_id_count(&b->image.config));
	b->layers = mem_alloc((b->count + 1) * sizeof(*b->layers));
	for (size_t i = 0; i < b->count; i++)
		b->layers[i] =
			(struct tree_layer){ .descriptor = b->image.manifest.layers[i],
					     .diff_id = config_diff_id(&b->image.config, i) };
	*out = STEAL(b);
	return true;
}

const struct image *base_image_get(const struct base_image *b)
{
	return &b->image;
}

bool base_image_fetch(struct base_image *b, struct err *err)
{
	return base_fetch_layers(b->env, &b->image, 0, b->count, err);
}

bool base_image_lower(struct tree **out, struct base_image *b, size_t count, struct err *err)
{
	AUTO(auto_close) int indexes = -1;

	return base_fetch_layers(b->env, &b->image, 0, count, err) &&
	       store_subdir(&indexes, b->env->store, "cache/indexes", err) &&
	       tree_open(out, store_blobs(b->env->store), b->layers, count, indexes, err);
}

bool base_image_upper(struct tree **out, struct base_image *b, size_t first, struct err *err)
{
	AUTO(auto_close) int indexes = -1;
	size_t count = b->count - first;

	if (!first)
		return base_image_lower(out, b, count, err);
	return base_fetch_layers(b->env, &b->image, first, count, err) &&
	       store_subdir(&indexes, b->env->store, "cache/indexes", err) &&
	       tree_open_upper(out, store_blobs(b->env->store), b->layers + first, count, indexes,
			       err);
}
