// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/mem.h"
#include "python/solver_state.h"

/*
 * Why there is no solution: the derivation of the failure, causes first (dart-lang/pub
 * doc/solver.md, "Error reporting"). What is referred to from further away gets a number.
 */

enum { VERSIONS_SHOWN = 4, LINES_SHOWN = 60 };

struct explanation {
	struct buf *out;
	const struct solver *s;
	unsigned lines;
};

/* --- terms --- */

static void put_version(struct explanation *e, size_t package, size_t version)
{
	buf_put(e->out, e->s->provider.label(e->s->provider.arg, package, version));
}

static bool is_run(struct choices set, size_t first, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (first + i >= set.count || !choices_has(set, first + i))
			return false;
	return true;
}

/* "foo", "foo 1.2", "foo 1.2 or 1.1", "foo 1.9 to 1.2", "foo 1.9, 1.7, 1.5, 1.4 or 12 others" */
static void put_set(struct explanation *e, size_t package, struct choices set)
{
	size_t count = choices_versions(set), first = choices_next(set, 0), shown = 0;

	buf_put(e->out, e->s->packages.items[package].name);
	if (count == set.count)
		return;
	if (!count)
		buf_put(e->out, " of no version there is");
	if (count > VERSIONS_SHOWN && is_run(set, first, count)) {
		buf_put_byte(e->out, ' ');
		put_version(e, package, first);
		buf_put(e->out, " to ");
		put_version(e, package, first + count - 1);
		return;
	}
	for (size_t v = first; v != SIZE_MAX; v = choices_next(set, v + 1)) {
		if (shown == VERSIONS_SHOWN) {
			buf_putf(e->out, " or %zu others", count - shown);
			return;
		}
		buf_put(e->out, !shown ? " " : shown + 1 == count ? " or " : ", ");
		put_version(e, package, v);
		shown++;
	}
}

static bool is_required(const struct term *t)
{
	return choices_has(t->set, t->set.count);
}

/* The terms of one side: what is chosen, or what that requires. */
static size_t put_side(struct explanation *e, const struct incompat *in, bool required,
		       const char *between)
{
	AUTO(arena_free) struct arena scratch = { 0 };
	size_t n = 0;

	for (size_t i = 0; i < in->count; i++) {
		const struct term *t = &in->terms[i];

		if (t->package == 0 || is_required(t) != required)
			continue;
		if (n++)
			buf_put(e->out, between);
		put_set(e, t->package, required ? choices_not(&scratch, t->set) : t->set);
	}
	return n;
}

static size_t count_side(const struct incompat *in, bool required)
{
	size_t n = 0;

	for (size_t i = 0; i < in->count; i++)
		n += in->terms[i].package != 0 && is_required(&in->terms[i]) == required;
	return n;
}

static void put_incompat(struct explanation *e, const struct incompat *in)
{
	size_t chosen = count_side(in, false), required = count_side(in, true);

	if (in->why) {
		buf_put(e->out, in->why);
	} else if (!chosen && !required) {
		buf_put(e->out, "what is asked for cannot be had");
	} else if (!chosen) {
		put_side(e, in, true, " or ");
		buf_put(e->out, " is needed");
	} else {
		put_side(e, in, false, " and ");
		if (required)
			buf_put(e->out, chosen > 1 ? " together require " : " requires ");
		else
			buf_put(e->out, chosen > 1 ? " cannot go together" : " cannot be used");
		put_side(e, in, true, " or ");
	}
	if (in->line)
		buf_putf(e->out, " (%u)", in->line);
}

/* --- lines --- */

static bool is_said(const struct incompat *in)
{
	return !in->causes[0];
}

static void conclude(struct explanation *e, struct incompat *in)
{
	buf_put(e->out, ", ");
	put_incompat(e, in);
	e->lines++;
	buf_put(e->out, ".\n");
}

/* From two that are said or numbered. */
static void because_both(struct explanation *e, struct incompat *in)
{
	buf_put(e->out, "Because ");
	put_incompat(e, in->causes[0]);
	buf_put(e->out, " and ");
	put_incompat(e, in->causes[1]);
	conclude(e, in);
}

/* From the line before and `other`. */
static void and_because(struct explanation *e, struct incompat *in, const struct incompat *other)
{
	buf_put(e->out, "And because ");
	put_incompat(e, other);
	conclude(e, in);
}

static void explain(struct explanation *e, struct incompat *in);

static void explain_numbered(struct explanation *e, struct incompat *in)
{
	if (in->line || is_said(in))
		return;
	explain(e, in);
	in->line = e->lines;
	/* the number goes to the end of that line */
	e->out->len -= 2;
	buf_putf(e->out, " (%u).\n", in->line);
}

/* That the root is chosen needs no words. */
static bool is_root(const struct incompat *in)
{
	return in->why && !in->why[0];
}

static void explain(struct explanation *e, struct incompat *in)
{
	struct incompat *a = in->causes[0], *b = in->causes[1];
	bool a_known = is_said(a) || a->line, b_known = is_said(b) || b->line;

	if (e->lines >= LINES_SHOWN)
		return;
	if (is_root(a) || is_root(b)) {
		if (!is_said(is_root(a) ? b : a))
			explain(e, is_root(a) ? b : a);
	} else if (a_known && b_known) {
		because_both(e, in);
	} else if (b_known) {
		explain(e, a);
		and_because(e, in, b);
	} else if (a_known) {
		explain(e, b);
		and_because(e, in, a);
	} else {
		explain_numbered(e, a);
		explain(e, b);
		and_because(e, in, a);
	}
}

void solver_explain(struct buf *out, const struct solver *s)
{
	struct explanation e = { out, s, 0 };

	explain(&e, s->failure);
	if (!e.lines) { /* one thing that was said is reason enough */
		put_incompat(&e, s->failure->causes[is_root(s->failure->causes[0])]);
		buf_put(out, ".\n");
	}
	if (e.lines >= LINES_SHOWN)
		buf_put(out, "... and so on.\n");
}

/* --- who takes part --- */

struct blamed {
	const struct incompat **items;
	size_t len, cap;
};

static void blame(struct blamed *out, struct incompat *in)
{
	if (in->is_blamed)
		return;
	in->is_blamed = true;
	if (in->number)
		*ARRAY_PUSH(out) = in;
	for (size_t i = 0; i < ARRAY_LEN(in->causes); i++)
		if (in->causes[i])
			blame(out, in->causes[i]);
}

static int cmp_numbers(const void *a, const void *b)
{
	const struct incompat *x = *(const struct incompat *const *)a;
	const struct incompat *y = *(const struct incompat *const *)b;

	return (x->number > y->number) - (x->number < y->number);
}

void solver_blame(const struct solver *s, void (*each)(void *arg, const void *subject), void *arg)
{
	struct blamed all = { 0 };

	blame(&all, s->failure);
	if (all.len)
		qsort(all.items, all.len, sizeof(*all.items), cmp_numbers);
	for (size_t i = 0; i < all.len; i++)
		if (all.items[i]->subject)
			each(arg, all.items[i]->subject);
	free(all.items);
}
