// SPDX-License-Identifier: Apache-2.0
#include "python/resolution.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "python/solver.h"

/*
 * Projects as the solver sees them: a package for each name, whose choices are its files, best
 * first, and one for each extra that is asked for, tied to the same file.
 */

struct node {
	const char *key;
	const char *extra;       /* NULL: the project itself */
	struct project *project; /* NULL: there is no file of it */
	size_t base;             /* the package of the project itself */
	bool requested;
};

struct resolution {
	struct candidates *candidates;
	const struct requirements *requirements;
	const struct selection_options *options;
	struct marker_env env;
	struct {
		struct node *items;
		size_t len, cap;
	} nodes;                /* by package of the solver */
	struct map by_name;     /* "key" and "key[extra]" -> package plus one */
	struct map prereleases; /* keys a requirement names a pre-release of */
	bool start_again;       /* one was found late */
	struct arena arena;
};

static void resolution_free(struct resolution *x)
{
	free(x->nodes.items);
	map_free(&x->by_name);
	map_free(&x->prereleases);
	arena_free(&x->arena);
}

static size_t package_of(struct resolution *x, struct solver *s, const char *key, const char *extra)
{
	AUTO(auto_free) char *name = extra ? mem_printf("%s[%s]", key, extra) : mem_strdup(key);
	size_t known = (size_t)(uintptr_t)map_get(&x->by_name, name), package;
	struct node node = { .key = key, .extra = extra };

	if (known)
		return known - 1;
	node.project = candidates_find(x->candidates, key);
	node.base = extra ? package_of(x, s, key, NULL) : 0;
	package = solver_package(s, name, node.project ? node.project->len : 0);
	*ARRAY_PUSH(&x->nodes) = node;
	map_put(&x->by_name, name, (void *)(uintptr_t)(package + 1));
	return package;
}

/* --- which files a requirement takes --- */

static bool has_final(const struct project *p)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i]->rank != SIZE_MAX &&
		    !version_is_prerelease(&p->items[i]->name.version))
			return true;
	return false;
}

/* pip's rule (selection.c says the same of all demands at once). */
static bool takes_prereleases(const struct resolution *x, const struct requirement *what,
			      const struct project *p)
{
	switch (requirements_prereleases(x->requirements, what->key)) {
	case PRERELEASES_ALLOWED:
		return true;
	case PRERELEASES_REFUSED:
		return false;
	case PRERELEASES_AUTO:
		break;
	}
	return map_get(&x->prereleases, what->key) || (!what->specifiers.len && !has_final(p));
}

static bool *files_for(struct resolution *x, const struct requirement *what, const char *path,
		       const struct project *p)
{
	bool *allowed = ARENA_ARRAY(&x->arena, bool, (p ? p->len : 0) + 1);
	bool prereleases = p && takes_prereleases(x, what, p);

	for (size_t i = 0; p && i < p->len; i++) {
		const struct candidate *ca = p->items[i];

		if (ca->rank == SIZE_MAX)
			continue;
		if (path)
			allowed[i] = str_eq(path, ca->path);
		else
			allowed[i] = specifier_set_matches(&what->specifiers, &ca->name.version) &&
				     (prereleases || !version_is_prerelease(&ca->name.version));
	}
	return allowed;
}

static bool any(const bool *allowed, const struct project *p)
{
	for (size_t i = 0; p && i < p->len; i++)
		if (allowed[i])
			return true;
	return false;
}

/* A pre-release that is named lets them in for all who ask. */
static void note_prerelease(struct resolution *x, const struct requirement *what)
{
	if (!specifier_set_names_prerelease(&what->specifiers) ||
	    map_get(&x->prereleases, what->key))
		return;
	map_put(&x->prereleases, what->key, (void *)(uintptr_t)1);
	x->start_again = true;
}

/* --- what choosing a file means --- */

