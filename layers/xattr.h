// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_XATTR_H
#define LAYERS_XATTR_H

#include "layers/entry.h"

/* Whether a name is one of overlay's own marks; *rest_out what follows "overlay.". */
bool xattr_is_overlay(const char *name, const char **rest_out);

/*
 * The attributes of `name` under `dir`, which is not followed, that belong in a layer: user.* and
 * security.capability (facts/dockerfile.md row 27), sorted, in `arena`. None where the file system
 * has none. E_IO.
 */
MUST_CHECK bool xattr_read(struct entry *e, struct arena *arena, int dir, const char *name,
			   struct err *err);

#endif
