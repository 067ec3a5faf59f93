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

/*
 * Choosing `version` of `package` takes a version of `on` that is in `allowed` (by version;
 * copied). `why` is copied: "foo 1.0 requires bar>=2".
 */
void solver_require(struct solver *s, size_t package, size_t version, size_t on,
		    const bool *allowed, const char *why);
/* The same when `on` is chosen at all: a constraint. */
void solver_constrain(struct solver *s, size_t package, size_t version, size_t on,
		      const bool *allowed, const char *why);
/* It cannot be chosen: "foo 1.0 needs Python 3.12". */
void solver_forbid(struct solver *s, size_t package, size_t version, const char *why);

enum solver_outcome { SOLVER_SOLVED, SOLVER_UNSOLVABLE };

/* False only for what `look` failed with, and E_CANCELLED. */
MUST_CHECK bool solver_solve(enum solver_outcome *out, struct solver *s, struct err *err);

/* After SOLVER_SOLVED: the version of a package, or SIZE_MAX: it is not needed. */
size_t solver_chosen(const struct solver *s, size_t package);
/* After SOLVER_UNSOLVABLE: why, sentences from the causes to the end, one a line. */
void solver_explain(struct buf *out, const struct solver *s);

#endif
