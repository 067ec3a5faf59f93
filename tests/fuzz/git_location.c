// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "git/location.h"

/* What ssh would take as an option is in no location. */
static void assert_sound(const struct git_location *l)
{
	AUTO(git_location_free) struct git_location again = { 0 };
	struct err err = { 0 };

	assert(l->remote && l->path && (l->host || l->scheme == GIT_FILE));
	assert(!l->host || (*l->host && *l->host != '-'));
	assert(!l->user || (*l->user && *l->user != '-'));
	assert(!l->ref || (*l->ref != '-' && !strstr(l->ref, "..")));
	assert(!l->subdir ||
	       (*l->subdir && *l->subdir != '/' && !str_has_prefix(l->subdir, "../")));
	assert(git_location_parse(&again, l->remote, &err));
	assert(str_eq(again.remote, l->remote) && !again.ref && !again.subdir);
	assert(again.scheme == l->scheme && str_eq(again.path, l->path));
}

/* A repository, and the URL of a submodule in it. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct slice rest = { (const char *)data, len };
	AUTO(auto_free) char *text = next_text(&rest);
	AUTO(auto_free) char *url = next_text(&rest);
	AUTO(git_location_free) struct git_location l = { 0 };
	AUTO(git_location_free) struct git_location module = { 0 };
	struct err err = { 0 };

	if (!verdict(git_location_parse(&l, text, &err), &err))
		return 0;
	assert_sound(&l);
	if (verdict(git_location_resolve(&module, &l, url, &err), &err))
		assert_sound(&module);
	return 0;
}
