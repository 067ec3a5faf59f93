// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ARCHIVE_WRITE_H
#define REGISTRY_ARCHIVE_WRITE_H

#include "base/sink.h"
#include "registry/archive_roots.h"

/* Images as one tar file or one directory; what is in them says archive_roots.h. */

/* A tar. `to` is not finished. E_INTEGRITY when a blob is not what its descriptor says. */
MUST_CHECK bool archive_write(struct sink *to, const struct archive_request *r, struct err *err);

/*
 * A directory, made when absent, ARCHIVE_OCI only. One that is an image layout already is added to:
 * an entry of the same name is replaced, others stay, blobs that are there are not read. index.json
 * changes last and by rename. E_INPUT for a directory that holds something else, or is a store of
 * rtbuild's.
 */
MUST_CHECK bool archive_write_layout(const char *path, const struct archive_request *r,
				     struct err *err);

/* Both for a path as the user gave it, see base/destination.h. */
MUST_CHECK bool archive_write_file(const char *path, const struct archive_request *r,
				   struct err *err);

#endif
