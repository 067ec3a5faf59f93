// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_COPYARGS_H
#define BUILDER_COPYARGS_H

#include "builder/maker.h"

/* COPY and ADD: flags, sources, here-documents and the destination, expanded. */
MUST_CHECK bool copyargs_make(struct maker *m, struct err *err);

#endif
