// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SOLVER_STATE_H
#define PYTHON_SOLVER_STATE_H

#include "python/solver.h"

/* What a solver knows; for solver.c and solver_explain.c. */

struct term {
	size_t package;
	struct choices set; /* holds when the package's choice is in it; never all choices */
};

/* Terms that cannot all hold, each of another package; either said (`why`) or derived from two. */
struct incompat {
	struct term *terms;
	size_t count;
	const char *why;
	struct incompat *causes[2];
	unsigned line; /* of the explanation; 0: not said yet */
};

struct package {
	const char *name;
	struct choices allowed; /* by the whole trail */
	struct choices looked;  /* versions whose meaning is known */
	bool decided;
	struct {
		struct incompat **items;
		size_t len, cap;
	} about; /* those with a term of it */
};

struct assignment {
	size_t package;
	struct choices set;    /* it is in here */
	struct choices before; /* what was allowed */
	size_t level;
	struct incompat *cause; /* NULL: a decision */
};

struct solver {
	struct solver_provider provider;
	struct {
		struct package *items;
		size_t len, cap;
	} packages;
	struct {
		struct assignment *items;
		size_t len, cap;
	} trail;
	size_t level;
	struct incompat *failure; /* derived, without terms */
	struct arena arena;
};

#endif
