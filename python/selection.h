// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SELECTION_H
#define PYTHON_SELECTION_H

#include "base/event.h"
#include "python/candidates.h"
#include "python/requirements.h"

/*
 * Which candidate is taken for each name. Breadth first: what is known to be asked of a name is
 * collected, the best candidate that satisfies it all is taken, and what that one asks for follows.
 * When something asked for later rules a choice out, it is remembered and the search starts again.
 */
struct selection_options {
	const struct python_target *target;
	bool no_deps;
};

struct selected {
	struct candidate *candidate;
	bool requested;
};
struct selected_list {
	struct selected *items; /* in the order they were asked for */
	size_t len, cap;
};

/* Candidates point into `c`. Errors as those of wheels_select. */
MUST_CHECK bool selection_make(struct selected_list *out, struct candidates *c,
			       const struct requirements *r,
			       const struct selection_options *options, struct events *events,
			       struct err *err);

#endif
