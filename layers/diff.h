// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_DIFF_H
#define LAYERS_DIFF_H

#include "layers/entry.h"

/*
 * An overlayfs upper directory as layer entries, sorted: character device 0:0 -> ".wh.name",
 * opaque directories -> ".wh..wh..opq", hard links kept inside the layer, sockets dropped,
 * overlay's own xattrs dropped, security.capability kept, security.selinux and system.* dropped.
 * Whiteouts are 0:0 0644 with mtime CLOCK_EPOCH_1980. Contents are read from `upper` when written,
 * so it must stay. `skip` lists canonical paths left out when unchanged stubs (NULL: none).
 */
MUST_CHECK bool diff_overlay(struct entry_list *out, int upper, const struct str_list *skip,
			     struct err *err);

#endif
