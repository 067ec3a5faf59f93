// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_DIFF_H
#define LAYERS_DIFF_H

#include "layers/entry.h"

/*
 * An overlayfs upper directory as layer entries, sorted, directories with their true metadata, the
 * root itself left out: character device 0:0 -> ".wh.name", opaque directories
 * (trusted.overlay.opaque or user.overlay.opaque)
 * -> ".wh..wh..opq", hard links kept inside the layer (the first name is the file), sockets
 * dropped. Of the extended attributes user.* (but overlay's own) and security.capability are kept;
 * times to the whole second. Whiteouts are 0:0 0644 with mtime CLOCK_EPOCH_1980. Contents are read
 * from `upper` when written, so it must stay. The overlay must be mounted with
 * redirect_dir=off,metacopy=off (E_UNSUPPORTED otherwise). A file that is itself called ".wh.*" is
 * E_INPUT.
 *
 * `skip` (NULL: none) lists canonical paths of mount stubs: an empty regular file there, or a
 * directory in which nothing else is left, does not become an entry.
 */
MUST_CHECK bool diff_overlay(struct entry_list *out, int upper, const struct str_list *skip,
			     struct err *err);

#endif
