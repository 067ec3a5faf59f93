// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_BASE_IMAGE_H
#define BUILDER_BASE_IMAGE_H

#include "builder/build.h"
#include "layers/tree.h"

/* A base image looked at before it is built on: found as FROM finds it, each layer fetched to the
 * store only when it is looked into. */
struct base_image;

/* `env` (borrowed; of it store, registry) must outlive it. `pull`: ask the registry though the
 * store has the name. */
MUST_CHECK bool base_image_open(struct base_image **out, const struct build_env *env,
				const char *name, const struct platform *platform, bool pull,
				struct err *err);
void base_image_close(struct base_image *b); /* NULL is fine */
DEFINE_AUTO(struct base_image, base_image_close)

const struct image *base_image_get(const struct base_image *b);

/* All its layers come to the store. */
MUST_CHECK bool base_image_fetch(struct base_image *b, struct err *err);
/* The files of its lowest `count` layers. The caller closes, before the image. */
MUST_CHECK bool base_image_lower(struct tree **out, struct base_image *b, size_t count,
				 struct err *err);
/* Those of its layers from number `first` on, as tree_open_upper has them: *out NULL when they do
 * not tell without those below. */
MUST_CHECK bool base_image_upper(struct tree **out, struct base_image *b, size_t first,
				 struct err *err);

#endif
