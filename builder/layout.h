// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_LAYOUT_H
#define BUILDER_LAYOUT_H

#include "image/store.h"

/*
 * An image of an OCI image layout on disk, for named contexts: "oci-layout://DIR[:TAG][@DIGEST]".
 * The tag is the layout's own name of it (org.opencontainers.image.ref.name, whole or behind the
 * last ":"); without one the layout's only image, else "latest".
 */
bool layout_is(const char *name);
/* Its layers are copied to `store`, verified. E_NOT_FOUND with the names there are as hint. */
MUST_CHECK bool layout_import(struct image *out, struct store *store, const char *name,
			      const struct platform *want, struct err *err);

#endif
