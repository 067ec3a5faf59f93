// SPDX-License-Identifier: Apache-2.0
#include "python/selection_state.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

/*
 * Projects as the solver sees them: a package for each name, whose choices are its files, best
 * first, and one for each extra that is asked for, which follows it. Which files a requirement
 * takes is demand.c's.
 */

/* --- licenses --- */

struct solver_choice selection_choice_of(struct selection *x, struct solver *s,
					 const struct licenser *l)
{
	struct solver_choice c = { .package =
					   selection_package_of(x, s, l->by->name.key, l->extra) };
	const struct project *p = x->nodes.items[c.package].project;

	while (p->items[c.version] != l->by)
		c.version++;
	return c;
}

/* *by_out: those who license files of `key`, in an array of its own. True: the user does. */
static bool licensers_of(struct solver_choice **by_out, size_t *count_out, struct selection *x,
			 struct solver *s, const char *key, enum license kind)
{
	struct solver_choice *by = mem_alloc((x->licensers.len + 1) * sizeof(*by));
	bool always = false;

	*count_out = 0;
	for (size_t i = 0; i < x->licensers.len; i++) {
		const struct licenser l = x->licensers.items[i];

		if (l.kind != kind || !str_eq(l.key, key))
			continue;
		always = always || !l.by;
		if (l.by)
			by[(*count_out)++] = selection_choice_of(x, s, &l);
	}
	*by_out = by;
	return always;
}

bool selection_needs_licenses(const struct selection *x, const struct project *p, enum license kind)
{
	if (!licensers_have(&x->licensers, p->key, kind))
		return false;
	return kind != LICENSE_PRERELEASE || !demand_has_only_prereleases(p) ||
	       map_has(&x->specified, p->key);
}

/* Files that need a license go with those who give it. */
static void bind_licenses(struct selection *x, struct solver *s, size_t package, enum license kind)
{
	const struct node n = x->nodes.items[package];
	AUTO(auto_free) struct solver_choice *by = NULL;
	size_t count;

	if (!n.project || !selection_needs_licenses(x, n.project, kind) ||
	    licensers_of(&by, &count, x, s, n.key, kind))
		return;
	for (size_t i = 0; i < n.project->len; i++) {
		const struct candidate *ca = n.project->items[i];
		AUTO(auto_free) char *why = NULL;

		if (ca->rank == SIZE_MAX || !license_is_needed(kind, ca))
			continue;
		why = mem_printf("%s %s", ca->filename, license_missing(ca, &x->arena));
		solver_license(s, package, i, by, count, (struct solver_reason){ .why = why });
	}
}

static char *node_name(const struct node *n, struct arena *a)
{
	return n->extra ? arena_printf(a, "%s[%s]", n->key, n->extra) : arena_strdup(a, n->key);
}

void selection_note_license(struct selection *x, const struct demand *d, struct solver_choice from)
{
	const char *extra = x->nodes.items[from.package].extra;

	if (licensers_note(&x->licensers, x->candidates, d, extra) &&
	    map_has(&x->by_name, d->what->key))
		x->start_again = true;
}

/* --- packages --- */

const char *selection_user_asks(const struct demand *d, struct arena *a)
{
	return d->line->origin[0] ? arena_printf(a, "%s asks for", d->line->origin) : "you ask for";
}

/* The user's constraints on a name that is asked for now. */
static void constrain(struct selection *x, struct solver *s, const char *key)
{
	for (size_t i = 0; i < x->constraints.len; i++) {
		const struct demand *d = x->constraints.items[i];

		if (str_eq(d->what->key, key))
			selection_require(x, s, d, (struct solver_choice){ 0, 0 },
					  selection_user_asks(d, &x->arena));
	}
}

static void note_constraint_licenses(struct selection *x, const char *key)
{
	for (size_t i = 0; i < x->constraints.len; i++)
		if (str_eq(x->constraints.items[i]->what->key, key))
			selection_note_license(x, x->constraints.items[i],
					       (struct solver_choice){ 0, 0 });
}

/* The files of a preferred version come first. */
static void prefer(const struct selection *x, struct project *p)
{
	const char *version =
		x->options->preferences && p ? map_text(x->options->preferences, p->key) : NULL;
	AUTO(auto_free) struct candidate **sorted = NULL;
	size_t count = 0;

	if (!version)
		return;
	sorted = mem_alloc((p->len + 1) * sizeof(struct candidate *));
	for (int other = 0; other < 2; other++)
		for (size_t i = 0; i < p->len; i++)
			if (str_eq(p->items[i]->name.version.text, version) != other)
				sorted[count++] = p->items[i];
	for (size_t i = 0; i < count; i++)
		p->items[i] = sorted[i];
}

