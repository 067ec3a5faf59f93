// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/fuzz.h"

#include "python/index_credentials.h"
#include "python/simple_page.h"

static void check_file(const struct simple_file *f)
{
	struct err err = { 0 };
	struct url url;

	assert(f->filename[0] && !strchr(f->filename, '/'));
	for (const char *c = f->filename; *c; c++)
		assert(*c > ' ' && *c <= '~');
	assert(f->size >= -1 && !strchr(f->url, '#'));
	assert(url_parse(&url, f->url, &err));
	assert(url.https); /* the page's own scheme */
	url_free(&url);
}

static void read_page(struct slice text, const char *type)
{
	AUTO(simple_page_free) struct simple_page page = { 0 };
	AUTO(arena_free) struct arena a = { 0 };
	AUTO(url_free) struct url from = { 0 };
	struct err err = { 0 };

	assert(url_parse(&from, "https://idx.example/simple/foo/", &err));
	if (!verdict(simple_page_parse(&page, &a, text, type, &from, &err), &err))
		return;
	for (size_t i = 0; i < page.len; i++)
		check_file(&page.items[i]);
	assert(!page.status || !str_eq(page.status, "quarantined") || !page.len);
}

/* A page of a package index, as each of its types; and the same bytes as a netrc. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct slice text = { (const char *)data, len };
	char *user, *password;

	read_page(text, "application/vnd.pypi.simple.v1+json");
	read_page(text, "text/html");
	netrc_find(&user, &password, text, "h");
	index_credential_free(&user);
	index_credential_free(&password);
	return 0;
}
