// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_FUNCTION_ZIP_H
#define RUNTIME_FUNCTION_ZIP_H

#include "base/map.h"
#include "runtime/inputs.h"
#include "runtime/zip_file.h"

/*
 * The function zip of a backend that takes one (templates/backend.h, struct backend_zip): Lithops'
 * handler as the backend lays it out, its other files with their placeholders filled, and the
 * packages, or the list of them where the platform installs them itself.
 *
 * A new backend is data: a folder with `artifact: zip`, a handler and a zip section.
 */
struct function_zip_request {
	struct runtime_request runtime; /* its backend has a zip section */
	const char *name;               /* of the runtime; NULL: the backend's default */
	const struct map *settings;     /* MAP_TEXT: keys of Lithops' configuration that the
					   backend's files depend on; may be NULL */
};

/* The file name Lithops gives it; the caller frees. */
MUST_CHECK bool function_zip_name(char **out, const struct function_zip_request *req,
				  struct err *err);

/*
 * Deterministic, written to `path` whole or not at all. Before anything is written: E_USAGE for a
 * setting that is unknown, missing or none of its choices; E_NEGATIVE when it would unpack to more
 * than the platform takes, with the largest packages named; E_INPUT when a package brings a file of
 * the handler. E_NEGATIVE, and no file, when the zip came out larger than the platform takes.
 */
MUST_CHECK bool function_zip_write(struct zip_file *out, const struct function_zip_request *req,
				   const char *path, struct events *events, struct err *err);

#endif
