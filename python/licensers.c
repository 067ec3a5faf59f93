// SPDX-License-Identifier: Apache-2.0
#include "python/licensers.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/map.h"
#include "base/mem.h"

/* Requirements that let pre-releases and yanked files in. What that means is
 * selection_packages.c's. */

void licensers_free(struct licensers *l)
{
	free(l->items);
}

bool licensers_have(const struct licensers *l, const char *key, enum license kind)
{
	for (size_t i = 0; i < l->len; i++)
		if (l->items[i].kind == kind && str_eq(l->items[i].key, key))
			return true;
	return false;
}

static bool same_extra(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

static bool knows(const struct licensers *all, const struct licenser *l)
{
	for (size_t i = 0; i < all->len; i++) {
		const struct licenser *k = &all->items[i];

		if (k->kind == l->kind && str_eq(k->key, l->key) &&
		    (!k->by || (k->by == l->by && same_extra(k->extra, l->extra))))
			return true;
	}
	return false;
}

static bool has_licensable(const struct demand *d, const struct project *p, enum license kind)
{
	for (size_t i = 0; p && i < p->len; i++)
		if (p->items[i]->rank != SIZE_MAX && license_is_needed(kind, p->items[i]) &&
		    demand_matches(d, p->items[i]))
			return true;
	return false;
}

bool licensers_note(struct licensers *l, struct candidates *c, const struct demand *d,
		    const char *extra)
{
	const struct project *p = candidates_find(c, d->what->key);
	bool found = false;

	for (enum license kind = LICENSE_PRERELEASE; kind <= LICENSE_YANKED; kind++) {
		const struct licenser one = { d->by, extra, d->what->key, kind };

		if (!demand_licenses(d, kind) || !has_licensable(d, p, kind) || knows(l, &one))
			continue;
		*ARRAY_PUSH(l) = one;
		found = true;
	}
	return found;
}

/* --- all there may be --- */

struct search {
	struct licensers *into;
	struct candidates *candidates;
	const struct marker_env *env;
	struct map seen; /* keys, in the order they came up */
	bool found;
};

static void search_free(struct search *x)
{
	map_free(&x->seen);
}

static void see(struct search *x, const char *key)
{
	if (!map_has(&x->seen, key))
		map_put(&x->seen, key, NULL);
}

/* One file's requirements, without an extra or under one. */
static bool search_requires(struct search *x, const struct candidate *ca, const char *extra,
			    struct err *err)
{
	for (size_t i = 0; i < ca->requires_count; i++) {
		const struct demand d = { .what = &ca->requires_dist[i], .by = ca };
		bool concerns;

		if (!demand_concerns(&concerns, d.what, ca, x->env, extra, err))
			return false;
		if (!concerns || d.what->url)
			continue;
		see(x, d.what->key);
		if (licensers_note(x->into, x->candidates, &d, extra))
			x->found = true;
	}
	return true;
}

static bool search_project(struct search *x, const struct project *p, struct err *err)
{
	for (size_t i = 0; i < p->len; i++) {
		struct candidate *ca = p->items[i];

		if (ca->rank == SIZE_MAX || (!ca->path && !ca->is_looked))
			continue;
		if (!candidate_look(ca, x->candidates, err))
			return false;
		if (ca->unfit)
			continue;
		if (!search_requires(x, ca, NULL, err))
			return false;
		for (size_t k = 0; k < ca->metadata.extras.len; k++)
			if (!search_requires(x, ca, ca->metadata.extras.items[k], err))
				return false;
	}
	return true;
}

bool licensers_search(struct licensers *l, bool *found_out, struct candidates *c,
		      const struct marker_env *env, const char *const *keys, size_t count,
		      struct err *err)
{
	AUTO(search_free) struct search x = { .into = l, .candidates = c, .env = env };

	for (size_t i = 0; i < count; i++)
		see(&x, keys[i]);
	/* it grows while it is walked */
	for (size_t i = 0; i < x.seen.len; i++) {
		const struct project *p = candidates_find(c, x.seen.items[i].key);

		if (p && !search_project(&x, p, err))
			return false;
	}
	*found_out = x.found;
	return true;
}
