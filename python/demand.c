// SPDX-License-Identifier: Apache-2.0
#include "python/demand.h"

#include <stdint.h>
#include <string.h>

#include "base/mem.h"
#include "python/location.h"

/* Which files of a project a requirement takes. Who asks for what is selection_packages.c's. */

enum { CHAIN_SHOWN = 8 };

void demand_format_short(struct buf *out, const struct demand *d)
{
	requirement_format(out, d->what);
	if (d->line && d->line->path)
		buf_putf(out, " as %s", d->line->path);
	if (d->line && d->line->url) {
		/* a query may hold a signature */
		AUTO(auto_free)
		char *shown = mem_strndup(d->line->url, strcspn(d->line->url, "?"));

		location_mask(shown);
		buf_putf(out, " as %s", shown);
	}
}

/* " <- baz 2.0 <- requirements.txt:1": who asks for who asks. */
static void put_chain(struct buf *out, const struct demand *d)
{
	for (int i = 0; d; d = d->because) {
		if (d->line && !d->line->origin[0])
			return;
		if (d->by && i++ == CHAIN_SHOWN)
			buf_put(out, " <- ...");
		if (d->by && i <= CHAIN_SHOWN)
			buf_putf(out, " <- %s %s", d->by->name.name, d->by->name.version.text);
		if (d->line)
			buf_putf(out, " <- %s", d->line->origin);
	}
}

void demand_format(struct buf *out, const struct demand *d)
{
	demand_format_short(out, d);
	if (d->by) {
		buf_putf(out, " (needed by %s %s", d->by->name.name, d->by->name.version.text);
		put_chain(out, d->because);
		buf_put(out, ")");
	} else if (d->line->origin[0]) {
		buf_putf(out, " (%s%s)", d->line->is_constraint ? "constraint, " : "",
			 d->line->origin);
	}
}

bool demand_fail_at(const struct demand *d, struct err *err)
{
	while (!d->line && d->because)
		d = d->because;
	return d->line && requirement_line_fail_at(d->line, err);
}

bool demand_concerns(bool *out, const struct requirement *what, const struct candidate *ca,
		     const struct marker_env *env, const char *extra, struct err *err)
{
	const struct str_list extras = { 0 };
	bool plain, with = false;

	if (!marker_eval_extras(&plain, what->marker, env, &extras, err))
		return err_wrap(err, "%s: Requires-Dist '%s'", ca->filename, what->text);
	if (extra) {
		struct marker_env under = *env;

		under.values[MARKER_EXTRA] = extra;
		if (!marker_eval(&with, what->marker, &under, err))
			return err_wrap(err, "%s: Requires-Dist '%s'", ca->filename, what->text);
	}
	*out = extra ? with && !plain : plain;
	return true;
}

bool demand_excludes(const struct demand *a, const struct demand *b)
{
	return a->by && b->by && a->by != b->by && str_eq(a->by->name.key, b->by->name.key);
}

bool demand_names_file(const struct demand *d)
{
	return d->line && (d->line->path || d->line->url);
}

bool demand_matches(const struct demand *d, const struct candidate *ca)
{
	if (d->line && d->line->url)
		return ca->given_url && str_eq(d->line->url, ca->given_url);
	if (d->line && d->line->path)
		return ca->path && str_eq(d->line->path, ca->path);
	return specifier_set_matches(&d->what->specifiers, &ca->name.version);
}

bool license_is_needed(enum license kind, const struct candidate *ca)
{
	switch (kind) {
	case LICENSE_PRERELEASE:
		return version_is_prerelease(&ca->name.version);
	case LICENSE_YANKED:
		return candidate_is_yanked(ca);
	}
	abort();
}

bool demand_licenses(const struct demand *d, enum license kind)
{
	if (demand_names_file(d))
		return true;
	switch (kind) {
	case LICENSE_PRERELEASE:
		return specifier_set_names_prerelease(&d->what->specifiers);
	case LICENSE_YANKED:
		return specifier_set_is_pinned(&d->what->specifiers);
	}
	abort();
}

/* A file for the target that needs no license, among those `d` matches (NULL: among all). */
static bool has_free(const struct project *p, const struct demand *d, enum license kind)
{
	for (size_t i = 0; i < p->len; i++)
		if (p->items[i]->rank != SIZE_MAX && !license_is_needed(kind, p->items[i]) &&
		    (!d || demand_matches(d, p->items[i])))
			return true;
	return false;
}

bool demand_has_only_prereleases(const struct project *p)
{
	return !has_free(p, NULL, LICENSE_PRERELEASE);
}

/* Without any specifier, pre-releases are better than nothing. */
static bool takes_prereleases(const struct demand *d, const struct project *p,
			      const struct demand_rules *rules)
{
	switch (rules->prereleases) {
	case PRERELEASES_ALLOWED:
		return true;
	case PRERELEASES_REFUSED:
		return false;
	case PRERELEASES_AUTO:
		break;
	}
	return rules->licensed[LICENSE_PRERELEASE] || demand_licenses(d, LICENSE_PRERELEASE) ||
	       (!d->what->specifiers.len && demand_has_only_prereleases(p));
}

/* Never where another file would do. */
static bool takes_yanked(const struct demand *d, const struct project *p,
			 const struct demand_rules *rules)
{
	return (rules->licensed[LICENSE_YANKED] || demand_licenses(d, LICENSE_YANKED)) &&
	       !has_free(p, d, LICENSE_YANKED);
}

void demand_take(bool *taken_out, const struct demand *d, const struct project *p,
		 const struct demand_rules *rules)
{
	const bool takes[LICENSES] = { [LICENSE_PRERELEASE] = takes_prereleases(d, p, rules),
				       [LICENSE_YANKED] = takes_yanked(d, p, rules) };

	for (size_t i = 0; i < p->len; i++) {
		const struct candidate *ca = p->items[i];

		taken_out[i] = ca->rank != SIZE_MAX && demand_matches(d, ca);
		for (enum license kind = LICENSE_PRERELEASE; kind <= LICENSE_YANKED; kind++)
			if (license_is_needed(kind, ca) && !takes[kind])
				taken_out[i] = false;
	}
}

const char *license_missing(const struct candidate *ca, struct arena *a)
{
	if (!candidate_is_yanked(ca))
		return "is a pre-release";
	return ca->file->yanked[0] ? arena_printf(a, "was yanked: %s", ca->file->yanked)
				   : "was yanked";
}