static void require(struct resolution *x, struct solver *s, size_t package, size_t version,
		    const struct requirement *what, const char *path, const char *who)
{
	size_t on = package_of(x, s, what->key, NULL);
	const struct project *p = x->nodes.items[on].project;
	bool *allowed = files_for(x, what, path, p);
	AUTO(buf_free) struct buf why = BUF_INIT(SIZE_MAX / 2);

	buf_putf(&why, "%s ", who);
	requirement_format(&why, what);
	if (!any(allowed, p))
		buf_put(&why, p ? ", which no file fits" : ", which there is no file of");
	solver_require(s, package, version, on, allowed, why.ptr);
	for (size_t i = 0; i < what->extra_count; i++)
		solver_require(s, package, version, package_of(x, s, what->key, what->extras[i]),
			       allowed, why.ptr);
}

static bool look_root(struct resolution *x, struct solver *s, struct err *err)
{
	struct str_list no_extras = { 0 };

	for (size_t i = 0; i < x->requirements->len; i++) {
		const struct requirement_line *line = &x->requirements->items[i];
		const struct requirement *what = &line->requirement;
		AUTO(auto_free) char *who = NULL;
		bool holds;

		if (!marker_eval_extras(&holds, what->marker, &x->env, &no_extras, err))
			return requirement_line_fail_at(line, err);
		if (!holds)
			continue;
		note_prerelease(x, what);
		who = line->origin[0] ? mem_printf("%s asks for", line->origin)
				      : mem_strdup("you ask for");
		if (line->is_constraint) {
			size_t on = package_of(x, s, what->key, NULL);

			solver_constrain(s, 0, 0, on,
					 files_for(x, what, line->path, x->nodes.items[on].project),
					 who);
			continue;
		}
		require(x, s, 0, 0, what, line->path, who);
		x->nodes.items[package_of(x, s, what->key, NULL)].requested = true;
	}
	return true;
}

/* Lines with hashes must list the file. */
static bool hashes_fit(bool *out, struct resolution *x, struct candidate *ca, const char *key,
		       struct err *err)
{
	*out = true;
	for (size_t i = 0; i < x->requirements->len; i++) {
		const struct requirement_line *line = &x->requirements->items[i];
		bool listed = false;

		if (!line->hash_count || !str_eq(line->requirement.key, key))
			continue;
		if (!candidate_hash(ca, x->candidates, err))
			return false;
		for (size_t k = 0; k < line->hash_count; k++)
			listed = listed ||
				 memcmp(ca->hashes[line->hashes[k].kind], line->hashes[k].value,
					hash_kind_size(line->hashes[k].kind)) == 0;
		*out = *out && listed;
	}
	return true;
}

/* Does a Requires-Dist hold for this node: without an extra, or only because of its own? */
static bool concerns(bool *out, const struct resolution *x, const struct node *n,
		     const struct candidate *ca, const struct requirement *what, struct err *err)
{
	struct str_list extras = { 0 };
	bool plain, with = false;

	if (!marker_eval_extras(&plain, what->marker, &x->env, &extras, err))
		return err_wrap(err, "%s: Requires-Dist '%s'", ca->filename, what->text);
	if (n->extra) {
		struct marker_env env = x->env;

		env.values[MARKER_EXTRA] = n->extra;
		if (!marker_eval(&with, what->marker, &env, err))
			return err_wrap(err, "%s: Requires-Dist '%s'", ca->filename, what->text);
	}
	*out = n->extra ? with && !plain : plain;
	return true;
}

static bool look_requires(struct resolution *x, struct solver *s, size_t package, size_t version,
			  struct err *err)
{
	const struct node n = x->nodes.items[package];
	const struct candidate *ca = n.project->items[version];
	AUTO(auto_free)
	char *who = mem_printf("%s %s requires", n.key, ca->name.version.text);

