// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SOLVER_STATE_H
#define PYTHON_SOLVER_STATE_H

#include "python/solver.h"

/* What a solver knows; for the files solver_*.c. */

struct term {
	size_t package;
	struct choices set; /* holds when the package's choice is in it; never all choices */
};

/* Terms that cannot all hold, each of another package; either said (`why`) or derived from two. */
struct incompat {
	struct term *terms;
	size_t count;
	const char *why;
	const void *subject;
	size_t number;    /* of those said, from 1; 0: derived */
	size_t gives_way; /* of those said: the term a first try changes, all others being chosen */
	bool is_license;  /* the other terms hold as long as nothing is chosen for their packages */
	bool is_blamed;
	struct incompat *causes[2];
	unsigned line; /* of the explanation; 0: not said yet */
};

struct package {
	const char *name;
	struct choices allowed; /* by the whole trail */
	struct choices looked;  /* versions whose meaning is known */
	size_t follows;         /* the package it is of; SIZE_MAX: none */
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
	size_t said;              /* incompatibilities so far */
	struct arena arena;
};

/* The set of one version. */
struct choices solver_just(struct solver *s, size_t package, size_t version);
/* Have the provider say what a version means, once. */
MUST_CHECK bool solver_look(struct solver *s, size_t package, size_t version, struct err *err);
/* solver_first.c. *done_out: all is decided. */
MUST_CHECK bool solver_try_first(bool *done_out, struct solver *s, struct err *err);

#endif
