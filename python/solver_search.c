// SPDX-License-Identifier: Apache-2.0
#include "python/solver.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/event.h"
#include "base/mem.h"
#include "python/solver_state.h"

/*
 * The search. In the words of the paper: the trail is the partial solution, an assignment with a
 * cause is a derivation, one without a decision. Since "absent" is a choice like any other, a term
 * is a set, and satisfied, contradicted and inconclusive are subset, disjoint and the rest.
 */

void solver_init(struct solver **out, const struct solver_provider *provider)
{
	struct solver *s = mem_alloc(sizeof(*s));

	s->provider = *provider;
	*out = s;
	solver_package(s, "what is asked for", 1);
}

void solver_free(struct solver *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->packages.len; i++)
		free(s->packages.items[i].about.items);
	free(s->packages.items);
	free(s->trail.items);
	arena_free(&s->arena);
	free(s);
}

size_t solver_package(struct solver *s, const char *name, size_t versions)
{
	struct package *p = ARRAY_PUSH(&s->packages);

	*p = (struct package){ .name = arena_strdup(&s->arena, name),
			       .allowed = choices_all(&s->arena, versions),
			       .looked = choices_none(&s->arena, versions),
			       .follows = SIZE_MAX };
	return s->packages.len - 1;
}

size_t solver_follower(struct solver *s, const char *name, size_t of)
{
	size_t package = solver_package(s, name, s->packages.items[of].allowed.count);

	s->packages.items[package].follows = of;
	return package;
}

/* --- incompatibilities --- */

static struct incompat *new_incompat(struct solver *s, size_t terms)
{
	struct incompat *in = ARENA_NEW(&s->arena, struct incompat);

	in->terms = ARENA_ARRAY(&s->arena, struct term, terms);
	return in;
}

static void add_term(struct incompat *in, size_t package, struct choices set)
{
	in->terms[in->count++] = (struct term){ package, set };
}

static void keep(struct solver *s, struct incompat *in)
{
	for (size_t i = 0; i < in->count; i++)
		*ARRAY_PUSH(&s->packages.items[in->terms[i].package].about) = in;
}

static void say(struct solver *s, struct incompat *in, struct solver_reason reason)
{
	in->why = arena_strdup(&s->arena, reason.why);
	in->subject = reason.subject;
	in->number = ++s->said;
	keep(s, in);
}

struct choices solver_just(struct solver *s, size_t package, size_t version)
{
	struct choices set = choices_none(&s->arena, s->packages.items[package].allowed.count);

	choices_add(set, version);
	return set;
}

/* `package` at `version` together with what is not allowed of `on`. */
static void add_dependency(struct solver *s, size_t package, size_t version, size_t on,
			   const bool *allowed, bool absent_fits, struct solver_reason reason)
{
	struct incompat *in = new_incompat(s, 2);
	struct choices refused = choices_none(&s->arena, s->packages.items[on].allowed.count);

	if (on == package) { /* of itself */
		if (!allowed[version])
			solver_forbid(s, package, version, reason);
		return;
	}
	for (size_t i = 0; i < refused.count; i++)
		if (!allowed[i])
			choices_add(refused, i);
	if (!absent_fits)
		choices_add(refused, refused.count);
	add_term(in, package, solver_just(s, package, version));
	if (!choices_is_all(refused)) /* else it always holds */
		add_term(in, on, refused);
	in->gives_way = in->count - 1;
	say(s, in, reason);
}

void solver_require(struct solver *s, size_t package, size_t version, size_t on,
		    const bool *allowed, struct solver_reason reason)
{
	add_dependency(s, package, version, on, allowed, false, reason);
}

void solver_constrain(struct solver *s, size_t package, size_t version, size_t on,
		      const bool *allowed, struct solver_reason reason)
{
	add_dependency(s, package, version, on, allowed, true, reason);
}

void solver_forbid(struct solver *s, size_t package, size_t version, struct solver_reason reason)
{
	struct incompat *in = new_incompat(s, 1);

	add_term(in, package, solver_just(s, package, version));
	say(s, in, reason);
}

/* The term of `package`, made when there is none yet. */
static struct term *term_of(struct solver *s, struct incompat *in, size_t package)
{
	for (size_t i = 0; i < in->count; i++)
		if (in->terms[i].package == package)
			return &in->terms[i];
	add_term(in, package, choices_all(&s->arena, s->packages.items[package].allowed.count));
	return &in->terms[in->count - 1];
}

void solver_license(struct solver *s, size_t package, size_t version,
		    const struct solver_choice *by, size_t count, struct solver_reason reason)
{
	struct incompat *in = new_incompat(s, count + 1);

	add_term(in, package, solver_just(s, package, version));
	in->is_license = true;
	for (size_t i = 0; i < count; i++) {
		struct choices given = solver_just(s, by[i].package, by[i].version);
		struct term *t;

		if (by[i].package == package) { /* by itself */
			if (by[i].version == version)
				return;
			continue;
		}
		t = term_of(s, in, by[i].package);
		t->set = choices_and(&s->arena, t->set, choices_not(&s->arena, given));
	}
	say(s, in, reason);
}

