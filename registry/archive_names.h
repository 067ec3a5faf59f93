// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ARCHIVE_NAMES_H
#define REGISTRY_ARCHIVE_NAMES_H

#include "base/str.h"
#include "layers/tar_file.h"
#include "registry/place.h"

/*
 * The names images have in it, each once: whole names, and of OCI archives tags alone as well.
 * *unnamed_out: images that have none.
 */
MUST_CHECK bool archive_file_names(struct str_list *out, size_t *unnamed_out, enum place_kind kind,
				   struct tar_file *f, struct err *err);

#endif
