// SPDX-License-Identifier: Apache-2.0
#include "python/refusal.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "python/pylock.h"
#include "python/wheel_request.h"

/*
 * Of all that takes part in a contradiction, the project is named that has no file left: which
 * requirements are on it, and why each file was passed over.
 */

enum { REASONS_SHOWN = 8 };

/* The requirements on one project. */
struct side {
	const char *key;
	const struct project *project; /* NULL: it has no file */
	struct {
		const struct demand **items;
		size_t len, cap;
	} demands;
};

static void side_free(struct side *s)
{
	free(s->demands.items);
}

void refusal_free(struct refusal *x)
{
	free(x->demands.items);
	map_free(&x->reasons);
}

/* Of several versions of one project only the first counts: they never ask together. */
static bool is_excluded(const struct side *s, const struct demand *d)
{
	for (size_t i = 0; i < s->demands.len; i++)
		if (demand_excludes(s->demands.items[i], d))
			return true;
	return false;
}

/* The requirements on the project of demands[first], if that is the first of it. */
static bool gather(struct side *out, const struct refusal *x, size_t first)
{
	const char *key = x->demands.items[first]->what->key;

	*out = (struct side){ .key = key, .project = candidates_find(x->candidates, key) };
	for (size_t i = 0; i < x->demands.len; i++) {
		const struct demand *d = x->demands.items[i];

		if (!str_eq(d->what->key, key))
			continue;
		if (i < first)
			return false;
		if (!is_excluded(out, d))
			*ARRAY_PUSH(&out->demands) = d;
	}
	return true;
}

/* The one the message speaks of: the last that is no constraint. */
static const struct demand *speaker(const struct side *s)
{
	for (size_t i = s->demands.len; i-- > 0;)
		if (!s->demands.items[i]->line || !s->demands.items[i]->line->is_constraint)
			return s->demands.items[i];
	return s->demands.items[0];
}

/* Why a file cannot be taken; NULL when nothing is known against it. `a` and `b`: demands that the
 * message names already. */
static const char *reason_against(const struct candidate *ca, const struct side *s,
				  const struct demand *a, const struct demand *b,
				  const struct refusal *x)
{
	for (size_t i = 0; i < s->demands.len; i++) {
		const struct demand *d = s->demands.items[i];
		AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);

		if (demand_matches(d, ca))
			continue;
		buf_put(&text, "does not satisfy ");
		if (d == a || d == b)
			demand_format_short(&text, d);
		else
			demand_format(&text, d);
		return arena_strdup(x->arena, text.ptr);
	}
	return ca->rank == SIZE_MAX ? ca->unfit : map_get(&x->reasons, ca->id);
}

static bool takes_all(const struct side *s, const struct candidate *ca)
{
	for (size_t i = 0; i < s->demands.len; i++)
		if (!demand_matches(s->demands.items[i], ca))
			return false;
	return true;
}

/* Nothing is left of the project. */
static bool is_exhausted(const struct side *s, const struct refusal *x)
{
	for (size_t i = 0; s->project && i < s->project->len; i++) {
		const struct candidate *ca = s->project->items[i];

		if (ca->rank != SIZE_MAX && takes_all(s, ca) && !map_has(&x->reasons, ca->id))
			return false;
	}
	return true;
}

static bool report_no_files(const struct side *s, const struct refusal *x, struct err *err)
{
	AUTO(buf_free) struct buf who = BUF_INIT(SIZE_MAX / 2);
	AUTO(buf_free) struct buf where = BUF_INIT(SIZE_MAX / 2);
	const char *nearest = candidates_nearest(x->candidates, s->key);
	const char *name = speaker(s)->what->name;

	demand_format(&who, speaker(s));
	for (size_t i = 0; i < x->candidates->places.len; i++)
		buf_putf(&where, "%s%s", i ? ", " : " in ", x->candidates->places.items[i]);
	err_set(err, E_NOT_FOUND, "there is no wheel of %s%s", who.ptr, where.ptr);
	if (str_has_suffix(name, ".txt") || pylock_is_name(name))
		err_hint(err, "to read that file, write -r %s", name);
	else if (nearest)
		err_hint(err, "did you mean %s?", nearest);
	else if (x->candidates->client && index_client_is_offline(x->candidates->client))
		err_hint(err, "--offline knows only what was fetched before: run it once without");
	else if (!x->candidates->indexes.len)
		err_hint(err,
			 "no package index was asked: put its wheel where --find-links looks, or "
			 "name one: --index-url " WHEELS_PYPI);
	else
		err_hint(err, "put its wheel into a folder and name that by --find-links");
	return demand_fail_at(speaker(s), err);
}

/* Two demands of which each could be met, but not both. */
static bool find_conflict(const struct demand **a_out, const struct demand **b_out,
			  const struct side *s)
{
	const struct project *p = s->project;

	for (size_t a = 0; a < s->demands.len; a++) {
		for (size_t b = a + 1; b < s->demands.len; b++) {
			bool first = false, second = false, both = false;

			*a_out = s->demands.items[a];
			*b_out = s->demands.items[b];
			for (size_t i = 0; i < p->len; i++) {
				bool left = demand_matches(*a_out, p->items[i]);
				bool right = demand_matches(*b_out, p->items[i]);

				if (p->items[i]->rank == SIZE_MAX)
					continue;
				first = first || left;
				second = second || right;
				both = both || (left && right);
			}
			if (first && second && !both)
				return true;
		}
	}
	return false;
}

