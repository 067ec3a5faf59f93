// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_PREFETCH_H
#define PYTHON_PREFETCH_H

#include "python/demand.h"
#include "python/requirements.h"

/*
 * What choosing will most likely ask of indexes, asked before and at once: the pages of all that
 * the user asks for, then the metadata of the best file of each, then the same for what those
 * require. That makes two round trips a generation, where the chooser alone, which goes from one
 * package to the next, would wait twice for each. It decides nothing: what it guessed wrong was
 * asked in vain.
 */
MUST_CHECK bool prefetch_run(struct candidates *c, const struct requirements *r,
			     const struct marker_env *env, bool no_deps, struct err *err);

#endif
