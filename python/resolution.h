// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_RESOLUTION_H
#define PYTHON_RESOLUTION_H

#include "base/event.h"
#include "python/requirements.h"
#include "python/selected.h"

/*
 * Which candidate is taken for each name, when the best ones contradict each other: older versions
 * are tried until all requirements hold (solver.h). Finds a choice whenever there is one.
 * *found_out false: there is none, and `why` says so in sentences, one a line. Fails as
 * candidate_look does. Markers of lines were evaluated before (selection.h calls this behind its
 * own pass).
 */
MUST_CHECK bool resolution_make(struct selected_list *out, bool *found_out, struct buf *why,
				struct candidates *c, const struct requirements *r,
				const struct selection_options *options, struct events *events,
				struct err *err);

#endif
