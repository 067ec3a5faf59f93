// SPDX-License-Identifier: Apache-2.0
#include "python/selection.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "python/resolution.h"

/* Choosing one candidate for each name. Where candidates come from is candidates.c's. */

/* Somebody asks for a name. */
struct demand {
	const struct requirement *what;
	const struct requirement_line *line; /* NULL: a wheel asks */
	const struct candidate *by;          /* that wheel; NULL: the user asks */
};

/* A name that is asked for, and what was chosen. */
struct need {
	const char *key;
	struct {
		struct demand *items;
		size_t len, cap;
	} demands;
	struct str_list extras;
	bool requested;
	bool settled; /* chosen, and what the choice asks for was passed on */
	struct candidate *pick;
	bool *passed_on; /* by index of the pick's requires_dist */
};

struct search {
	struct candidates *candidates;
	const struct requirements *requirements;
	const struct selection_options *options;
	struct events *events;
	struct marker_env env;
	struct map needs; /* key -> struct need *, in the order they were first asked for */
	struct {
		struct demand *items;
		size_t len, cap;
	} learned; /* demands that came too late; known from the start of the next round */
	bool start_again;
	bool is_conflict; /* it failed since no candidate fits; another choice elsewhere may help */
	bool hashes_required;
	struct arena arena; /* of the whole search */
};

static void free_needs(struct search *s)
{
	for (size_t i = 0; i < s->needs.len; i++) {
		struct need *n = s->needs.items[i].value;

		free(n->demands.items);
		str_list_free(&n->extras);
		free(n->passed_on);
		free(n);
	}
	map_free(&s->needs);
}

static void search_free(struct search *s)
{
	free_needs(s);
	free(s->learned.items);
	arena_free(&s->arena);
}

/* "foo>=2 (requirements.txt:3)", "foo<3 (needed by bar 1.0)" */
static void put_demand(struct buf *out, const struct demand *d)
{
	requirement_format(out, d->what);
	if (d->line && d->line->path)
		buf_putf(out, " as %s", d->line->path);
	if (d->by)
		buf_putf(out, " (needed by %s %s)", d->by->name.name, d->by->name.version.text);
	else if (d->line->origin[0])
		buf_putf(out, " (%s%s)", d->line->is_constraint ? "constraint, " : "",
			 d->line->origin);
}

static bool demand_fails_at(const struct demand *d, struct err *err)
{
	return d->line && requirement_line_fail_at(d->line, err);
}

/* Constraints and what was learned in earlier rounds count once something asks for the name. */
static bool add_known(struct need *n, struct search *s, struct err *err)
{
	const struct requirements *r = s->requirements;
	struct str_list no_extras = { 0 };

	for (size_t i = 0; i < r->len; i++) {
		const struct requirement_line *line = &r->items[i];
		bool holds;

		if (!line->is_constraint || !str_eq(line->requirement.key, n->key))
			continue;
		if (!marker_eval_extras(&holds, line->requirement.marker, &s->env, &no_extras, err))
			return requirement_line_fail_at(line, err);
		if (holds)
			*ARRAY_PUSH(&n->demands) =
				(struct demand){ &line->requirement, line, NULL };
	}
	for (size_t i = 0; i < s->learned.len; i++)
		if (str_eq(s->learned.items[i].what->key, n->key))
			*ARRAY_PUSH(&n->demands) = s->learned.items[i];
	return true;
}

static bool need_for(struct need **out, struct search *s, const char *key, struct err *err)
{
	struct need *n = map_get(&s->needs, key);

	if (!n) {
		n = mem_alloc(sizeof(*n));
		n->key = key;
		map_put(&s->needs, key, n);
		if (!add_known(n, s, err))
			return false;
	}
	*out = n;
	return true;
}

static bool satisfies(const struct candidate *ca, const struct demand *d)
{
	if (d->line && d->line->path)
		return str_eq(d->line->path, ca->path);
	return specifier_set_matches(&d->what->specifiers, &ca->name.version);
}

