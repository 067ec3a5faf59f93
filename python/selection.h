// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SELECTION_H
#define PYTHON_SELECTION_H

#include "base/event.h"
#include "python/demand.h"
#include "python/requirements.h"

/*
 * Which candidate is taken for each name: the best that satisfies all who ask for it, older ones
 * where the best contradict each other, so that a choice is found whenever there is one (solver.h).
 * Metadata is read only of files that may be taken.
 */
struct selection_options {
	const struct python_target *target;
	const struct map *preferences; /* key -> text of the version to try first; NULL: none */
	bool no_deps;
};

struct selected {
	struct candidate *candidate;
	bool requested; /* by the user, not only by a wheel */
	const struct demand **asked;
	size_t asked_count; /* by the user, and by others that were chosen; no constraints */
};
struct selected_list {
	struct selected *items; /* in the order they were asked for */
	size_t len, cap;
	struct arena arena; /* of the demands */
};
void selected_list_free(struct selected_list *l);

/*
 * Candidates point into `c`, demands into `r` and `c`. Errors as those of wheels_select; how a
 * contradiction comes about is noted as events.
 */
MUST_CHECK bool selection_make(struct selected_list *out, struct candidates *c,
			       const struct requirements *r,
			       const struct selection_options *options, struct events *events,
			       struct err *err);

#endif
