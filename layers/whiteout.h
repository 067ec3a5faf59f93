// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_WHITEOUT_H
#define LAYERS_WHITEOUT_H

#include <stdbool.h>

#include "base/err.h"

/*
 * Names that delete (OCI image-spec, layer.md "Whiteouts"): ".wh.NAME" removes NAME of the layers
 * below,
 * ".wh..wh..opq" all that a directory holds below.
 */
#define WHITEOUT_PREFIX ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

enum whiteout_kind {
	WHITEOUT_NOT,  /* an ordinary member */
	WHITEOUT_NAME, /* removes *name_out */
	WHITEOUT_ALL,  /* hides what its directory holds below */
	WHITEOUT_SKIP, /* AUFS book-keeping (".wh..wh.plnk" and the like), or below it: no content
			*/
};

/*
 * What a member's canonical path means. *name_out: the name that goes, inside `path`.
 * E_INTEGRITY for ".wh.", ".wh..", ".wh...", and for members below a whiteout.
 */
MUST_CHECK bool whiteout_parse(enum whiteout_kind *kind_out, const char **name_out,
			       const char *path, struct err *err);

#endif