size_t selection_package_of(struct selection *x, struct solver *s, const char *key,
			    const char *extra)
{
	struct node node = { .key = key, .extra = extra };
	const char *name = node_name(&node, &x->arena);
	size_t known = (size_t)(uintptr_t)map_get(&x->by_name, name), package;

	if (known)
		return known - 1;
	node.project = candidates_find(x->candidates, key);
	if (!extra)
		prefer(x, node.project);
	if (!extra)
		note_constraint_licenses(x, key);
	if (extra)
		package = solver_follower(s, name, selection_package_of(x, s, key, NULL));
	else
		package = solver_package(s, name, node.project ? node.project->len : 0);
	*ARRAY_PUSH(&x->nodes) = node;
	map_put(&x->by_name, name, (void *)(uintptr_t)(package + 1));
	for (enum license kind = LICENSE_PRERELEASE; !extra && kind <= LICENSE_YANKED; kind++)
		bind_licenses(x, s, package, kind);
	if (!extra)
		constrain(x, s, key);
	return package;
}

size_t selection_known_package(const struct selection *x, const char *key, const char *extra)
{
	AUTO(arena_free) struct arena a = { 0 };
	const struct node n = { .key = key, .extra = extra };

	return (size_t)(uintptr_t)map_get(&x->by_name, node_name(&n, &a)) - 1;
}

void selection_note_against(struct selection *x, const struct candidate *ca, const char *why)
{
	map_put(&x->refusal.reasons, ca->id, arena_strdup(&x->arena, why));
}

/* By index of the project's files: those the demand takes. */
static bool *files_for(struct selection *x, const struct demand *d, const struct project *p)
{
	bool *taken = ARENA_ARRAY(&x->arena, bool, (p ? p->len : 0) + 1);
	struct demand_rules rules = {
		.prereleases = requirements_prereleases(x->requirements, d->what->key),
	};

	for (enum license kind = LICENSE_PRERELEASE; kind <= LICENSE_YANKED; kind++)
		rules.licensed[kind] = licensers_have(&x->licensers, d->what->key, kind);
	if (p)
		demand_take(taken, d, p, &rules);
	for (size_t i = 0; p && i < p->len; i++)
		if (!taken[i] && p->items[i]->rank != SIZE_MAX && demand_matches(d, p->items[i])) {
			x->left_out = true;
			selection_note_against(x, p->items[i],
					       license_missing(p->items[i], &x->arena));
		}
	return taken;
}

static bool any(const bool *taken, const struct project *p)
{
	for (size_t i = 0; p && i < p->len; i++)
		if (taken[i])
			return true;
	return false;
}

static const struct edge *add_edge(struct selection *x, const struct demand *d,
				   struct solver_choice from, size_t on)
{
	struct edge *e = ARENA_NEW(&x->arena, struct edge);

	*e = (struct edge){ *d, from, on };
	*ARRAY_PUSH(&x->edges) = e;
	return e;
}

static void note_specifier(struct selection *x, const struct demand *d, const struct project *p)
{
	if (!p || !d->what->specifiers.len || demand_licenses(d, LICENSE_PRERELEASE) ||
	    !demand_has_only_prereleases(p) || map_has(&x->specified, p->key))
		return;
	map_put(&x->specified, p->key, NULL);
	if (licensers_have(&x->licensers, p->key, LICENSE_PRERELEASE))
		x->start_again = true;
}

void selection_require(struct selection *x, struct solver *s, const struct demand *d,
		       struct solver_choice from, const char *who)
{
	const struct requirement *what = d->what;
	size_t on = selection_package_of(x, s, what->key, NULL);
	const struct project *p = x->nodes.items[on].project;
	bool *taken = files_for(x, d, p);
	struct solver_reason reason = { .subject = &add_edge(x, d, from, on)->demand };
	AUTO(buf_free) struct buf why = BUF_INIT(SIZE_MAX / 2);

	note_specifier(x, d, p);
	buf_putf(&why, "%s ", who);
	requirement_format(&why, what);
	reason.why = why.ptr;
	if (d->line && d->line->is_constraint) {
		solver_constrain(s, from.package, from.version, on, taken, reason);
		return;
	}
	if (!any(taken, p))
		buf_put(&why, p ? " (which no file fits)" : " (which there is no file of)");
	reason.why = why.ptr;
	solver_require(s, from.package, from.version, on, taken, reason);
	for (size_t i = 0; i < what->extra_count; i++)
		solver_require(s, from.package, from.version,
			       selection_package_of(x, s, what->key, what->extras[i]), taken,
			       reason);
}
