// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CONTEXTBASE_H
#define BUILDER_CONTEXTBASE_H

#include "builder/driver.h"

/*
 * FROM NAME where NAME is a named context of files (a directory, an archive or file of the web, a
 * git repository, files made here), as BuildKit has it (dockerfile2llb, resolveBaseImage): the
 * config of FROM scratch and the files as the one layer, root's like all of a context; no layer
 * when there are none.
 */
MUST_CHECK bool contextbase_begin(struct build *b, size_t stage, struct err *err);

#endif
