// SPDX-License-Identifier: Apache-2.0
#include "python/selection.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "python/licensers.h"
#include "python/prefetch.h"
#include "python/refusal.h"
#include "python/solver.h"

/*
 * Projects as the solver sees them: a package for each name, whose choices are its files, best
 * first, and one for each extra that is asked for, which follows it. Where candidates come from is
 * candidates.c's, which of them a requirement takes demand.c's.
 */

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

static void selection_free(struct selection *x)
{
	free(x->nodes.items);
	map_free(&x->by_name);
	free(x->edges.items);
	licensers_free(&x->licensers);
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

/* --- licenses --- */

static size_t package_of(struct selection *x, struct solver *s, const char *key, const char *extra);

/* The choice that is a file, or an extra of it. */
static struct solver_choice choice_of(struct selection *x, struct solver *s,
				      const struct licenser *l)
{
	struct solver_choice c = { .package = package_of(x, s, l->by->name.key, l->extra) };
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
			by[(*count_out)++] = choice_of(x, s, &l);
	}
	*by_out = by;
	return always;
}

/* Files that need a license go with those who give it. */
static void bind_licenses(struct selection *x, struct solver *s, size_t package, enum license kind)
{
	const struct node n = x->nodes.items[package];
	AUTO(auto_free) struct solver_choice *by = NULL;
	size_t count;

	if (!n.project || !licensers_have(&x->licensers, n.key, kind) ||
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

/* What was decided about files of the name without knowing of it must be decided again. */
static void note_license(struct selection *x, const struct demand *d, struct solver_choice from)
{
	const char *extra = x->nodes.items[from.package].extra;

	if (licensers_note(&x->licensers, x->candidates, d, extra) &&
	    map_has(&x->by_name, d->what->key))
		x->start_again = true;
}

/* --- packages --- */

static void require(struct selection *x, struct solver *s, const struct demand *d,
		    struct solver_choice from, const char *who);

static const char *user_asks(const struct demand *d, struct arena *a)
{
	return d->line->origin[0] ? arena_printf(a, "%s asks for", d->line->origin) : "you ask for";
}

/* The user's constraints on a name that is asked for now. */
static void constrain(struct selection *x, struct solver *s, const char *key)
{
	for (size_t i = 0; i < x->constraints.len; i++) {
		const struct demand *d = x->constraints.items[i];

		if (str_eq(d->what->key, key))
			require(x, s, d, (struct solver_choice){ 0, 0 }, user_asks(d, &x->arena));
	}
}

static void note_constraint_licenses(struct selection *x, const char *key)
{
	for (size_t i = 0; i < x->constraints.len; i++)
		if (str_eq(x->constraints.items[i]->what->key, key))
			note_license(x, x->constraints.items[i], (struct solver_choice){ 0, 0 });
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

/* Its page must have been loaded. */
static size_t package_of(struct selection *x, struct solver *s, const char *key, const char *extra)
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
		package = solver_follower(s, name, package_of(x, s, key, NULL));
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

/* One that there is. */
static size_t known_package(const struct selection *x, const char *key, const char *extra)
{
	AUTO(arena_free) struct arena a = { 0 };
	const struct node n = { .key = key, .extra = extra };

	return (size_t)(uintptr_t)map_get(&x->by_name, node_name(&n, &a)) - 1;
}

static void note_against(struct selection *x, const struct candidate *ca, const char *why)
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
			note_against(x, p->items[i], license_missing(p->items[i], &x->arena));
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

/* `from` asks for something; `who`: "foo 1.0 requires". */
static void require(struct selection *x, struct solver *s, const struct demand *d,
		    struct solver_choice from, const char *who)
{
	const struct requirement *what = d->what;
	size_t on = package_of(x, s, what->key, NULL);
	const struct project *p = x->nodes.items[on].project;
	bool *taken = files_for(x, d, p);
	struct solver_reason reason = { .subject = &add_edge(x, d, from, on)->demand };
	AUTO(buf_free) struct buf why = BUF_INIT(SIZE_MAX / 2);

	buf_putf(&why, "%s ", who);
	requirement_format(&why, what);
	reason.why = why.ptr;
	if (d->line && d->line->is_constraint) {
		solver_constrain(s, from.package, from.version, on, taken, reason);
		return;
	}
	if (!any(taken, p))
		buf_put(&why, p ? ", which no file fits" : ", which there is no file of");
	reason.why = why.ptr;
	solver_require(s, from.package, from.version, on, taken, reason);
	for (size_t i = 0; i < what->extra_count; i++)
		solver_require(s, from.package, from.version,
			       package_of(x, s, what->key, what->extras[i]), taken, reason);
}

/* --- what choosing a file means --- */

/* The user's lines whose markers hold: *asked_out those that ask for something, constraints are
 * kept by until something does. */
static bool sort_lines(const struct demand ***asked_out, size_t *count_out, struct selection *x,
		       struct err *err)
{
	const struct requirements *r = x->requirements;
	const struct demand **asked = ARENA_ARRAY(&x->arena, const struct demand *, r->len + 1);
	const struct str_list no_extras = { 0 };

	*count_out = 0;
	for (size_t i = 0; i < r->len; i++) {
		struct demand *d = ARENA_NEW(&x->arena, struct demand);
		bool holds;

		*d = (struct demand){ .what = &r->items[i].requirement, .line = &r->items[i] };
		if (!marker_eval_extras(&holds, d->what->marker, &x->env, &no_extras, err))
			return requirement_line_fail_at(d->line, err);
		if (!holds)
			continue;
		if (d->line->is_constraint)
			*ARRAY_PUSH(&x->constraints) = d;
		else
			asked[(*count_out)++] = d;
	}
	*asked_out = asked;
	return true;
}

/* What was found out in rounds before. */
static void exclude_unfounded(struct selection *x, struct solver *s)
{
	for (size_t i = 0; i < x->unfounded.len; i++) {
		const struct unfounded *u = &x->unfounded.items[i];
		struct solver_choice *all =
			ARENA_ARRAY(&x->arena, struct solver_choice, u->count + 1);

		for (size_t k = 0; k < u->count; k++)
			all[k] = choice_of(x, s, &u->items[k]);
		solver_exclude(s, all, u->count,
			       (struct solver_reason){
				       .why = "a pre-release or yanked file is taken that nothing "
					      "asks for" });
	}
}

static bool look_root(struct selection *x, struct solver *s, struct err *err)
{
	const struct solver_choice user = { 0, 0 };
	const struct demand **asked = NULL;
	const char **keys;
	size_t count, key_count = 0;

	if (!sort_lines(&asked, &count, x, err))
		return false;
	keys = ARENA_ARRAY(&x->arena, const char *, count + 1);
	for (size_t i = 0; i < count; i++)
		if (!demand_names_file(asked[i]))
			keys[key_count++] = asked[i]->what->key;
	if (!candidates_load(x->candidates, keys, key_count, err))
		return false;
	/* licenses first, the others depend on them */
	for (size_t i = 0; i < count; i++)
		note_license(x, asked[i], user);
	for (size_t i = 0; i < count; i++) {
		require(x, s, asked[i], user, user_asks(asked[i], &x->arena));
		x->nodes.items[package_of(x, s, asked[i]->what->key, NULL)].requested = true;
	}
	exclude_unfounded(x, s);
	return true;
}

/* The user's lines on a name, one after the other; *at is 0 at first. NULL at the end. */
static const struct demand *next_line(const struct selection *x, const char *key, size_t *at)
{
	while (*at < x->edges.len) {
		const struct demand *d = &x->edges.items[(*at)++]->demand;

		if (d->line && str_eq(d->what->key, key))
			return d;
	}
	return NULL;
}

/* With hashes on, each name must be pinned and hashed by some line (pip's --require-hashes). */
static bool check_hashed(const struct selection *x, const struct node *n, struct err *err)
{
	const struct demand *d, *first = NULL;
	bool pinned = false, hashed = false;
	AUTO(buf_free) struct buf who = BUF_INIT(SIZE_MAX / 2);

	for (size_t at = 0; (d = next_line(x, n->key, &at));) {
		pinned = pinned || d->line->is_locked || demand_names_file(d) ||
			 specifier_set_is_pinned(&d->what->specifiers);
		hashed = hashed || d->line->hash_count;
	}
	if (pinned && hashed)
		return true;
	for (size_t i = 0; i < x->edges.len && !first; i++)
		if (str_eq(x->edges.items[i]->demand.what->key, n->key))
			first = &x->edges.items[i]->demand;
	demand_format(&who, first);
	err_set(err, E_INPUT, "%s has no %s, but with one --hash every requirement needs both",
		who.ptr, pinned ? "--hash" : "exact version (==)");
	err_hint(err, "list every package with == and --hash, or none with --hash (pip-compile "
		      "--generate-hashes)");
	return demand_fail_at(first, err);
}

/* Every line with hashes must list the file. */
static bool check_hashes(bool *ok_out, struct selection *x, const struct node *n,
			 struct candidate *ca, struct err *err)
{
	const struct demand *d;
	bool listed;

	*ok_out = true;
	for (size_t at = 0; (d = next_line(x, n->key, &at));) {
		if (!d->line->hash_count)
			continue;
		if (!candidate_has_hash(&listed, ca, x->candidates, d->line, err))
			return false;
		*ok_out = *ok_out && listed;
	}
	return true;
}

/* "sha256:...", the first that is known. */
static const char *hash_text(const struct candidate *ca, struct arena *a)
{
	char hex[2 * HASH_SIZE_MAX + 1];

	for (size_t i = 0; i < ARRAY_LEN(ca->hashes.known); i++) {
		if (!ca->hashes.known[i])
			continue;
		hex_format(hex, ca->hashes.values[i], hash_kind_size((enum hash_kind)i));
		return arena_printf(a, "%s:%s", hash_kind_name((enum hash_kind)i), hex);
	}
	return "unknown";
}

/* The file cannot be taken at all. */
static void forbid(struct selection *x, struct solver *s, size_t package, size_t version,
		   const char *against)
{
	const struct candidate *ca = x->nodes.items[package].project->items[version];
	AUTO(auto_free) char *why = mem_printf("%s %s", ca->filename, against);

	note_against(x, ca, against);
	solver_forbid(s, package, version, (struct solver_reason){ .why = why });
}

/* *holds_out: by index of its Requires-Dist, those that concern the node; what they are about is
 * loaded. */
static bool load_requires(bool **holds_out, struct selection *x, const struct node *n,
			  const struct candidate *ca, struct err *err)
{
	bool *holds = ARENA_ARRAY(&x->arena, bool, ca->requires_count + 1);
	const char **keys = ARENA_ARRAY(&x->arena, const char *, ca->requires_count + 1);
	size_t count = 0;

	for (size_t i = 0; i < ca->requires_count; i++) {
		if (!demand_concerns(&holds[i], &ca->requires_dist[i], ca, &x->env, n->extra, err))
			return false;
		if (holds[i] && !ca->requires_dist[i].url)
			keys[count++] = ca->requires_dist[i].key;
	}
	*holds_out = holds;
	return candidates_load(x->candidates, keys, count, err);
}

static bool look_requires(struct selection *x, struct solver *s, size_t package, size_t version,
			  struct err *err)
{
	const struct node n = x->nodes.items[package];
	const struct candidate *ca = n.project->items[version];
	AUTO(auto_free)
	char *who = mem_printf("%s %s requires", n.key, ca->name.version.text);
	bool *holds = NULL;

	if (!load_requires(&holds, x, &n, ca, err))
		return false;
	for (size_t i = 0; i < ca->requires_count; i++) {
		const struct demand d = { .what = &ca->requires_dist[i], .by = ca };

		if (!holds[i])
			continue;
		if (d.what->url) {
			AUTO(auto_free)
			char *why =
				mem_printf("needs %s by URL, which is not fetched", d.what->name);

			x->refusal.needs_url = true;
			forbid(x, s, package, version, why);
			continue;
		}
		note_license(x, &d, (struct solver_choice){ package, version });
		require(x, s, &d, (struct solver_choice){ package, version }, who);
	}
	return true;
}

/* A lock says all there is to install; its own word goes before that of the wheels. */
static bool is_locked(const struct selection *x, const char *key)
{
	const struct demand *d;

	for (size_t at = 0; (d = next_line(x, key, &at));)
		if (d->line->is_locked)
			return true;
	return false;
}

static bool look(void *arg, struct solver *s, size_t package, size_t version, struct err *err)
{
	struct selection *x = arg;
	const struct node n = x->nodes.items[package];
	struct candidate *ca;
	bool listed;

	if (package == 0)
		return look_root(x, s, err);
	ca = n.project->items[version];
	if (!requirements_check_binary(x->requirements, n.key, err) ||
	    (x->requirements->require_hashes && !check_hashed(x, &n, err)) ||
	    !check_hashes(&listed, x, &n, ca, err))
		return false;
	if (!listed) {
		x->refusal.wrong_hash = true;
		forbid(x, s, package, version,
		       arena_printf(&x->arena, "has none of the hashes asked for; it is %s",
				    hash_text(ca, &x->arena)));
		return true;
	}
	if (!n.extra && is_locked(x, n.key))
		return true;
	if (!candidate_look(ca, x->candidates, err))
		return false;
	if (ca->unfit) {
		forbid(x, s, package, version, ca->unfit);
		return true;
	}
	return x->options->no_deps || look_requires(x, s, package, version, err);
}

static const char *label(void *arg, size_t package, size_t version)
{
	const struct selection *x = arg;

	return x->nodes.items[package].project->items[version]->name.version.text;
}

/* --- the whole --- */

static bool is_chosen(const struct solver *s, struct solver_choice c)
{
	return c.package == 0 || solver_chosen(s, c.package) == c.version;
}

/* Who asks for a package, of those that were chosen. */
static void collect_askers(struct selected *out, struct arena *a, const struct selection *x,
			   const struct solver *s, size_t package)
{
	out->asked = ARENA_ARRAY(a, const struct demand *, x->edges.len + 1);
	for (size_t i = 0; i < x->edges.len; i++) {
		const struct edge *e = x->edges.items[i];

		if (e->on == package && is_chosen(s, e->from) &&
		    !(e->demand.line && e->demand.line->is_constraint))
			out->asked[out->asked_count++] = &e->demand;
	}
}

/* *out: by package, whether it is chosen and asked for by the user, or by what is. A license alone
 * asks for nothing, but the solver takes it for a requirement. */
static bool *founded(struct selection *x, const struct solver *s)
{
	bool *is = ARENA_ARRAY(&x->arena, bool, x->nodes.len + 1), more = true;

	is[0] = true;
	while (more) {
		more = false;
		for (size_t i = 0; i < x->edges.len; i++) {
			const struct edge *e = x->edges.items[i];
			const struct requirement *what = e->demand.what;

			if (!is[e->from.package] || !is_chosen(s, e->from) ||
			    (e->demand.line && e->demand.line->is_constraint))
				continue;
			more = more || !is[e->on];
			is[e->on] = true;
			for (size_t k = 0; k < what->extra_count; k++) {
				size_t extra = known_package(x, what->key, what->extras[k]);

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

	if (!license_is_needed(kind, ca) || !licensers_have(&x->licensers, n->key, kind))
		return true;
	for (size_t i = 0; i < x->licensers.len; i++) {
		const struct licenser *l = &x->licensers.items[i];
		size_t by;

		if (l->kind != kind || !str_eq(l->key, n->key))
			continue;
		if (!l->by)
			return true;
		by = known_package(x, l->by->name.key, l->extra);
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

static void check_founded(struct selection *x, const struct solver *s, const bool *is)
{
	for (size_t i = 1; i < x->nodes.len && !x->start_again; i++)
		for (enum license kind = LICENSE_PRERELEASE;
		     is[i] && !x->start_again && kind <= LICENSE_YANKED; kind++)
			if (!is_licensed(x, s, is, i, kind))
				add_unfounded(x, s, is);
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

		event_note(events, SLICE_FMT, SLICE_ARG(line));
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
	const struct solver_provider provider = { x, look, label };
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
	is_founded = founded(x, s);
	check_founded(x, s, is_founded);
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
