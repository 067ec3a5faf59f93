// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "net/url.h"

static void assert_sound(const struct url *u)
{
	AUTO(url_free) struct url again = { 0 };
	AUTO(auto_free) char *text = url_text(u);
	AUTO(auto_free) char *shown = url_shown(u);
	AUTO(auto_free) char *authority = url_authority(u);
	struct err err = { 0 };

	for (const char *c = text; *c; c++)
		assert(*c > ' ' && *c < 0x7f);
	assert(url_parse(&again, text, &err));
	assert(url_same_origin(u, &again) && str_eq(u->target, again.target));
	assert(*authority && !strchr(shown, '?') && u->target[0] == '/' && u->port);
	assert(url_reach(u) == url_reach(&again));
}

/* A URL, and what a server answers it with as its Location. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *text = next_text(&rest);
	AUTO(auto_free) char *location = next_text(&rest);
	AUTO(url_free) struct url u = { 0 };
	AUTO(url_free) struct url to = { 0 };
	AUTO(url_free) struct url followed = { 0 };
	struct err err = { 0 };

	if (!verdict(url_parse(&u, text, &err), &err))
		return 0;
	assert_sound(&u);
	if (verdict(url_resolve(&to, &u, location, &err), &err))
		assert_sound(&to);
	if (verdict(url_follow(&followed, &u, location, &err), &err)) {
		assert_sound(&followed);
		assert(followed.https || !u.https);
	}
	url_add_query(&u, "digest", location);
	return 0;
}
