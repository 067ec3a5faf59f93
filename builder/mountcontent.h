// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_MOUNTCONTENT_H
#define BUILDER_MOUNTCONTENT_H

#include "builder/mountfiles.h"

/*
 * What a mount shows of a stage or an image, by content (row 65): paths below the source, kinds,
 * modes, owners, attributes and bytes, without times. Other files of it may change, and the command
 * that sees the mount is the same. Its layers are read for that, so it is asked for when they
 * themselves are not known. *known_out false: there is no such file, or all of it is shown.
 */
MUST_CHECK bool mountcontent_key(struct digest *out, bool *known_out, struct build *b,
				 const struct mount_source *source, struct err *err);

#endif