void solver_exclude(struct solver *s, const struct solver_choice *choices, size_t count,
		    struct solver_reason reason)
{
	struct incompat *in = new_incompat(s, count);

	for (size_t i = 0; i < count; i++)
		add_term(in, choices[i].package,
			 solver_just(s, choices[i].package, choices[i].version));
	in->gives_way = count - 1;
	say(s, in, reason);
}

/* --- the trail --- */

static void assign(struct solver *s, size_t package, struct choices set, struct incompat *cause)
{
	struct package *p = &s->packages.items[package];

	*ARRAY_PUSH(&s->trail) = (struct assignment){ .package = package,
						      .set = set,
						      .before = p->allowed,
						      .level = s->level,
						      .cause = cause };
	p->allowed = choices_and(&s->arena, p->allowed, set);
}

static void backtrack(struct solver *s, size_t level)
{
	while (s->trail.len && s->trail.items[s->trail.len - 1].level > level) {
		const struct assignment *a = &s->trail.items[--s->trail.len];

		s->packages.items[a->package].allowed = a->before;
		if (!a->cause)
			s->packages.items[a->package].decided = false;
	}
	s->level = level;
}

/* --- propagation --- */

enum relation { RELATION_CONFLICT, RELATION_UNIT, RELATION_NOTHING };

/* Unit: *unit_out is the one term that does not hold yet. */
static enum relation relate(const struct term **unit_out, const struct solver *s,
			    struct incompat *in)
{
	*unit_out = NULL;
	for (size_t i = 0; i < in->count; i++) {
		const struct term *t = &in->terms[i];
		struct choices allowed = s->packages.items[t->package].allowed;

		if (choices_within(allowed, t->set))
			continue;
		if (*unit_out || !choices_meet(allowed, t->set))
			return RELATION_NOTHING;
		*unit_out = t;
	}
	return *unit_out ? RELATION_UNIT : RELATION_CONFLICT;
}

struct queue {
	size_t *items;
	size_t len, cap;
};

static void queue_free(struct queue *q)
{
	free(q->items);
}

/* All that follows from a change of `changed`. Returns what cannot be any more, or NULL. */
static struct incompat *propagate(struct solver *s, size_t changed)
{
	AUTO(queue_free) struct queue queue = { 0 };

	*ARRAY_PUSH(&queue) = changed;
	for (size_t at = 0; at < queue.len; at++) {
		const struct package *p = &s->packages.items[queue.items[at]];

		for (size_t i = p->about.len; i-- > 0;) {
			struct incompat *in = p->about.items[i];
			const struct term *unit;
			enum relation r = relate(&unit, s, in);

			if (r == RELATION_CONFLICT)
				return in;
			if (r == RELATION_UNIT) {
				assign(s, unit->package, choices_not(&s->arena, unit->set), in);
				*ARRAY_PUSH(&queue) = unit->package;
			}
		}
	}
	return NULL;
}

/* --- conflicts --- */

/*
 * The first assignment of the term's package after which the term holds, taking `given` (may be
 * NULL) for known from the start; the trail as a whole makes it hold. SIZE_MAX: `given` is enough.
 */
static size_t satisfier_of(struct solver *s, const struct term *t, const struct choices *given)
{
	struct choices known = given ? *given : choices_all(&s->arena, t->set.count);

	if (choices_within(known, t->set))
		return SIZE_MAX;
	for (size_t i = 0;; i++) {
		const struct assignment *a = &s->trail.items[i];

		assert(i < s->trail.len);
		if (a->package != t->package)
			continue;
		known = choices_and(&s->arena, known, a->set);
		if (choices_within(known, t->set))
			return i;
	}
}

/* How an incompatibility came to hold: its last satisfier, and the level before which it did not.
 */
struct history {
	const struct term *term;
	size_t last;     /* index on the trail */
	size_t previous; /* level of what else it took */
};

static size_t level_of(const struct solver *s, size_t index)
{
	return index == SIZE_MAX ? 0 : s->trail.items[index].level;
}

static struct history history_of(struct solver *s, struct incompat *in)
{
	struct history h = { .term = NULL };
	const struct assignment *a;

	for (size_t i = 0; i < in->count; i++) {
		size_t index = satisfier_of(s, &in->terms[i], NULL);

		if (!h.term || index > h.last) {
			if (h.term && level_of(s, h.last) > h.previous)
				h.previous = level_of(s, h.last);
			h.term = &in->terms[i];
			h.last = index;
		} else if (level_of(s, index) > h.previous) {
			h.previous = level_of(s, index);
		}
	}
	/* what the satisfier's own package had to give before */
	a = &s->trail.items[h.last];
	if (level_of(s, satisfier_of(s, h.term, &a->set)) > h.previous)
		h.previous = level_of(s, satisfier_of(s, h.term, &a->set));
	return h;
}