	for (size_t i = 0; i < ca->requires_count; i++) {
		const struct requirement *what = &ca->requires_dist[i];
		bool holds = false;

		if (!concerns(&holds, x, &n, ca, what, err))
			return false;
		if (!holds)
			continue;
		if (what->url) {
			AUTO(auto_free)
			char *why =
				mem_printf("%s %s by URL, which is not fetched", who, what->name);

			solver_forbid(s, package, version, why);
			continue;
		}
		note_prerelease(x, what);
		require(x, s, package, version, what, NULL, who);
	}
	return true;
}

/* The extra of a file goes with that file and no other. */
static void tie(struct resolution *x, struct solver *s, size_t package, size_t version)
{
	const struct node n = x->nodes.items[package];
	bool *same = ARENA_ARRAY(&x->arena, bool, n.project->len + 1);
	AUTO(auto_free) char *why = mem_printf("%s[%s] is of %s", n.key, n.extra, n.key);

	same[version] = true;
	solver_require(s, package, version, n.base, same, why);
}

static bool look(void *arg, struct solver *s, size_t package, size_t version, struct err *err)
{
	struct resolution *x = arg;
	const struct node n = x->nodes.items[package];
	struct candidate *ca;
	bool listed;

	if (package == 0)
		return look_root(x, s, err);
	ca = n.project->items[version];
	if (!hashes_fit(&listed, x, ca, n.key, err) || !candidate_look(ca, x->candidates, err))
		return false;
	if (!listed || ca->unfit) {
		AUTO(auto_free)
		char *why = mem_printf("%s %s", ca->filename,
				       listed ? ca->unfit : "has none of the hashes asked for");

		solver_forbid(s, package, version, why);
		return true;
	}
	if (n.extra)
		tie(x, s, package, version);
	return x->options->no_deps || look_requires(x, s, package, version, err);
}

static const char *label(void *arg, size_t package, size_t version)
{
	const struct resolution *x = arg;

	return x->nodes.items[package].project->items[version]->name.version.text;
}

/* --- the whole --- */

static void collect(struct selected_list *out, const struct resolution *x, const struct solver *s,
		    struct events *events)
{
	for (size_t i = 1; i < x->nodes.len; i++) {
		const struct node *n = &x->nodes.items[i];
		size_t chosen = solver_chosen(s, i);
		struct candidate *ca;

		if (chosen == SIZE_MAX)
			continue;
		ca = n->project->items[chosen];
		if (!n->extra)
			*ARRAY_PUSH(out) = (struct selected){ ca, n->requested };
		else if (!str_list_has(&ca->metadata.extras, n->extra))
			event_warn(events, "%s %s has no extra '%s'", ca->name.name,
				   ca->name.version.text, n->extra);
	}
}

static bool solve(struct selected_list *out, bool *found_out, struct buf *why, struct resolution *x,
		  struct events *events, struct err *err)
{
	const struct solver_provider provider = { x, look, label };
	AUTO(auto_solver_free) struct solver *s = NULL;
	enum solver_outcome outcome;

	x->start_again = false;
	x->nodes.len = 0;
	map_free(&x->by_name);
	x->by_name = (struct map){ 0 };
	solver_init(&s, &provider);
	*ARRAY_PUSH(&x->nodes) = (struct node){ 0 }; /* the root */
	if (!solver_solve(&outcome, s, err))
		return false;
	if (x->start_again)
		return true;
	*found_out = outcome == SOLVER_SOLVED;
	if (*found_out)
		collect(out, x, s, events);
	else
		solver_explain(why, s);
	return true;
}

bool resolution_make(struct selected_list *out, bool *found_out, struct buf *why,
		     struct candidates *c, const struct requirements *r,
		     const struct selection_options *options, struct events *events,
		     struct err *err)
{
	AUTO(resolution_free)
	struct resolution x = { .candidates = c, .requirements = r, .options = options };

	x.env = marker_env_make(&x.arena, options->target);
	do {
		if (!solve(out, found_out, why, &x, events, err))
			return false;
	} while (x.start_again);
	return true;
}
