// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_XATTR_H
#define LAYERS_XATTR_H

#include "layers/entry.h"

/* Whether a name is one of overlay's own marks; *rest_out what follows "overlay.". */
bool xattr_is_overlay(const char *name, const char **rest_out);

/* Whether an attribute belongs in a layer: user.* and security.capability (facts/dockerfile.md
 * row 27). Labels of SELinux and IMA, ACLs and trusted.* are the host's. */
bool xattr_is_kept(const char *name);

/*
 * The attributes of `name` under `dir`, which is not followed, that belong in a layer, sorted,
 * in `arena`. None where the file system has none, and where /proc is not mounted. E_IO.
 */
MUST_CHECK bool xattr_read(struct entry *e, struct arena *arena, int dir, const char *name,
			   struct err *err);

#endif