/* "x-1.whl needs Python <3; x-2.tar.gz is a source archive; and 3 more" */
static void put_reasons(struct buf *out, const struct side *s, const struct demand *a,
			const struct demand *b, const struct refusal *x)
{
	const struct project *p = s->project;
	size_t count = p->len + p->others.len;

	for (size_t i = 0; i < count && i < REASONS_SHOWN; i++) {
		const struct candidate *ca = i < p->len ? p->items[i] : NULL;

		buf_put(out, i ? "; " : "");
		if (ca)
			buf_putf(out, "%s %s", ca->filename, reason_against(ca, s, a, b, x));
		else
			buf_put(out, p->others.items[i - p->len]);
	}
	if (count > REASONS_SHOWN)
		buf_putf(out, "; and %zu more", count - REASONS_SHOWN);
}

static bool report_conflict(const struct side *s, const struct demand *a, const struct demand *b,
			    const struct refusal *x, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
	bool swap = a->by && !b->by; /* the user's own words first */

	demand_format(&text, swap ? b : a);
	buf_put(&text, " contradicts ");
	demand_format(&text, swap ? a : b);
	buf_put(&text, ": ");
	put_reasons(&text, s, a, b, x);
	err_set(err, E_INPUT, "%s", text.ptr);
	err_hint(err, "loosen one of the two, or add a version that satisfies both");
	return demand_fail_at(swap ? b : a, err) || demand_fail_at(swap ? a : b, err);
}

/* The best file for the target, whatever its version. */
static const struct candidate *nearest_file(const struct side *s, const struct refusal *x)
{
	for (size_t i = 0; i < s->project->len; i++)
		if (s->project->items[i]->rank != SIZE_MAX &&
		    !map_has(&x->reasons, s->project->items[i]->id))
			return s->project->items[i];
	return NULL;
}

/* One that would do, were pre-releases taken. */
static const struct candidate *prerelease_of(const struct side *s, const struct refusal *x)
{
	for (size_t i = 0; i < s->project->len; i++) {
		const struct candidate *ca = s->project->items[i];

		if (ca->rank != SIZE_MAX && takes_all(s, ca) && map_has(&x->reasons, ca->id) &&
		    license_is_needed(LICENSE_PRERELEASE, ca))
			return ca;
	}
	return NULL;
}

static bool any_fits(const struct side *s)
{
	for (size_t i = 0; i < s->project->len; i++)
		if (takes_all(s, s->project->items[i]))
			return true;
	return false;
}

/* What would help, when no file fits. */
static bool hint_at_files(const struct side *s, const struct refusal *x, struct err *err)
{
	const struct candidate *near = nearest_file(s, x), *pre = prerelease_of(s, x);

	if (!s->project->len)
		return err_hint(err,
				"rtbuild builds nothing: make a wheel of it (pip wheel) and name "
				"its folder by --find-links, or install it in a RUN step "
				"(--installer pip)");
	if (x->wrong_hash)
		return err_hint(err, "the file is another one than was locked: find out why, or "
				     "lock again (rtbuild python lock)");
	if (x->needs_url)
		return err_hint(err,
				"if it is to be trusted, say so by a line of your own: NAME @ URL");
	if (pre)
		return err_hint(err, "say --pre in the requirements, or name it: %s>=%s", s->key,
				pre->name.version.text);
	if (near && !any_fits(s))
		return err_hint(err,
				"%s %s would fit: change what is asked for, or put a wheel "
				"of another version where --find-links looks",
				s->key, near->name.version.text);
	if (near)
		return err_hint(err,
				"%s %s would fit; or put a wheel for this target where "
				"--find-links looks",
				s->key, near->name.version.text);
	return err_hint(err, "if the target is another one, say so (--python, --platform, --libc); "
			     "else put a wheel for it where --find-links looks");
}

static bool report_files(const struct side *s, const struct refusal *x, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(SIZE_MAX / 2);
	const struct demand *a, *b;

	if (find_conflict(&a, &b, s))
		return report_conflict(s, a, b, x, err);
	buf_put(&text, "no file of ");
	demand_format(&text, speaker(s));
	buf_put(&text, " fits ");
	python_target_format(&text, x->target);
	buf_put(&text, ": ");
	put_reasons(&text, s, speaker(s), NULL, x);
	err_set(err,
		x->wrong_hash  ? E_INTEGRITY
		: x->needs_url ? E_UNSUPPORTED
			       : E_NOT_FOUND,
		"%s", text.ptr);
	hint_at_files(s, x, err);
	return demand_fail_at(speaker(s), err);
}

/* Each project has a file that would do, but not all at once. */
static bool report_together(const struct refusal *x, struct err *err)
{
	AUTO(buf_free) struct buf names = BUF_INIT(SIZE_MAX / 2);
	size_t count = 0;

	for (size_t i = 0; i < x->demands.len; i++) {
		AUTO(side_free) struct side s = { 0 };

		if (gather(&s, x, i) && count++ < REASONS_SHOWN)
			buf_putf(&names, "%s%s", names.len ? ", " : "", s.key);
	}
	if (count > REASONS_SHOWN)
		buf_putf(&names, " and %zu more", count - REASONS_SHOWN);
	err_set(err, E_INPUT, "no versions of %s satisfy all that is asked of them", names.ptr);
	return err_hint(err, "the sentences before say what contradicts what: loosen one of these");
}

bool refusal_report(const struct refusal *x, struct err *err)
{
	for (size_t i = 0; i < x->demands.len; i++) {
		AUTO(side_free) struct side s = { 0 };

		if (!gather(&s, x, i) || !is_exhausted(&s, x))
			continue;
		return s.project ? report_files(&s, x, err) : report_no_files(&s, x, err);
	}
	return report_together(x, err);
}