/* The first demand that rules a candidate out, or NULL. */
static const struct demand *ruled_out_by(const struct candidate *ca, const struct need *n)
{
	for (size_t i = 0; i < n->demands.len; i++)
		if (!satisfies(ca, &n->demands.items[i]))
			return &n->demands.items[i];
	return NULL;
}

/* pip's rule over all demands at once: one that names a pre-release lets them in; without any
 * specifier they come last. */
static enum prereleases prerelease_rule(const struct need *n, struct search *s,
					const struct project *p)
{
	enum prereleases rule = requirements_prereleases(s->requirements, n->key);
	size_t specifiers = 0;

	if (rule != PRERELEASES_AUTO)
		return rule;
	for (size_t i = 0; i < n->demands.len; i++) {
		const struct demand *d = &n->demands.items[i];

		if ((d->line && d->line->path) ||
		    specifier_set_names_prerelease(&d->what->specifiers))
			return PRERELEASES_ALLOWED;
		specifiers += d->what->specifiers.len;
	}
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i]->rank != SIZE_MAX &&
		    !version_is_prerelease(&p->items[i]->name.version))
			return PRERELEASES_REFUSED;
	return specifiers ? PRERELEASES_REFUSED : PRERELEASES_ALLOWED;
}

static bool matches_hash(const struct candidate *ca, const struct requirement_line *line)
{
	for (size_t i = 0; i < line->hash_count; i++) {
		const struct requirement_hash *h = &line->hashes[i];

		if (memcmp(ca->hashes[h->kind], h->value, hash_kind_size(h->kind)) == 0)
			return true;
	}
	return false;
}

/* Every line with hashes must list the file. */
static bool check_hashes(bool *ok_out, struct candidate *ca, const struct need *n, struct search *s,
			 struct err *err)
{
	*ok_out = true;
	for (size_t i = 0; i < n->demands.len; i++) {
		const struct requirement_line *line = n->demands.items[i].line;

		if (!line || !line->hash_count)
			continue;
		if (!candidate_hash(ca, s->candidates, err))
			return false;
		*ok_out = *ok_out && matches_hash(ca, line);
	}
	return true;
}

/* Why files were passed over, for the message when none is left. */
struct verdict {
	struct buf reasons;
	size_t count;
	bool wrong_hash;
};

enum { REASONS_SHOWN = 8 };

static void verdict_free(struct verdict *v)
{
	buf_free(&v->reasons);
}

static void passed_over(struct verdict *v, const char *filename, const char *why)
{
	if (v->count++ < REASONS_SHOWN)
		buf_putf(&v->reasons, "%s%s%s%s", v->reasons.len ? "; " : "", filename,
			 why[0] ? " " : "", why);
}

/* May `ca` be taken? If not, `v` says why. */
static bool consider(bool *ok_out, struct candidate *ca, const struct need *n, struct search *s,
		     enum prereleases rule, struct verdict *v, struct err *err)
{
	const struct demand *against = ruled_out_by(ca, n);
	AUTO(buf_free) struct buf why = BUF_INIT(SIZE_MAX / 2);
	char hex[2 * SHA256_SIZE + 1];
	bool hash_ok;

	*ok_out = false;
	if (against) {
		buf_put(&why, "does not satisfy ");
		put_demand(&why, against);
	} else if (ca->rank == SIZE_MAX) {
		buf_put(&why, ca->unfit);
	} else if (version_is_prerelease(&ca->name.version) && rule == PRERELEASES_REFUSED) {
		buf_put(&why, "is a pre-release");
	} else if (!check_hashes(&hash_ok, ca, n, s, err)) {
		return false;
	} else if (!hash_ok) {
		v->wrong_hash = true;
		hex_format(hex, ca->hashes[HASH_SHA256], SHA256_SIZE);
		buf_putf(&why, "has none of the hashes asked for; it is sha256:%s", hex);
	} else if (!candidate_look(ca, s->candidates, err)) {
		return false;
	} else if (ca->unfit) {
		buf_put(&why, ca->unfit);
	} else {
		*ok_out = true;
		return true;
	}
	passed_over(v, ca->filename, why.ptr);
	return true;
}

