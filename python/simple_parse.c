// SPDX-License-Identifier: Apache-2.0
#include "python/simple_page.h"

#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/mem.h"
#include "python/location.h"
#include "python/simple_build.h"

/* What both forms of a page have in common: versions, links to files, the project's status. */

void simple_page_free(struct simple_page *p)
{
	free(p->items);
	*p = (struct simple_page){ 0 };
}

bool file_hashes_any(const struct file_hashes *h)
{
	return h->known[HASH_SHA256] || h->known[HASH_SHA384] || h->known[HASH_SHA512];
}

bool file_hashes_add(struct file_hashes *h, struct slice kind_name, struct slice hex)
{
	enum hash_kind kind;

	if (!hash_kind_find(&kind, kind_name.ptr, kind_name.len))
		return true;
	if (hex.len != 2 * hash_kind_size(kind))
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = location_hex_value(hex.ptr[i]), low = location_hex_value(hex.ptr[i + 1]);

		if (high < 0 || low < 0)
			return false;
		h->values[kind][i / 2] = (unsigned char)(high << 4 | low);
	}
	h->known[kind] = true;
	return true;
}

/* "1.4": another major version is another format (PEP 629); a newer minor one only adds to it. */
bool simple_build_version(struct simple_build *b, const char *version, struct err *err)
{
	enum { MAJOR = 1, NEWEST_MINOR = 4 };
	struct slice rest;
	struct slice first = slice_cut(slice_of(version), '.', &rest);
	uint64_t major, minor = 0;

	if (!str_to_u64(&major, first, UINT32_MAX) ||
	    (rest.ptr && !str_to_u64(&minor, rest, UINT32_MAX)))
		return err_set(err, E_INPUT, "'%.32s' is not a version of the index format",
			       version);
	if (major != MAJOR)
		return err_set(err, E_UNSUPPORTED,
			       "the index speaks version %.32s of its format, rtbuild knows %d",
			       version, MAJOR);
	if (minor > NEWEST_MINOR)
		b->page->newer = arena_strdup(b->arena, version);
	return true;
}

/* What stands behind the last "/" of a URL's path, decoded. */
static const char *name_of(size_t *len_out, struct arena *a, const struct url *url)
{
	size_t path = strcspn(url->target, "?");
	const char *slash = memrchr(url->target, '/', path);
	size_t before = (size_t)(slash + 1 - url->target);
	char *name = arena_slice(a, (struct slice){ slash + 1, path - before });

	*len_out = str_urldecode(name);
	return name;
}

static bool is_filename(const char *name, size_t len)
{
	if (!len || len > LIMIT_COMPONENT)
		return false;
	for (size_t i = 0; i < len; i++)
		if (name[i] <= ' ' || name[i] > '~' || name[i] == '/')
			return false;
	return true;
}

/* "#sha256=...": the oldest way to say a hash. */
static void add_fragment(struct simple_file *f, const char *link)
{
	const char *mark = strchr(link, '#');
	struct slice rest = slice_of(mark ? mark + 1 : NULL);

	while (rest.ptr) {
		struct slice value, item = slice_cut(rest, '&', &rest);
		struct slice kind = slice_cut(item, '=', &value);

		if (value.ptr && !file_hashes_add(&f->hashes, kind, value))
			f->refused = "has a malformed hash on its page";
	}
}

bool simple_build_file(struct simple_file **out, struct simple_build *b, const char *link,
		       const char *name, struct err *err)
{
	AUTO(url_free) struct url relative = { 0 };
	AUTO(url_free) struct url url = { 0 };
	AUTO(auto_free) char *text = NULL;
	struct err no_link = { 0 };
	size_t name_len = name ? strlen(name) : 0;

	*out = NULL;
	if (!url_resolve(&relative, b->base, link, &no_link))
		return true;
	text = url_text(&relative);
	if (!name)
		name = name_of(&name_len, b->arena, &relative);
	if (!is_filename(name, name_len) || !url_follow(&url, b->from, text, &no_link))
		return true;
	if (b->page->len == LIMIT_SIMPLE_FILES)
		return err_set(err, E_INPUT, "more than %d files (limit LIMIT_SIMPLE_FILES)",
			       LIMIT_SIMPLE_FILES);
	*out = ARRAY_PUSH(b->page);
	**out = (struct simple_file){ .filename = name,
				      .url = arena_strdup(b->arena, text),
				      .size = -1 };
	add_fragment(*out, link);
	return true;
}

/* PEP 792. */
static void settle_status(struct simple_page *page)
{
	if (page->status && (!page->status[0] || str_eq(page->status, "active")))
		page->status = NULL;
	if (page->status_reason && !page->status_reason[0])
		page->status_reason = NULL;
	if (page->status && str_eq(page->status, "quarantined"))
		page->len = 0;
}

/* "text/html; charset=UTF-8" is of type "text/html". */
static bool is_type(const char *content_type, const char *want)
{
	struct slice type =
		slice_trim((struct slice){ content_type, strcspn(content_type, ";") }, " \t");

	return type.len == strlen(want) && strncasecmp(type.ptr, want, type.len) == 0;
}

static bool read_page(struct simple_build *b, struct slice text, const char *content_type,
		      struct err *err)
{
	AUTO(auto_free) char *shown = NULL;

	if (is_type(content_type, "application/vnd.pypi.simple.v1+json"))
		return simple_json_read(b, text, err);
	if (is_type(content_type, "application/vnd.pypi.simple.v1+html") ||
	    is_type(content_type, "text/html"))
		return simple_html_read(b, text, err);
	shown = str_printable(content_type, strlen(content_type), 80);
	if (str_has_prefix(content_type, "application/vnd.pypi.simple."))
		return err_set(err, E_UNSUPPORTED, "the index speaks %s, which rtbuild does not",
			       shown);
	err_set(err, E_INPUT, "not a page of a package index: its content type is '%s'", shown);
	return err_hint(err, "an index URL usually ends in /simple/");
}

bool simple_page_parse(struct simple_page *out, struct arena *a, struct slice text,
		       const char *content_type, const struct url *from, struct err *err)
{
	AUTO(simple_page_free) struct simple_page page = { 0 };
	struct simple_build b = { .page = &page, .arena = a, .base = from, .from = from };

	if (!read_page(&b, text, content_type ? content_type : "", err))
		return false;
	settle_status(&page);
	*out = page;
	page = (struct simple_page){ 0 };
	return true;
}
