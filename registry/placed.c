// SPDX-License-Identifier: Apache-2.0
#include "registry/placed.h"

#include "base/mem.h"
#include "registry/state.h"

static char *key_of(const struct reference *to, const struct digest *d)
{
	return mem_printf("%s %s", reference_api_host(to), digest_format(d).text);
}

void placed_begin(struct registry *r, const struct reference *to, const struct digest *d)
{
	AUTO(auto_free) char *key = key_of(to, d);

	turn_take(&r->moving, key);
}

void placed_end(struct registry *r, const struct reference *to, const struct digest *d, bool there)
{
	AUTO(auto_free) char *key = key_of(to, d);

	if (there) {
		lock_take(&r->lock);
		map_put_text(&r->placed, key, reference_name(to).text);
		lock_drop(&r->lock);
	}
	turn_drop(&r->moving, key);
}

bool placed_find(struct reference *out, struct registry *r, const struct reference *to,
		 const struct digest *d)
{
	AUTO(auto_free) char *key = key_of(to, d);
	struct err ignored = { 0 };
	const char *name;
	bool found;

	lock_take(&r->lock);
	name = map_text(&r->placed, key);
	found = name && reference_parse(out, name, &ignored);
	lock_drop(&r->lock);
	return found;
}

bool placed_planned(struct registry *r, const struct reference *to, const struct digest *d)
{
	AUTO(auto_free)
	char *key = mem_printf("%s/%s %s", reference_api_host(to), to->repository,
			       digest_format(d).text);
	bool before;

	lock_take(&r->lock);
	before = map_has(&r->planned, key);
	if (!before)
		map_put(&r->planned, key, NULL);
	lock_drop(&r->lock);
	return before;
}

void placed_plan_tag(struct registry *r, const struct reference *at, const struct digest *d)
{
	lock_take(&r->lock);
	map_put_text(&r->planned_tags, reference_format(at).text, digest_format(d).text);
	lock_drop(&r->lock);
}

bool placed_planned_tag(struct digest *out, struct registry *r, const struct reference *at)
{
	struct err ignored = { 0 };
	const char *text;
	bool found;

	lock_take(&r->lock);
	text = map_text(&r->planned_tags, reference_format(at).text);
	found = text && digest_parse(out, text, &ignored);
	lock_drop(&r->lock);
	return found;
}