static bool fail_without_files(const struct need *n, struct search *s, struct err *err)
{
	AUTO(buf_free) struct buf who = BUF_INIT(SIZE_MAX / 2);
	AUTO(buf_free) struct buf where = BUF_INIT(SIZE_MAX / 2);
	const char *nearest = candidates_nearest(s->candidates, n->key);
	const struct demand *d = &n->demands.items[n->demands.len - 1];

	put_demand(&who, d);
	for (size_t i = 0; i < s->candidates->places.len; i++)
		buf_putf(&where, "%s%s", i ? ", " : " in ", s->candidates->places.items[i]);
	if (s->requirements->indexes.len && !s->requirements->no_index) {
		err_set(err, E_UNSUPPORTED,
			"there is no wheel of %s%s, and package indexes are not asked yet", who.ptr,
			where.ptr);
		err_hint(err, "download it first (pip download --only-binary :all: %s)", n->key);
	} else {
		err_set(err, E_NOT_FOUND, "there is no wheel of %s%s", who.ptr, where.ptr);
		if (nearest)
			err_hint(err, "did you mean %s?", nearest);
		else
			err_hint(err, "put its wheel into a folder and name that by --find-links");
	}
	return demand_fails_at(d, err);
}

/* Two demands of which each could be met, but not both. */
static bool find_conflict(const struct demand **a_out, const struct demand **b_out,
			  const struct need *n, const struct project *p)
{
	for (size_t a = 0; a < n->demands.len; a++) {
		for (size_t b = a + 1; b < n->demands.len; b++) {
			bool first = false, second = false, both = false;

			for (size_t i = 0; i < p->len; i++) {
				bool left = satisfies(p->items[i], &n->demands.items[a]);
				bool right = satisfies(p->items[i], &n->demands.items[b]);

				if (p->items[i]->rank == SIZE_MAX)
					continue;
				first = first || left;
				second = second || right;
				both = both || (left && right);
			}
			*a_out = &n->demands.items[a];
			*b_out = &n->demands.items[b];
			if (first && second && !both)
				return true;
		}
	}
	return false;
}

static bool fail_with_files(const struct need *n, const struct project *p, struct search *s,
			    struct verdict *v, struct err *err)
{
	AUTO(buf_free) struct buf who = BUF_INIT(SIZE_MAX / 2);
	AUTO(buf_free) struct buf target = BUF_INIT(SIZE_MAX / 2);
	const struct demand *last = &n->demands.items[n->demands.len - 1];
	const struct demand *a, *b;

	for (size_t i = 0; i < p->others.len; i++)
		passed_over(v, p->others.items[i], "");
	if (v->count > REASONS_SHOWN)
		buf_putf(&v->reasons, "; and %zu more", v->count - REASONS_SHOWN);
	if (find_conflict(&a, &b, n, p)) {
		bool swap = a->by && !b->by; /* the user's own words first */

		put_demand(&who, swap ? b : a);
		buf_put(&who, " contradicts ");
		put_demand(&who, swap ? a : b);
		err_set(err, E_INPUT, "%s: %s", who.ptr, v->reasons.ptr);
		err_hint(err, "loosen one of the two, or add a version that satisfies both");
		return demand_fails_at(a, err) || demand_fails_at(b, err);
	}
	put_demand(&who, last);
	python_target_format(&target, s->options->target);
	err_set(err, v->wrong_hash ? E_INTEGRITY : E_NOT_FOUND, "no file of %s fits %s: %s",
		who.ptr, target.ptr, v->reasons.ptr);
	if (!p->len)
		err_hint(err, "make a wheel of it (pip wheel) and put it beside");
	return demand_fails_at(last, err);
}

