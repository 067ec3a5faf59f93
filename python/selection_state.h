// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SELECTION_STATE_H
#define PYTHON_SELECTION_STATE_H

#include "python/licensers.h"
#include "python/refusal.h"
#include "python/selection.h"
#include "python/solver.h"

/* What is known while a choice is made; for the files selection_*.c. */

struct node {
	const char *key;
	const char *extra;       /* NULL: the project itself */
	struct project *project; /* NULL: there is no file of it */
	bool requested;
};

/* A demand, and the choice that makes it. */
struct edge {
	struct demand demand;
	struct solver_choice from;
	size_t on;
};

struct selection {
	struct candidates *candidates;
	const struct requirements *requirements;
	const struct selection_options *options;
	struct events *events;
	struct marker_env env;
	struct {
		struct node *items;
		size_t len, cap;
	} nodes;            /* by package of the solver */
	struct map by_name; /* "key" and "key[extra]" -> package plus one */
	struct {
		struct edge **items;
		size_t len, cap;
	} edges;
	struct licensers licensers;
	struct map specified; /* keys of projects with nothing but pre-releases, for which somebody
				 has a specifier that names none; kept over the rounds */
	struct {
		struct unfounded {
			struct licenser *items; /* by: a file, extra: of it */
			size_t count;
		} * items;
		size_t len, cap;
	} unfounded;   /* choices that hold only by what nothing asks for; kept over the rounds */
	bool left_out; /* a file for lack of a license, in this round */
	struct {
		const struct demand **items;
		size_t len, cap;
	} constraints;    /* that hold; each counts once something asks for its name */
	bool start_again; /* a licenser was found after its like were left out */
	struct refusal refusal;
	struct arena arena;
};

/* --- selection_packages.c: projects as the solver's packages --- */

/* The package of a project, or of an extra of it; made when there is none. The project's page must
 * have been loaded. */
size_t selection_package_of(struct selection *x, struct solver *s, const char *key,
			    const char *extra);
/* One that there is. */
size_t selection_known_package(const struct selection *x, const char *key, const char *extra);
/* The choice that is a file, or an extra of it. */
struct solver_choice selection_choice_of(struct selection *x, struct solver *s,
					 const struct licenser *l);
/* Whether those files of a project need a license that have the mark for it. */
bool selection_needs_licenses(const struct selection *x, const struct project *p,
			      enum license kind);
/* What was decided about files of the name without knowing of it must be decided again. */
void selection_note_license(struct selection *x, const struct demand *d, struct solver_choice from);
/* Why a file cannot be taken, for messages; copied. */
void selection_note_against(struct selection *x, const struct candidate *ca, const char *why);
/* `from` asks for something; `who`: "foo 1.0 requires". */
void selection_require(struct selection *x, struct solver *s, const struct demand *d,
		       struct solver_choice from, const char *who);
/* "req.txt:3 asks for" */
const char *selection_user_asks(const struct demand *d, struct arena *a);

/* --- selection_look.c: what choosing a file means --- */

/* The provider's `look` (solver.h); arg: the selection. */
bool selection_look(void *arg, struct solver *s, size_t package, size_t version, struct err *err);

/* --- selection_founded.c: what is chosen and asked for --- */

bool selection_is_chosen(const struct solver *s, struct solver_choice c);
/* By package, whether it is chosen and asked for by the user, or by what is. A license alone asks
 * for nothing, but the solver takes it for a requirement. */
bool *selection_founded(struct selection *x, const struct solver *s);
/* Where a founded file is licensed by nothing founded, this choice is kept to be excluded from the
 * next round. */
void selection_check_founded(struct selection *x, const struct solver *s, const bool *is);
/* What was found out in rounds before. */
void selection_exclude_unfounded(struct selection *x, struct solver *s);

#endif
