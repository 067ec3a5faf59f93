// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_FILTER_H
#define LAYERS_FILTER_H

#include <stddef.h>

#include "base/sink.h"

/*
 * Compressions that archives come in and layers never do: bzip2 and xz, by libarchive, one named
 * filter and its "raw" format per call. gzip and zstd are layers/compress.h's.
 */
enum filter { FILTER_NONE, FILTER_BZIP2, FILTER_XZ };

/* By the first bytes (10 are enough). */
enum filter filter_detect(const void *head, size_t len);
const char *filter_name(enum filter kind);

/*
 * The plain bytes of `from` (owned in any case, closed with it); `kind` is not FILTER_NONE. Cut off
 * or damaged data is E_INTEGRITY, as is more than LIMIT_LAYER_TAR of it.
 */
MUST_CHECK bool filter_open(struct source **out, struct source *from, enum filter kind,
			    struct err *err);

#endif
