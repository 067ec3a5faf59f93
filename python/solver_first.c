// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/event.h"
#include "base/mem.h"
#include "python/solver_state.h"

/*
 * The first try: packages in the order they are asked for, the best version that everything known
 * allows, and whose own requirements everything known leaves a version for. When something asked
 * for later rules a choice out, what it refuses is remembered and the round starts again; so the
 * later one stays at its best, as with pip. It gives up where nothing is left to choose, and the
 * search (solver_search.c) goes on with what was learnt by looking.
 */

struct attempt {
	struct solver *s;
	struct {
		struct pick {
			bool needed;
			size_t version;         /* SIZE_MAX: not chosen yet */
			struct choices refused; /* by what came late, kept for all rounds */
			struct choices
				passed; /* those whose requirements cannot be met in this one */
			bool held;      /* something that follows it is chosen */
		} * items;
		size_t len, cap;
	} picks; /* by package */
	bool start_again;
};

static void attempt_free(struct attempt *a)
{
	free(a->picks.items);
}

/* Looking makes packages known. */
static void follow_packages(struct attempt *a)
{
	for (size_t i = a->picks.len; i < a->s->packages.len; i++) {
		size_t versions = a->s->packages.items[i].allowed.count;

		*ARRAY_PUSH(&a->picks) = (struct pick){
			.version = SIZE_MAX,
			.refused = choices_none(&a->s->arena, versions),
			.passed = choices_none(&a->s->arena, versions),
		};
	}
}

static bool holds(const struct attempt *a, const struct incompat *in, const struct term *t)
{
	size_t version = a->picks.items[t->package].version;

	if (version == SIZE_MAX)
		return in->is_license && choices_has(t->set, t->set.count);
	return choices_has(t->set, version);
}

/* All terms but that of `package`. */
static bool others_hold(const struct attempt *a, const struct incompat *in, size_t package)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->terms[i].package != package && !holds(a, in, &in->terms[i]))
			return false;
	return true;
}

/* Nothing known speaks against it but what it asks for itself, which may change others. */
static bool is_free(const struct attempt *a, size_t package, size_t version)
{
	const struct package *p = &a->s->packages.items[package];

	if (choices_has(a->picks.items[package].refused, version))
		return false;
	for (size_t i = 0; i < p->about.len; i++) {
		const struct incompat *in = p->about.items[i];
		const struct term *t = &in->terms[in->gives_way];

		if (in->number && t->package == package && choices_has(t->set, version) &&
		    others_hold(a, in, package))
			return false;
	}
	return true;
}

static void refuse(struct attempt *a, size_t package, struct choices set)
{
	struct pick *pick = &a->picks.items[package];

	pick->refused = choices_or(&a->s->arena, pick->refused, set);
	a->start_again = true;
}

/* What the version chosen for `package` means for the others. */
static void pass_on(struct attempt *a, size_t package)
{
	const struct package *p = &a->s->packages.items[package];

	for (size_t i = 0; i < p->about.len; i++) {
		const struct incompat *in = p->about.items[i];
		const struct term *t = &in->terms[in->gives_way];
		struct pick *pick = &a->picks.items[t->package];

		if (!in->number || in->is_license || t->package == package ||
		    !others_hold(a, in, t->package))
			continue;
		if (choices_has(t->set, t->set.count))
			pick->needed = true;
		if (pick->version != SIZE_MAX && choices_has(t->set, pick->version))
			refuse(a, t->package, t->set);
	}
}

/* The version to take; SIZE_MAX: none is left. */
static size_t best(struct attempt *a, size_t package)
{
	const struct package *p = &a->s->packages.items[package];

	if (p->follows != SIZE_MAX) {
		size_t same = a->picks.items[p->follows].version;

		if (same == SIZE_MAX || is_free(a, package, same))
			return same;
		refuse(a, p->follows, solver_just(a->s, package, same));
		return SIZE_MAX;
	}
	for (size_t v = 0; v < p->allowed.count; v++)
		if (!choices_has(a->picks.items[package].passed, v) && is_free(a, package, v))
			return v;
	return SIZE_MAX;
}

