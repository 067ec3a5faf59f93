// SPDX-License-Identifier: Apache-2.0
#include "registry/route.h"

#include <string.h>

#include "base/mem.h"

/* The rule of where a request goes. Matching names with registries.conf is registries.c's. */

void routes_free(struct routes *p)
{
	free(p->items);
	*p = (struct routes){ 0 };
}

/* Holding the lock. */
static bool load(struct registry *r, struct err *err)
{
	AUTO(str_list_free) struct str_list files = { 0 };

	if (!r->have_registries)
		r->have_registries = registries_files(&files, err) &&
				     registries_read(&r->registries, &files, r->events, err);
	return r->have_registries;
}

bool route_registries(const struct registries **out, struct registry *r, struct err *err)
{
	bool ok;

	lock_take(&r->lock);
	ok = load(r, err);
	lock_drop(&r->lock);
	*out = &r->registries;
	return ok;
}

static const struct registries_entry *entry_of(const struct registries *all,
					       const struct reference *ref)
{
	return registries_find(all, reference_name(ref).text);
}

static bool check_blocked(const struct registries_entry *e, const struct reference *ref,
			  struct err *err)
{
	if (!e || !e->blocked)
		return true;
	err_set(err, E_AUTH, "%s is blocked by %s (prefix '%s')", reference_name(ref).text, e->file,
		e->prefix);
	return err_hint(err, "remove 'blocked = true' there, or take another image");
}

static void add(struct routes *out, const struct reference *at, bool insecure, bool mirror)
{
	*ARRAY_PUSH(out) = (struct route){ .at = *at, .insecure = insecure, .mirror = mirror };
}

/* A location may itself be listed, as insecure or blocked. */
static bool add_location(struct routes *out, const struct registries *all,
			 const struct registries_entry *e, const char *location, bool insecure,
			 bool mirror, const struct reference *ref, struct err *err)
{
	const struct registries_entry *own;
	struct reference at = *ref;

	if (location && !registries_rewrite(&at, e, location, ref, err))
		return false;
	own = entry_of(all, &at);
	if (!check_blocked(own, &at, err))
		return false;
	add(out, &at, insecure || (own && own->insecure), mirror);
	return true;
}

static bool serves(const struct registries_mirror *m, enum route_use use)
{
	switch (use) {
	case ROUTE_HOME:
		return false;
	case ROUTE_PULL_BY_TAG:
		return m->use != MIRROR_DIGEST_ONLY;
	case ROUTE_PULL_BY_DIGEST:
		return m->use != MIRROR_TAG_ONLY;
	}
	return false;
}

bool routes_all(struct routes *out, struct registry *r, const struct reference *ref,
		enum route_use use, struct err *err)
{
	const struct registries *all;
	const struct registries_entry *e;

	if (!route_registries(&all, r, err))
		return false;
	e = entry_of(all, ref);
	if (!check_blocked(e, ref, err))
		return false;
	if (!e || use == ROUTE_HOME) {
		add(out, ref, e && e->insecure, false);
		return true;
	}
	for (size_t i = 0; i < e->mirrors_len; i++)
		if (serves(&e->mirrors[i], use) &&
		    !add_location(out, all, e, e->mirrors[i].location, e->mirrors[i].insecure, true,
				  ref, err))
			return false;
	return add_location(out, all, e, e->location, e->insecure, false, ref, err);
}

static void leave_out_dead(struct routes *p, struct registry *r)
{
	size_t kept = 0;

	lock_take(&r->lock);
	for (size_t i = 0; i < p->len; i++)
		if (!p->items[i].mirror ||
		    !map_has(&r->dead_mirrors, reference_name(&p->items[i].at).text))
			p->items[kept++] = p->items[i];
	p->len = kept;
	lock_drop(&r->lock);
}

bool routes_find(struct routes *out, struct registry *r, const struct reference *ref,
		 enum route_use use, struct err *err)
{
	if (!routes_all(out, r, ref, use, err))
		return false;
	leave_out_dead(out, r);
	return true;
}

void route_drop(struct registry *r, const struct reference *mirror, const char *why)
{
	struct reference_text name = reference_name(mirror);
	bool fresh;

	lock_take(&r->lock);
	fresh = !map_has(&r->dead_mirrors, name.text);
	if (fresh)
		map_put(&r->dead_mirrors, name.text, NULL);
	lock_drop(&r->lock);
	if (fresh)
		event_warn(r->events, "going on without the mirror %s: %s", name.text, why);
}