static bool choose(struct need *n, struct search *s, struct err *err)
{
	struct project *p = candidates_find(s->candidates, n->key);
	AUTO(verdict_free) struct verdict v = { .reasons = BUF_INIT(SIZE_MAX / 2) };
	enum prereleases rule;
	bool ok = false;

	s->is_conflict = true; /* until one fits */
	if (!p)
		return fail_without_files(n, s, err);
	rule = prerelease_rule(n, s, p);
	for (size_t i = 0; i < p->len && !ok; i++) {
		if (!consider(&ok, p->items[i], n, s, rule, &v, err)) {
			s->is_conflict = false;
			return false;
		}
		if (ok)
			n->pick = p->items[i];
	}
	if (!ok)
		return fail_with_files(n, p, s, &v, err);
	s->is_conflict = false;
	free(n->passed_on);
	n->passed_on = mem_alloc(n->pick->requires_count + 1);
	return true;
}

/* Extras of `d` that `n` has not yet: what they ask for must be passed on too. */
static void add_extras(struct need *n, const struct demand *d)
{
	for (size_t i = 0; i < d->what->extra_count; i++) {
		if (str_list_has(&n->extras, d->what->extras[i]))
			continue;
		str_list_push(&n->extras, d->what->extras[i]);
		n->settled = false;
	}
}

static bool add_demand(struct search *s, const struct demand *d, struct err *err)
{
	struct need *n;

	if (!need_for(&n, s, d->what->key, err))
		return false;
	*ARRAY_PUSH(&n->demands) = *d;
	n->requested = n->requested || d->line;
	add_extras(n, d);
	if (!n->pick || satisfies(n->pick, d))
		return true;
	/* too late for this round: the next one knows it from the start */
	*ARRAY_PUSH(&s->learned) = *d;
	s->start_again = true;
	return true;
}

static bool refuse_url(const struct need *n, const struct requirement *r, struct err *err)
{
	err_set(err, E_UNSUPPORTED, "%s %s needs %s by URL, which is not fetched",
		n->pick->name.name, n->pick->name.version.text, r->name);
	return err_hint(
		err, "name its wheel in the requirements and leave out dependencies (--no-deps)");
}

/* What the pick asks for, under the extras asked of it. */
static bool pass_on(struct need *n, struct search *s, struct err *err)
{
	for (size_t i = 0; i < n->pick->requires_count && !s->start_again; i++) {
		const struct requirement *r = &n->pick->requires_dist[i];
		struct demand d = { .what = r, .by = n->pick };
		bool holds;

		if (n->passed_on[i])
			continue;
		if (!marker_eval_extras(&holds, r->marker, &s->env, &n->extras, err))
			return err_wrap(err, "%s: Requires-Dist '%s'", n->pick->filename, r->text);
		if (!holds)
			continue;
		n->passed_on[i] = true;
		if (r->url) {
			s->is_conflict = true; /* an older version may do without */
			return refuse_url(n, r, err);
		}
		if (!add_demand(s, &d, err))
			return false;
	}
	return true;
}

static bool add_roots(struct search *s, struct err *err)
{
	struct str_list no_extras = { 0 };

	for (size_t i = 0; i < s->requirements->len; i++) {
		const struct requirement_line *line = &s->requirements->items[i];
		struct demand d = { .what = &line->requirement, .line = line };
		bool holds;

		if (line->is_constraint)
			continue;
		if (!marker_eval_extras(&holds, line->requirement.marker, &s->env, &no_extras, err))
			return requirement_line_fail_at(line, err);
		if (holds && !add_demand(s, &d, err))
			return false;
	}
	return true;
}

