// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SELECTED_H
#define PYTHON_SELECTED_H

#include "python/candidates.h"

/* What is chosen by, and the choice: one candidate for each name. */
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

#endif
