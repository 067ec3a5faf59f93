// SPDX-License-Identifier: Apache-2.0
#include "python/resolve.h"

#include <stdint.h>

#include "base/mem.h"
#include "python/location.h"
#include "python/pylock.h"

/* What to ask for, and where to look. Choosing is selection_rounds.c's. */

void resolve_free(struct resolve *x)
{
	selected_list_free(&x->chosen);
	candidates_free(&x->candidates);
	requirements_free(&x->requirements);
}

static bool fetch_text(void *arg, struct buf *out, const char *url, struct err *err)
{
	return index_client_text(out, arg, url, err);
}

static const struct pylock_choice *choice_of(const struct wheel_request *req)
{
	return req->indexes ? req->indexes->choice : NULL;
}

static bool read_one(struct requirements *r, const char *path, const struct wheel_request *req,
		     struct err *err)
{
	return pylock_is_name(path) ? pylock_read(r, path, req->target, choice_of(req), err)
				    : requirements_read(r, path, err);
}

/* Nothing that was chosen may be ignored. */
static bool check_choice(const struct wheel_request *req, struct err *err)
{
	bool locked = !pylock_choice_is_made(choice_of(req));

	for (size_t i = 0; i < req->file_count; i++)
		locked = locked || pylock_is_name(req->files[i]);
	if (locked)
		return true;
	err_set(err, E_USAGE,
		"--extra, --group and --no-default-groups choose from a pylock.toml, "
		"and there is none");
	return err_hint(err, "an extra of a package is asked for as NAME[EXTRA]");
}

static bool read_requirements(struct requirements *r, const struct wheel_request *req,
			      struct err *err)
{
	if (req->indexes) {
		r->fetch = fetch_text;
		r->fetch_arg = req->indexes->client;
	}
	r->prereleases = req->prereleases;
	if (!check_choice(req, err))
		return false;
	for (size_t i = 0; i < req->file_count; i++)
		if (!read_one(r, req->files[i], req, err))
			return false;
	for (size_t i = 0; i < req->constraint_count; i++)
		if (!requirements_read_constraints(r, req->constraints[i], err))
			return false;
	for (size_t i = 0; i < req->requirement_count; i++)
		if (!requirements_add(r, req->requirements[i], err))
			return false;
	return true;
}

static bool add_links(struct candidates *c, const char *where, struct err *err)
{
	if (!location_is_remote(where))
		return candidates_add_dir(c, where, err);
	return c->client ? candidates_add_page(c, where, err) : location_refuse_remote(where, err);
}

/* The indexes in the order they are asked: those that were added to the usual one come first, since
 * they are the user's own. */
static bool add_indexes(struct candidates *c, const struct requirements *r,
			const struct wheel_request *req, struct err *err)
{
	const struct wheel_indexes *x = req->indexes;
	const struct str_list none = { 0 };
	const struct str_list *lists[] = { x && x->extra ? x->extra : &none, &r->extra_indexes };
	const char *usual = r->index_url ? r->index_url : x ? x->url : NULL;
	bool has_links = req->find_links_count || r->find_links.len;

	if (!x || x->none || r->no_index)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		for (size_t k = 0; k < lists[i]->len; k++)
			if (!candidates_add_index(c, lists[i]->items[k], err))
				return false;
	if (!usual && (c->indexes.len || !has_links))
		usual = WHEELS_PYPI;
	return !usual || candidates_add_index(c, usual, err);
}

/* The wheels that a line names itself. */
static bool add_named_file(struct candidates *c, const struct requirement_line *line,
			   struct err *err)
{
	if (line->is_locked)
		return candidates_add_locked(c, line, err);
	if (line->path)
		return candidates_add_file(c, line, err);
	if (line->url)
		return c->client ? candidates_add_url(c, line, err)
				 : location_refuse_remote(line->url, err);
	return true;
}

/* A file at hand for the target has one of the line's hashes. */
static bool is_at_hand(bool *out, struct candidates *c, const struct requirement_line *line,
		       struct err *err)
{
	const struct demand d = { .what = &line->requirement, .line = line };
	const struct project *p = candidates_find(c, line->requirement.key);

	*out = false;
	for (size_t i = 0; p && !*out && i < p->len; i++) {
		struct candidate *ca = p->items[i];

		if (ca->path && ca->rank != SIZE_MAX && demand_matches(&d, ca) &&
		    !candidate_has_hash(out, ca, c, line, err))
			return false;
	}
	return true;
}

