// SPDX-License-Identifier: Apache-2.0
#include "python/selection_state.h"

#include <string.h>

#include "base/mem.h"
#include "python/location.h"

/* What choosing a file means: the hashes it must have, what it requires, and the user's own lines
 * before all. */

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
		selection_note_license(x, asked[i], user);
	for (size_t i = 0; i < count; i++) {
		selection_require(x, s, asked[i], user, selection_user_asks(asked[i], &x->arena));
		x->nodes.items[selection_package_of(x, s, asked[i]->what->key, NULL)].requested =
			true;
	}
	selection_exclude_unfounded(x, s);
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

	selection_note_against(x, ca, against);
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

/* The first that asks for the file, by what is known until now. */
static const struct demand *first_asker(const struct selection *x, const struct candidate *ca)
{
	for (size_t i = 0; i < x->edges.len; i++) {
		const struct demand *d = &x->edges.items[i]->demand;

		if (str_eq(d->what->key, ca->name.key) && demand_matches(d, ca) &&
		    !(d->line && d->line->is_constraint))
			return d;
	}
	return NULL;
}

/* The user asks for a project by the very URL that a wheel has for it. */
static bool is_given(const struct selection *x, const struct requirement *what)
{
	const struct slice place = { what->url, strcspn(what->url, "#") }; /* as a line keeps it */
	const struct demand *d;

	for (size_t at = 0; (d = next_line(x, what->key, &at));)
		if (d->line->url && slice_eq(place, d->line->url))
			return true;
	return false;
}

/* A wheel may not lead anywhere: only the user's own lines say what is fetched from where. */
static void forbid_url(struct selection *x, struct solver *s, size_t package, size_t version,
		       const struct requirement *what)
{
	char *url = arena_strdup(&x->arena, what->url);

	location_mask(url);
	x->refusal.needs_url = true;
	forbid(x, s, package, version,
	       arena_printf(&x->arena, "needs %s from %s, which is not fetched unless you name it",
			    what->name, url));
}

static bool look_requires(struct selection *x, struct solver *s, size_t package, size_t version,
			  struct err *err)
{
	const struct node n = x->nodes.items[package];
	const struct candidate *ca = n.project->items[version];
	AUTO(auto_free)
	char *who = mem_printf("%s %s requires", n.key, ca->name.version.text);
	const struct demand *because = first_asker(x, ca);
	bool *holds = NULL;

	if (!load_requires(&holds, x, &n, ca, err))
		return false;
	for (size_t i = 0; i < ca->requires_count; i++) {
		const struct demand d = { .what = &ca->requires_dist[i],
					  .by = ca,
					  .because = because };

		if (!holds[i])
			continue;
		if (d.what->url && !is_given(x, d.what)) {
			forbid_url(x, s, package, version, d.what);
			continue;
		}
		selection_note_license(x, &d, (struct solver_choice){ package, version });
		selection_require(x, s, &d, (struct solver_choice){ package, version }, who);
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

bool selection_look(void *arg, struct solver *s, size_t package, size_t version, struct err *err)
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