/* Both of one package: both must hold. All choices: nothing is said. */
static void merge_term(struct solver *s, struct incompat *in, size_t package, struct choices set)
{
	if (choices_is_all(set))
		return;
	for (size_t i = 0; i < in->count; i++) {
		if (in->terms[i].package == package) {
			in->terms[i].set = choices_and(&s->arena, in->terms[i].set, set);
			return;
		}
	}
	add_term(in, package, set);
}

/* What `in` and the reason of its last satisfier say together, without that assignment. */
static struct incompat *resolve(struct solver *s, struct incompat *in, const struct history *h)
{
	const struct assignment *a = &s->trail.items[h->last];
	struct incompat *out = new_incompat(s, in->count + a->cause->count);

	for (size_t i = 0; i < in->count; i++)
		if (&in->terms[i] != h->term)
			merge_term(s, out, in->terms[i].package, in->terms[i].set);
	for (size_t i = 0; i < a->cause->count; i++)
		if (a->cause->terms[i].package != a->package)
			merge_term(s, out, a->cause->terms[i].package, a->cause->terms[i].set);
	merge_term(s, out, a->package,
		   choices_or(&s->arena, h->term->set, choices_not(&s->arena, a->set)));
	out->causes[0] = in;
	out->causes[1] = a->cause;
	return out;
}

/* The root conflict: go back to where it tells something new. NULL: there is no solution. */
static struct incompat *learn(struct solver *s, struct incompat *conflict)
{
	struct incompat *in = conflict;

	while (in->count) {
		struct history h = history_of(s, in);
		const struct assignment *a = &s->trail.items[h.last];

		if (!a->cause || h.previous < a->level) {
			backtrack(s, h.previous);
			if (in != conflict)
				keep(s, in);
			return in;
		}
		in = resolve(s, in, &h);
	}
	s->failure = in;
	return NULL;
}

/* Propagation, and conflicts until there is none. False: no solution. */
static bool settle(struct solver *s, size_t changed)
{
	struct incompat *conflict;

	while ((conflict = propagate(s, changed))) {
		struct incompat *learnt = learn(s, conflict);
		const struct term *unit;

		if (!learnt)
			return false;
		/* after going back, all of it holds but one term */
		if (relate(&unit, s, learnt) == RELATION_UNIT) {
			assign(s, unit->package, choices_not(&s->arena, unit->set), learnt);
			changed = unit->package;
		} else {
			changed = learnt->terms[0].package;
		}
	}
	return true;
}

/* --- decisions --- */

/* The first package, in the order they were asked for, that must be chosen and is not yet. */
static size_t next_open(const struct solver *s)
{
	for (size_t i = 0; i < s->packages.len; i++) {
		const struct package *p = &s->packages.items[i];

		if (!p->decided && !choices_has(p->allowed, p->allowed.count))
			return i;
	}
	return SIZE_MAX;
}

/* A follower goes with the same version of what it follows, and no other. */
static void tie(struct solver *s, size_t package, size_t version)
{
	size_t of = s->packages.items[package].follows;
	AUTO(auto_free) bool *same = NULL;
	AUTO(auto_free) char *why = NULL;

	if (of == SIZE_MAX)
		return;
	same = mem_alloc(s->packages.items[of].allowed.count * sizeof(*same) + 1);
	same[version] = true;
	why = mem_printf("%s is of %s", s->packages.items[package].name,
			 s->packages.items[of].name);
	solver_require(s, package, version, of, same, (struct solver_reason){ .why = why });
}

bool solver_look(struct solver *s, size_t package, size_t version, struct err *err)
{
	struct choices looked = s->packages.items[package].looked;

	if (choices_has(looked, version))
		return true;
	choices_add(looked, version);
	tie(s, package, version);
	return s->provider.look(s->provider.arg, s, package, version, err);
}

static bool decide(struct solver *s, size_t package, struct err *err)
{
	size_t version = choices_next(s->packages.items[package].allowed, 0);

	if (!cancel_check(err) || !solver_look(s, package, version, err))
		return false;
	s->level++;
	assign(s, package, solver_just(s, package, version), NULL);
	s->packages.items[package].decided = true;
	return true;
}

bool solver_solve(enum solver_outcome *out, struct solver *s, struct err *err)
{
	struct incompat *root = new_incompat(s, 1);
	size_t package = 0;
	bool done = false;

	add_term(root, 0, solver_just(s, 0, s->packages.items[0].allowed.count));
	root->why = "";
	keep(s, root);
	*out = SOLVER_SOLVED;
	if (!solver_try_first(&done, s, err) || done)
		return done;
	*out = SOLVER_UNSOLVABLE;
	do {
		if (!settle(s, package))
			return true;
		package = next_open(s);
		if (package != SIZE_MAX && !decide(s, package, err))
			return false;
	} while (package != SIZE_MAX);
	*out = SOLVER_SOLVED;
	return true;
}

size_t solver_chosen(const struct solver *s, size_t package)
{
	const struct package *p = &s->packages.items[package];

	return p->decided ? choices_next(p->allowed, 0) : SIZE_MAX;
}
