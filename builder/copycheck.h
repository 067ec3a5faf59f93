// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_COPYCHECK_H
#define BUILDER_COPYCHECK_H

#include "builder/maker.h"

/*
 * What can be refused of a COPY or ADD before a file is looked at: its --chmod, --exclude and
 * --checksum, and sources that only ADD takes. E_INPUT with the place. Values that an unknown base
 * image may yet change are let pass.
 */
MUST_CHECK bool copycheck(const struct maker *m, struct err *err);

#endif
