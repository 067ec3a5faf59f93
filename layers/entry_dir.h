// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_ENTRY_DIR_H
#define LAYERS_ENTRY_DIR_H

#include "layers/entry.h"

/*
 * Entries as files of a directory of the host: files and directories alone (others are E_INPUT),
 * with their modes and times, owned by who runs this. `path` must be absent or an empty directory:
 * it is there whole, or as it was. Several files are written at once.
 */
MUST_CHECK bool entry_dir_write(const struct entry_list *entries, const char *path,
				struct err *err);

#endif
