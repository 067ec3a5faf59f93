// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_LAYER_ZIP_H
#define RUNTIME_LAYER_ZIP_H

#include "runtime/inputs.h"

struct layer_zip {
	uint64_t unpacked; /* bytes of all files */
	uint64_t packed;   /* of the zip */
	size_t files;
	struct digest digest;         /* of the zip's bytes */
	struct digest content_digest; /* of paths, modes and bytes: equal on every machine and for
					 every compressor */
};

/*
 * An AWS Lambda layer zip of the requested packages, deterministic, written to `path` whole or not
 * at all. Refused before anything is written (E_NEGATIVE) when it would unpack to more than the
 * platform takes, with the largest packages named.
 */
MUST_CHECK bool layer_zip_write(struct layer_zip *out, const struct runtime_request *req,
				const char *path, struct events *events, struct err *err);

#endif
