// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ARCHIVE_FILE_H
#define REGISTRY_ARCHIVE_FILE_H

#include "image/store.h"
#include "layers/tar_file.h"
#include "registry/place.h"

/*
 * An image archive by the path a user gave. "-" is standard input: when that is a pipe its bytes go
 * to a file of the store that has no name, since an archive is not read in its own order.
 */
MUST_CHECK bool archive_file_open(struct tar_file **out, const char *path, struct store *store,
				  struct err *err);

/* What is in it, by its members: PLACE_OCI_ARCHIVE before PLACE_DOCKER_ARCHIVE, as docker writes
 * both at once since version 25. E_INPUT when it is neither. */
MUST_CHECK bool archive_file_kind(enum place_kind *out, const struct tar_file *f, struct err *err);

#endif
