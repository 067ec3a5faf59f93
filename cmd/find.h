// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_FIND_H
#define CMD_FIND_H

#include "cmd/cmd.h"
#include "image/image.h"

/* An image by what the user typed: a name of the store first, then its registry (manifest and
 * config only). */
MUST_CHECK bool find_image(struct image *out, struct session *s, const char *text,
			   const char *platform, struct err *err);

/* All layers of it into the store. */
MUST_CHECK bool fetch_layers(struct session *s, const struct image *img, struct err *err);
/* The same for what find_image found as `text`; then the store lists it as complete under that
 * name. */
MUST_CHECK bool fetch_image(struct session *s, const struct image *img, const char *text,
			    struct err *err);

#endif
