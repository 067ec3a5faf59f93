// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_LAYER_ZIP_H
#define RUNTIME_LAYER_ZIP_H

#include "runtime/inputs.h"
#include "runtime/zip_file.h"

/* AWS Lambda layer zips of the requested packages: one, or several to spread them over. */
struct layer_zip {
	struct zip_file zip;
	char *path;
};

struct layer_package {
	char *name, *version;
	uint64_t unpacked;
	size_t files;
	size_t layer; /* number of the zip it is in */
};

struct layer_zips {
	struct layer_zip *items;
	size_t len, cap;
	struct layer_package *packages; /* largest first */
	size_t package_count;
	uint64_t unpacked; /* of all together */
	const char *python;
};
void layer_zips_free(struct layer_zips *l);

enum { LAYERS_OF_A_FUNCTION = 5 }; /* AWS, "Lambda quotas" */

/*
 * Deterministic, to `path`, each written whole or not at all; what each package brings is noted.
 * Refused before anything is written (E_NEGATIVE) when it would unpack to more than the platform
 * takes, with the largest packages named.
 *
 * `split`: as few layers as the packages fit into, each unpacking to no more than the platform
 * takes and, as far as the wheels' own sizes tell, small enough to be uploaded without a bucket;
 * the same split for the same wheels. Packages stay whole and the layers' order does not matter.
 * More than one is PATH-1.zip, PATH-2.zip ...; more than LAYERS_OF_A_FUNCTION is E_NEGATIVE. Since
 * a function takes no more with all its layers than with one, it is warned of when they are more.
 */
MUST_CHECK bool layer_zip_write(struct layer_zips *out, const struct runtime_request *req,
				const char *path, bool split, struct events *events,
				struct err *err);

#endif
