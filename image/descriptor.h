// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_DESCRIPTOR_H
#define IMAGE_DESCRIPTOR_H

#include <stdint.h>

#include "base/json.h"
#include "image/digest.h"
#include "image/media.h"
#include "image/platform.h"

/* OCI image-spec, descriptor.md. Text is borrowed from an arena. */
struct descriptor {
	const char *media_type;
	struct digest digest;
	int64_t size;
	struct json_list urls; /* `const char *`: where else the bytes can be had */
	struct json_pairs annotations;
	struct platform platform; /* index entries; os "" when absent */
	const char *artifact_type;
};

/* A layer that is not for distribution (layer.nondistributable, Docker's foreign ones) and names
 * where it can be had: registries need not hold it. Without an address nobody could ever get it, so
 * then it is a layer like any other. */
bool descriptor_is_foreign(const struct descriptor *d);

extern const struct json_type media_text_type; /* member `const char *`: a well-formed media type */
extern const struct json_type descriptor_type;

#endif
