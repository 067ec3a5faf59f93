// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PUSH_INDEX_H
#define REGISTRY_PUSH_INDEX_H

#include "registry/push.h"

/*
 * An index and all its images: each image under its digest first, so that the tag never names
 * something that is not whole. `mount_from` (may be NULL) as in push.h. An index that is there
 * under that tag already costs one request.
 */
MUST_CHECK bool registry_push_index(struct registry *r, const struct index *x,
				    const struct image *images, size_t count,
				    const struct reference *ref, const struct reference *mount_from,
				    struct err *err);

#endif