/* With hashes on, each name must be pinned and hashed by some line (pip's --require-hashes). */
static bool check_hashed(const struct need *n, struct err *err)
{
	const struct demand *first = &n->demands.items[0];
	bool pinned = false, hashed = false;
	AUTO(buf_free) struct buf who = BUF_INIT(SIZE_MAX / 2);

	for (size_t i = 0; i < n->demands.len; i++) {
		const struct demand *d = &n->demands.items[i];

		if (!d->line)
			continue;
		pinned = pinned || d->line->path || specifier_set_is_pinned(&d->what->specifiers);
		hashed = hashed || d->line->hash_count;
	}
	if (pinned && hashed)
		return true;
	put_demand(&who, first);
	err_set(err, E_INPUT, "%s has no %s, but with one --hash every requirement needs both",
		who.ptr, pinned ? "--hash" : "exact version (==)");
	err_hint(err, "list every package with == and --hash, or none with --hash (pip-compile "
		      "--generate-hashes)");
	return demand_fails_at(first, err);
}

static bool settle(struct need *n, struct search *s, struct err *err)
{
	if (s->hashes_required && !check_hashed(n, err))
		return false;
	n->settled = true;
	if (!n->pick && !choose(n, s, err))
		return false;
	return s->options->no_deps || pass_on(n, s, err);
}

/* One round; s->start_again tells that another is needed. */
static bool run_round(struct search *s, struct err *err)
{
	bool all_settled = false;

	s->start_again = false;
	if (!add_roots(s, err))
		return false;
	while (!all_settled && !s->start_again) {
		all_settled = true;
		/* needs grows while it is walked: what is new is settled in the same pass */
		for (size_t i = 0; i < s->needs.len && !s->start_again; i++) {
			struct need *n = s->needs.items[i].value;

			if (n->settled)
				continue;
			all_settled = false;
			if (!cancel_check(err) || !settle(n, s, err))
				return false;
		}
	}
	return true;
}

static void warn_about_extras(const struct need *n, struct events *events)
{
	for (size_t i = 0; i < n->extras.len; i++)
		if (!str_list_has(&n->pick->metadata.extras, n->extras.items[i]))
			event_warn(events, "%s %s has no extra '%s'", n->pick->name.name,
				   n->pick->name.version.text, n->extras.items[i]);
}

static void collect(struct selected_list *out, struct search *s)
{
	for (size_t i = 0; i < s->needs.len; i++) {
		const struct need *n = s->needs.items[i].value;

		*ARRAY_PUSH(out) = (struct selected){ n->pick, n->requested };
		warn_about_extras(n, s->events);
		event_detail(s->events, "%s %s: %s", n->key, n->pick->name.version.text,
			     n->pick->path);
	}
}

/* False: the best candidates contradict each other, or nothing fits; `err` says which. */
static bool one_pass(struct selected_list *out, struct search *s, struct err *err)
{
	do {
		free_needs(s);
		if (!run_round(s, err))
			return false;
	} while (s->start_again);
	collect(out, s);
	return true;
}

static void note_lines(struct events *events, struct buf *text)
{
	for (struct slice rest = slice_of(text->ptr); rest.ptr && rest.len;) {
		struct slice line = slice_cut(rest, '\n', &rest);

		event_note(events, SLICE_FMT, SLICE_ARG(line));
	}
}

bool selection_make(struct selected_list *out, struct candidates *c, const struct requirements *r,
		    const struct selection_options *options, struct events *events, struct err *err)
{
	AUTO(search_free)
	struct search s = { .candidates = c,
			    .requirements = r,
			    .options = options,
			    .events = events,
			    .hashes_required = r->require_hashes };
	AUTO(buf_free) struct buf why = BUF_INIT(SIZE_MAX / 2);
	struct err second = { 0 };
	bool found = false;

	s.env = marker_env_make(&s.arena, options->target);
	if (one_pass(out, &s, err))
		return true;
	if (!s.is_conflict)
		return false;
	out->len = 0;
	if (!resolution_make(out, &found, &why, c, r, options, events, &second)) {
		*err = second;
		return false;
	}
	if (found)
		err_clear(err);
	else
		note_lines(events, &why);
	return found;
}
