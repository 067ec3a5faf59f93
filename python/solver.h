// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SOLVER_H
#define PYTHON_SOLVER_H

#include "base/arena.h"
#include "base/err.h"
#include "python/choices.h"

/*
 * Which version of each package, so that everything required holds: PubGrub (N. Weizenbaum,
 * "PubGrub: Next-Generation Version Solving", 2018; dart-lang/pub doc/solver.md) over finite lists.
 * A package is a variable; its choices are its versions, numbered from 0, the best first, and being
 * absent. What is known is a set of incompatibilities: choices that cannot all be made. It finds a
 * solution whenever there is one, preferring lower numbers, and else says why there is none. Same
 * questions in the same order, same answer.
 *
 * Its first try is what pip does as long as pip does not go back (solver_first.c): the best version
 * of each package in the order they are asked for, and another one where what is asked for later
 * rules it out. Only when that ends in a contradiction the search begins.
 */
struct solver;

struct solver_provider {
	void *arg;
	/*
	 * Called once for a version before it is chosen: says by solver_require and solver_forbid
	 * what choosing it means. The solver waits, so metadata is read only when it matters.
	 */
	bool (*look)(void *arg, struct solver *s, size_t package, size_t version, struct err *err);
	/* How to name a version to people: "1.0". Borrowed until the next call. */
	const char *(*label)(void *arg, size_t package, size_t version);
};

/* Package 0 is the root: one version, which is chosen first; `look` gives what the user asks for.
 */
void solver_init(struct solver **out, const struct solver_provider *provider);
void solver_free(struct solver *s);
DEFINE_AUTO(struct solver, solver_free)

/* A new variable; name is copied. */
size_t solver_package(struct solver *s, const char *name, size_t versions);

/* A variable with the versions of `of`: whoever takes one of it takes the same of `of` (an extra
 * and its project). Whoever requires it must require `of` with the same versions before. */
size_t solver_follower(struct solver *s, const char *name, size_t of);

/* Why something is so: in words ("foo 1.0 requires bar>=2"; copied), and by what the caller knows
 * it (given back by solver_blame; may be NULL). */
struct solver_reason {
	const char *why;
	const void *subject;
};

/* Choosing `version` of `package` takes a version of `on` that is in `allowed` (by version;
 * copied).
 */
void solver_require(struct solver *s, size_t package, size_t version, size_t on,
		    const bool *allowed, struct solver_reason reason);
/* The same when `on` is chosen at all: a constraint. */
void solver_constrain(struct solver *s, size_t package, size_t version, size_t on,
		      const bool *allowed, struct solver_reason reason);
/* It cannot be chosen: "foo 1.0 needs Python 3.12". */
void solver_forbid(struct solver *s, size_t package, size_t version, struct solver_reason reason);

struct solver_choice {
	size_t package, version;
};
/* It can only be chosen together with one of `by`: a pre-release, and those who name one. */
void solver_license(struct solver *s, size_t package, size_t version,
		    const struct solver_choice *by, size_t count, struct solver_reason reason);

/* These cannot all be chosen. */
void solver_exclude(struct solver *s, const struct solver_choice *choices, size_t count,
		    struct solver_reason reason);

enum solver_outcome { SOLVER_SOLVED, SOLVER_UNSOLVABLE };

/* False only for what `look` failed with, and E_CANCELLED. */
MUST_CHECK bool solver_solve(enum solver_outcome *out, struct solver *s, struct err *err);

/* After SOLVER_SOLVED: the version of a package, or SIZE_MAX: it is not needed. */
size_t solver_chosen(const struct solver *s, size_t package);
/* After SOLVER_UNSOLVABLE: why, sentences from the causes to the end, one a line. */
void solver_explain(struct buf *out, const struct solver *s);
/* The subjects of all that takes part in it, each once, in the order they were said. */
void solver_blame(const struct solver *s, void (*each)(void *arg, const void *subject), void *arg);

#endif
