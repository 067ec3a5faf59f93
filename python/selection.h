// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SELECTION_H
#define PYTHON_SELECTION_H

#include "base/event.h"
#include "python/requirements.h"
#include "python/selected.h"

/*
 * Which candidate is taken for each name. Breadth first: what is known to be asked of a name is
 * collected, the best candidate that satisfies it all is taken, and what that one asks for follows.
 * When something asked for later rules a choice out, it is remembered and the search starts again;
 * when nothing fits any more, older versions of the others are tried (resolution.h), so that a
 * choice is found whenever there is one. Else the error names the contradiction, and how it comes
 * about is noted as events.
 */
/* Candidates point into `c`. Errors as those of wheels_select. */
MUST_CHECK bool selection_make(struct selected_list *out, struct candidates *c,
			       const struct requirements *r,
			       const struct selection_options *options, struct events *events,
			       struct err *err);

#endif
