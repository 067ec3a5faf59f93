// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_LAYER_ZIP_H
#define RUNTIME_LAYER_ZIP_H

#include "runtime/inputs.h"
#include "runtime/zip_file.h"

/*
 * An AWS Lambda layer zip of the requested packages, deterministic, written to `path` whole or not
 * at all. Refused before anything is written (E_NEGATIVE) when it would unpack to more than the
 * platform takes, with the largest packages named.
 */
MUST_CHECK bool layer_zip_write(struct zip_file *out, const struct runtime_request *req,
				const char *path, struct events *events, struct err *err);

#endif