/* A version of `on` outside `refused` that everything known allows, too. */
static bool is_left(const struct attempt *a, size_t on, struct choices refused)
{
	const struct pick *pick = &a->picks.items[on];

	if (pick->held)
		return !choices_has(refused, pick->version);
	for (size_t v = 0; v < refused.count; v++)
		if (!choices_has(refused, v) && is_free(a, on, v))
			return true;
	return false;
}

/* What the version just picked requires can be had, as far as is known. */
static bool can_be_met(const struct attempt *a, size_t package, size_t version)
{
	const struct package *p = &a->s->packages.items[package];

	for (size_t i = 0; i < p->about.len; i++) {
		const struct incompat *in = p->about.items[i];
		const struct term *asks = &in->terms[0], *gives = &in->terms[in->gives_way];

		if (in->number && !in->is_license && asks->package == package &&
		    choices_has(asks->set, version) && gives->package != package &&
		    choices_has(gives->set, gives->set.count) &&
		    !is_left(a, gives->package, gives->set))
			return false;
	}
	return true;
}

/* The version is no choice: the next one is tried, or where it follows another, the round begins
 * again without that one's. */
static void pass_over(struct attempt *a, size_t package, size_t version)
{
	size_t of = a->s->packages.items[package].follows;

	if (of == SIZE_MAX)
		choices_add(a->picks.items[package].passed, version);
	else
		refuse(a, of, solver_just(a->s, package, version));
}

static void hold_followed(struct attempt *a, size_t package)
{
	size_t of = a->s->packages.items[package].follows;

	if (of != SIZE_MAX)
		a->picks.items[of].held = true;
}

static bool choose(bool *found_out, struct attempt *a, size_t package, struct err *err)
{
	size_t version;

	*found_out = false;
	while (!a->start_again && (version = best(a, package)) != SIZE_MAX) {
		if (!cancel_check(err) || !solver_look(a->s, package, version, err))
			return false;
		follow_packages(a);
		if (!is_free(a, package, version)) /* looking ruled it out */
			continue;
		a->picks.items[package].version = version;
		*found_out = can_be_met(a, package, version);
		if (*found_out)
			break;
		a->picks.items[package].version = SIZE_MAX;
		pass_over(a, package, version);
	}
	if (*found_out) {
		hold_followed(a, package);
		pass_on(a, package);
	}
	return true;
}

static size_t next_open(const struct attempt *a)
{
	for (size_t i = 0; i < a->picks.len; i++)
		if (a->picks.items[i].needed && a->picks.items[i].version == SIZE_MAX)
			return i;
	return SIZE_MAX;
}

static bool run_round(bool *done_out, struct attempt *a, struct err *err)
{
	size_t package;
	bool found = true;

	a->start_again = false;
	for (size_t i = 0; i < a->picks.len; i++) {
		a->picks.items[i].needed = i == 0;
		a->picks.items[i].version = SIZE_MAX;
		a->picks.items[i].held = false;
		a->picks.items[i].passed =
			choices_none(&a->s->arena, a->s->packages.items[i].allowed.count);
	}
	while (found && !a->start_again && (package = next_open(a)) != SIZE_MAX)
		if (!choose(&found, a, package, err))
			return false;
	*done_out = found && !a->start_again;
	return true;
}

static void keep_picks(const struct attempt *a)
{
	for (size_t i = 0; i < a->picks.len; i++) {
		if (!a->picks.items[i].needed)
			continue;
		a->s->packages.items[i].allowed = solver_just(a->s, i, a->picks.items[i].version);
		a->s->packages.items[i].decided = true;
	}
}

bool solver_try_first(bool *done_out, struct solver *s, struct err *err)
{
	AUTO(attempt_free) struct attempt a = { .s = s };

	follow_packages(&a);
	do {
		if (!run_round(done_out, &a, err))
			return false;
	} while (a.start_again);
	if (*done_out)
		keep_picks(&a);
	return true;
}
