// SPDX-License-Identifier: Apache-2.0
#include "python/selection_state.h"

#include "base/mem.h"

/*
 * A file that needs a license may hold in the solver by somebody nobody asks for. Such a choice is
 * found here, and excluded from then on.
 */

bool selection_is_chosen(const struct solver *s, struct solver_choice c)
{
	return c.package == 0 || solver_chosen(s, c.package) == c.version;
}

bool *selection_founded(struct selection *x, const struct solver *s)
{
	bool *is = ARENA_ARRAY(&x->arena, bool, x->nodes.len + 1), more = true;

	is[0] = true;
	while (more) {
		more = false;
		for (size_t i = 0; i < x->edges.len; i++) {
			const struct edge *e = x->edges.items[i];
			const struct requirement *what = e->demand.what;

			if (!is[e->from.package] || !selection_is_chosen(s, e->from) ||
			    (e->demand.line && e->demand.line->is_constraint))
				continue;
			more = more || !is[e->on];
			is[e->on] = true;
			for (size_t k = 0; k < what->extra_count; k++) {
				size_t extra =
					selection_known_package(x, what->key, what->extras[k]);

				more = more || !is[extra];
				is[extra] = true;
			}
		}
	}
	return is;
}

/* Somebody founded licenses the file that was chosen for a package, or it needs no license. */
static bool is_licensed(const struct selection *x, const struct solver *s, const bool *is,
			size_t package, enum license kind)
{
	const struct node *n = &x->nodes.items[package];
	const struct candidate *ca = n->project->items[solver_chosen(s, package)];

	if (!license_is_needed(kind, ca) || !selection_needs_licenses(x, n->project, kind))
		return true;
	for (size_t i = 0; i < x->licensers.len; i++) {
		const struct licenser *l = &x->licensers.items[i];
		size_t by;

		if (l->kind != kind || !str_eq(l->key, n->key))
			continue;
		if (!l->by)
			return true;
		by = selection_known_package(x, l->by->name.key, l->extra);
		if (by < x->nodes.len && is[by] && solver_chosen(s, by) != SIZE_MAX &&
		    x->nodes.items[by].project->items[solver_chosen(s, by)] == l->by)
			return true;
	}
	return false;
}

/* The founded choices as a thing to exclude. */
static void add_unfounded(struct selection *x, const struct solver *s, const bool *is)
{
	struct unfounded *u = ARRAY_PUSH(&x->unfounded);

	u->items = ARENA_ARRAY(&x->arena, struct licenser, x->nodes.len);
	for (size_t i = 1; i < x->nodes.len; i++) {
		const struct node *n = &x->nodes.items[i];

		if (is[i])
			u->items[u->count++] =
				(struct licenser){ .by = n->project->items[solver_chosen(s, i)],
						   .extra = n->extra };
	}
	x->start_again = true;
}

void selection_check_founded(struct selection *x, const struct solver *s, const bool *is)
{
	for (size_t i = 1; i < x->nodes.len && !x->start_again; i++)
		for (enum license kind = LICENSE_PRERELEASE;
		     is[i] && !x->start_again && kind <= LICENSE_YANKED; kind++)
			if (!is_licensed(x, s, is, i, kind))
				add_unfounded(x, s, is);
}

void selection_exclude_unfounded(struct selection *x, struct solver *s)
{
	for (size_t i = 0; i < x->unfounded.len; i++) {
		const struct unfounded *u = &x->unfounded.items[i];
		struct solver_choice *all =
			ARENA_ARRAY(&x->arena, struct solver_choice, u->count + 1);

		for (size_t k = 0; k < u->count; k++)
			all[k] = selection_choice_of(x, s, &u->items[k]);
		solver_exclude(s, all, u->count,
			       (struct solver_reason){
				       .why = "a pre-release or yanked file is taken that nothing "
					      "asks for" });
	}
}