/* What is pinned, hashed and at hand is not looked for elsewhere: no page is asked for it. */
static bool keep_local(struct candidates *c, const struct requirements *r, struct err *err)
{
	for (size_t i = 0; i < r->len; i++) {
		const struct requirement_line *line = &r->items[i];
		bool here;

		if (!line->hash_count || line->is_locked || line->path || line->url ||
		    !specifier_set_is_pinned(&line->requirement.specifiers))
			continue;
		if (!is_at_hand(&here, c, line, err))
			return false;
		if (here)
			candidates_close_project(c, line->requirement.key);
	}
	return true;
}

static bool gather(struct candidates *c, const struct requirements *r,
		   const struct wheel_request *req, struct err *err)
{
	c->only_sha256 = true;
	for (size_t i = 0; c->client && i < r->trusted_hosts.len; i++)
		index_client_trust(c->client, r->trusted_hosts.items[i]);
	for (size_t i = 0; i < req->find_links_count; i++)
		if (!add_links(c, req->find_links[i], err))
			return false;
	for (size_t i = 0; i < r->find_links.len; i++)
		if (!add_links(c, r->find_links.items[i], err))
			return false;
	for (size_t i = 0; i < r->len; i++) {
		const struct requirement_line *line = &r->items[i];

		for (size_t k = 0; k < line->hash_count; k++)
			c->only_sha256 = c->only_sha256 && line->hashes[k].kind == HASH_SHA256;
		if (!add_named_file(c, line, err))
			return requirement_line_fail_at(line, err);
	}
	return add_indexes(c, r, req, err) && keep_local(c, r, err);
}

/* The best file of a hashed line, by what is known without looking into it. */
static bool best_hashed(struct candidate **out, struct candidates *c,
			const struct requirement_line *line, struct err *err)
{
	const struct demand d = { .what = &line->requirement, .line = line };
	const struct project *p = candidates_find(c, line->requirement.key);

	*out = NULL;
	for (size_t i = 0; p && i < p->len; i++) {
		bool listed;

		if (p->items[i]->rank == SIZE_MAX || !demand_matches(&d, p->items[i]))
			continue;
		if (!candidate_has_hash(&listed, p->items[i], c, line, err))
			return false;
		if (!listed)
			continue;
		*out = p->items[i];
		return true;
	}
	return true;
}

/*
 * Where every line is pinned and hashed there is nothing to choose but the tags: the wheels are
 * fetched at once, and what they require is read out of them, with no request for metadata.
 */
static bool fetch_hashed(struct resolve *x, const struct wheel_request *req, struct err *err)
{
	const struct requirements *r = &x->requirements;
	AUTO(arena_free) struct arena a = { 0 };
	const struct marker_env env = marker_env_make(&a, req->target);
	const struct requirement_line **lines =
		ARENA_ARRAY(&a, const struct requirement_line *, r->len + 1);
	const char **keys = ARENA_ARRAY(&a, const char *, r->len + 1);
	struct candidate **list = ARENA_ARRAY(&a, struct candidate *, r->len + 1);
	const struct str_list no_extras = { 0 };
	size_t count = 0, fetched = 0;

	for (size_t i = 0; i < r->len; i++) {
		const struct requirement_line *line = &r->items[i];
		bool holds;

		if (line->is_constraint || !line->hash_count)
			continue;
		if (!marker_eval_extras(&holds, line->requirement.marker, &env, &no_extras, err))
			return requirement_line_fail_at(line, err);
		if (holds) {
			keys[count] = line->requirement.key;
			lines[count++] = line;
		}
	}
	if (!candidates_load(&x->candidates, keys, count, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (!best_hashed(&list[fetched], &x->candidates, lines[i], err))
			return false;
		fetched += list[fetched] != NULL;
	}
	return candidates_fetch(&x->candidates, list, fetched, err);
}

bool resolve_run(struct resolve *x, const struct wheel_request *req, struct events *events,
		 struct err *err)
{
	const struct selection_options options = { .target = req->target,
						   .no_deps = req->no_deps,
						   .preferences = req->preferences };
	struct requirements *r = &x->requirements;

	if (!read_requirements(r, req, err))
		return false;
	for (size_t i = 0; i < r->notes.len; i++)
		event_warn(events, "%s", r->notes.items[i]);
	candidates_init(&x->candidates, req->target, req->indexes ? req->indexes->client : NULL,
			events);
	if (!gather(&x->candidates, r, req, err))
		return false;
	if (r->require_hashes && !req->only_choose && !fetch_hashed(x, req, err))
		return false;
	return selection_make(&x->chosen, &x->candidates, r, &options, events, err);
}
