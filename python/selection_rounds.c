// SPDX-License-Identifier: Apache-2.0
#include "python/selection_state.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "python/prefetch.h"

/*
 * Rounds of the solver, until what it chose is all asked for, and what comes of them. Where
 * candidates come from is candidates.c's, which of them a requirement takes demand.c's.
 */

static void selection_free(struct selection *x)
{
	free(x->nodes.items);
	map_free(&x->by_name);
	free(x->edges.items);
	licensers_free(&x->licensers);
	map_free(&x->specified);
	free(x->unfounded.items);
	free(x->constraints.items);
	refusal_free(&x->refusal);
	arena_free(&x->arena);
}

void selected_list_free(struct selected_list *l)
{
	free(l->items);
	arena_free(&l->arena);
	*l = (struct selected_list){ 0 };
}

static const char *label(void *arg, size_t package, size_t version)
{
	const struct selection *x = arg;

	return x->nodes.items[package].project->items[version]->name.version.text;
}

/* Who asks for a package, of those that were chosen. */
static void collect_askers(struct selected *out, struct arena *a, const struct selection *x,
			   const struct solver *s, size_t package)
{
	out->asked = ARENA_ARRAY(a, const struct demand *, x->edges.len + 1);
	for (size_t i = 0; i < x->edges.len; i++) {
		const struct edge *e = x->edges.items[i];

		if (e->on == package && selection_is_chosen(s, e->from) &&
		    !(e->demand.line && e->demand.line->is_constraint))
			out->asked[out->asked_count++] = &e->demand;
	}
}

static void collect(struct selected_list *out, struct selection *x, const struct solver *s,
		    const bool *is_founded)
{
	for (size_t i = 1; i < x->nodes.len; i++) {
		const struct node *n = &x->nodes.items[i];
		size_t chosen = solver_chosen(s, i);
		struct selected *item;
		struct candidate *ca;

		if (chosen == SIZE_MAX || !is_founded[i])
			continue;
		ca = n->project->items[chosen];
		if (n->extra) {
			if (!str_list_has(&ca->metadata.extras, n->extra))
				event_warn(x->events, "%s %s has no extra '%s'", ca->name.name,
					   ca->name.version.text, n->extra);
			continue;
		}
		item = ARRAY_PUSH(out);
		*item = (struct selected){ .candidate = ca, .requested = n->requested };
		collect_askers(item, &out->arena, x, s, i);
		event_detail(x->events, "%s %s: %s", n->key, ca->name.version.text,
			     ca->index ? ca->index : ca->id);
	}
	arena_adopt(&out->arena, &x->arena);
}

static void note_story(struct events *events, const char *story)
{
	struct slice rest = slice_of(story);
	size_t lines = 0;

	for (const char *at = story; (at = strchr(at, '\n')); at++)
		lines++;
	while (lines > 1 && rest.ptr && rest.len) {
		struct slice line = slice_cut(rest, '\n', &rest);

		event_reason(events, SLICE_FMT, SLICE_ARG(line));
	}
}

static void add_blamed(void *arg, const void *subject)
{
	struct refusal *refusal = arg;

	*ARRAY_PUSH(&refusal->demands) = subject;
}

static bool fail_unsolvable(struct selection *x, const struct solver *s, struct err *err)
{
	AUTO(buf_free) struct buf story = BUF_INIT(SIZE_MAX / 2);

	solver_explain(&story, s);
	note_story(x->events, story.ptr);
	solver_blame(s, add_blamed, &x->refusal);
	return refusal_report(&x->refusal, err);
}

static void begin_round(struct selection *x)
{
	x->start_again = x->left_out = false;
	x->nodes.len = 0;
	x->edges.len = 0;
	x->constraints.len = 0;
	map_free(&x->by_name);
	x->by_name = (struct map){ 0 };
	map_free(&x->refusal.reasons);
	x->refusal.reasons = (struct map){ 0 };
	*ARRAY_PUSH(&x->nodes) = (struct node){ 0 }; /* the root */
}

/* What was not read yet may license what was left out. */
static bool find_licensers(struct selection *x, struct err *err)
{
	AUTO(auto_free) const char **keys = mem_alloc((x->nodes.len + 1) * sizeof(*keys));
	size_t count = 0;

	if (!x->left_out)
		return true;
	for (size_t i = 1; i < x->nodes.len; i++)
		if (!x->nodes.items[i].extra)
			keys[count++] = x->nodes.items[i].key;
	return licensers_search(&x->licensers, &x->start_again, x->candidates, &x->env, keys, count,
				err);
}

/* x->start_again tells that another round is needed. */
static bool run_round(struct selected_list *out, struct selection *x, struct err *err)
{
	const struct solver_provider provider = { x, selection_look, label };
	AUTO(auto_solver_free) struct solver *s = NULL;
	enum solver_outcome outcome;
	const bool *is_founded;

	begin_round(x);
	solver_init(&s, &provider);
	if (!solver_solve(&outcome, s, err))
		return false;
	if (x->start_again)
		return true;
	if (outcome == SOLVER_UNSOLVABLE && !find_licensers(x, err))
		return false;
	if (x->start_again)
		return true;
	if (outcome == SOLVER_UNSOLVABLE)
		return fail_unsolvable(x, s, err);
	is_founded = selection_founded(x, s);
	selection_check_founded(x, s, is_founded);
	if (!x->start_again)
		collect(out, x, s, is_founded);
	return true;
}

bool selection_make(struct selected_list *out, struct candidates *c, const struct requirements *r,
		    const struct selection_options *options, struct events *events, struct err *err)
{
	AUTO(selection_free)
	struct selection x = { .candidates = c,
			       .requirements = r,
			       .options = options,
			       .events = events,
			       .refusal = { .candidates = c, .target = options->target } };

	x.refusal.arena = &x.arena;
	x.env = marker_env_make(&x.arena, options->target);
	if (c->client && !prefetch_run(c, r, &x.env, options->no_deps, err))
		return false;
	do {
		if (!run_round(out, &x, err))
			return false;
	} while (x.start_again);
	return true;
}
