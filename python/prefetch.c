// SPDX-License-Identifier: Apache-2.0
#include "python/prefetch.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"

/* A generation of requirements after the other, breadth first. */

struct want {
	struct demand demand;
	struct candidate *likely; /* NULL: none */
};

struct prefetch {
	struct candidates *candidates;
	const struct requirements *requirements;
	const struct marker_env *env;
	struct {
		struct want *items;
		size_t len, cap;
	} wants;
	struct map followed; /* candidate id and extras whose requirements are among them */
};

static void prefetch_free(struct prefetch *x)
{
	free(x->wants.items);
	map_free(&x->followed);
}

static bool add_roots(struct prefetch *x, struct err *err)
{
	const struct str_list no_extras = { 0 };

	for (size_t i = 0; i < x->requirements->len; i++) {
		const struct requirement_line *line = &x->requirements->items[i];
		const struct requirement *what = &line->requirement;
		bool holds;

		if (line->is_constraint || line->is_locked)
			continue;
		if (!marker_eval_extras(&holds, what->marker, x->env, &no_extras, err))
			return requirement_line_fail_at(line, err);
		if (holds)
			*ARRAY_PUSH(&x->wants) = (struct want){ .demand = { what, line, NULL } };
	}
	return true;
}

/* No line of the user's speaks against it, constraints among them. */
static bool suits_user(const struct prefetch *x, const struct candidate *ca)
{
	for (size_t i = 0; i < x->requirements->len; i++) {
		const struct requirement_line *line = &x->requirements->items[i];
		const struct demand d = { .what = &line->requirement, .line = line };

		if (str_eq(line->requirement.key, ca->name.key) && !line->requirement.marker &&
		    (!demand_matches(&d, ca) || !candidate_may_have_hash(ca, line)))
			return false;
	}
	return true;
}

static struct candidate *likely(const struct prefetch *x, const struct demand *d)
{
	const struct demand_rules rules = {
		.prereleases = requirements_prereleases(x->requirements, d->what->key),
	};
	struct project *p = candidates_find(x->candidates, d->what->key);
	AUTO(auto_free) bool *taken = p ? mem_alloc(p->len + 1) : NULL;

	if (p)
		demand_take(taken, d, p, &rules);
	for (size_t i = 0; p && i < p->len; i++)
		if (taken[i] && suits_user(x, p->items[i]))
			return p->items[i];
	return NULL;
}

/* Pages and metadata of wants[from] and those behind. */
static bool fetch(struct prefetch *x, size_t from, struct err *err)
{
	size_t count = x->wants.len - from, key_count = 0, file_count = 0;
	AUTO(auto_free) const char **keys = mem_alloc((count + 1) * sizeof(*keys));
	AUTO(auto_free)
	struct candidate **files = mem_alloc((count + 1) * sizeof(struct candidate *));

	for (size_t i = from; i < x->wants.len; i++)
		if (!demand_names_file(&x->wants.items[i].demand))
			keys[key_count++] = x->wants.items[i].demand.what->key;
	if (!candidates_load(x->candidates, keys, key_count, err))
		return false;
	for (size_t i = from; i < x->wants.len; i++) {
		struct want *w = &x->wants.items[i];

		w->likely = likely(x, &w->demand);
		if (w->likely)
			files[file_count++] = w->likely;
	}
	return candidates_look(x->candidates, files, file_count, err);
}

static bool is_followed(struct prefetch *x, const struct want *w)
{
	AUTO(buf_free) struct buf name = BUF_INIT(SIZE_MAX / 2);

	buf_put(&name, w->likely->id);
	for (size_t i = 0; i < w->demand.what->extra_count; i++)
		buf_putf(&name, " %s", w->demand.what->extras[i]);
	if (map_has(&x->followed, name.ptr))
		return true;
	map_put(&x->followed, name.ptr, NULL);
	return false;
}

/* What the likely file of a want requires, under the extras asked of it. */
static bool follow(struct prefetch *x, size_t want, struct err *err)
{
	const struct want w = x->wants.items[want];
	AUTO(str_list_free) struct str_list extras = { 0 };

	if (!w.likely || w.likely->unfit || is_followed(x, &w))
		return true;
	for (size_t i = 0; i < w.demand.what->extra_count; i++)
		str_list_push(&extras, w.demand.what->extras[i]);
	for (size_t i = 0; i < w.likely->requires_count; i++) {
		const struct requirement *what = &w.likely->requires_dist[i];
		bool holds;

		if (!marker_eval_extras(&holds, what->marker, x->env, &extras, err))
			return err_wrap(err, "%s: Requires-Dist '%s'", w.likely->filename,
					what->text);
		if (holds && !what->url)
			*ARRAY_PUSH(&x->wants) =
				(struct want){ .demand = { what, NULL, w.likely } };
	}
	return true;
}

bool prefetch_run(struct candidates *c, const struct requirements *r, const struct marker_env *env,
		  bool no_deps, struct err *err)
{
	AUTO(prefetch_free)
	struct prefetch x = { .candidates = c, .requirements = r, .env = env };
	size_t done = 0;

	if (!add_roots(&x, err))
		return false;
	while (done < x.wants.len) {
		size_t end = x.wants.len;

		if (!fetch(&x, done, err))
			return false;
		for (; done < end && !no_deps; done++)
			if (!follow(&x, done, err))
				return false;
		done = end;
	}
	return true;
}
