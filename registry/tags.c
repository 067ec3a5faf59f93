// SPDX-License-Identifier: Apache-2.0
#include "registry/tags.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/learn.h"
#include "registry/problem.h"

/* Lists of tags, page by page, and tags that speak of a digest. */

const char *const tags_cosign_suffixes[3] = { ".sig", ".att", ".sbom" };

char *tags_link_next(const char *header)
{
	const char *at = header;

	while (at && (at = strchr(at, '<'))) {
		const char *end = strchr(at, '>'), *next = end ? strchr(end, ',') : NULL;
		size_t len = next ? (size_t)(next - end) : end ? strlen(end) : 0;
		AUTO(auto_free) char *rest = end ? mem_strndup(end, len) : NULL;

		if (rest && (strcasestr(rest, "rel=\"next\"") || strcasestr(rest, "rel=next")))
			return mem_strndup(at + 1, (size_t)(end - at) - 1);
		at = end;
	}
	return NULL;
}

struct lister {
	struct registry *r;
	const struct reference *repository;
	struct str_list *tags;
	size_t limit;
};

static bool take_page(struct lister *l, struct http_reply *reply, bool *full_out, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TAG_PAGE);
	AUTO(auto_json_decref) json_t *doc = NULL;
	json_t *list, *item;
	size_t i;

	if (!http_read(&text, reply, text.max, "the list of tags", err))
		return false;
	if (!json_parse(&doc, text.ptr, text.len, "the list of tags", err)) {
		err->code = E_NETWORK;
		return false;
	}
	list = json_object_get(doc, "tags"); /* null when there is none left */
	json_array_foreach(list, i, item)
	{
		struct reference check = *l->repository;
		struct err ignored = { 0 };

		*full_out = l->tags->len >= l->limit;
		if (*full_out)
			return true;
		/* What is no tag by the grammar could not be asked for either. */
		if (json_is_string(item) &&
		    reference_set_tag(&check, json_string_value(item), &ignored))
			str_list_push(l->tags, json_string_value(item));
	}
	return true;
}

/* The next page's address on the registry itself; another host gets nothing. */
static bool take_next(struct url *next, const struct client_reply *reply, struct err *err)
{
	AUTO(auto_free) char *link = NULL;
	const char *header;

	url_free(next);
	for (size_t i = 0; !link && (header = http_header(&reply->http, "Link", i)); i++)
		link = tags_link_next(header);
	if (!link)
		return true;
	if (!url_resolve(next, &reply->url, link, err))
		return err_wrap(err, "the link to the next page");
	if (!str_eq(next->host, reply->url.host)) {
		err_set(err, E_NETWORK, "the next page is said to be on another host, %s",
			next->host);
		url_free(next);
		return false;
	}
	next->https = reply->url.https; /* distribution behind a TLS proxy says http */
	next->port = reply->url.port;
	return true;
}

/* Whether the number asked for was what the registry did not like, and a smaller one is left. */
static bool page_refused(struct lister *l, const struct url *next, int status)
{
	if (status != 400 || next->target || learn_recall(l->r, l->repository).page)
		return false;
	learn(l->r, l->repository, LEARN_PAGE, TAGS_PAGE_SMALL);
	return true;
}

static bool get_page(struct lister *l, struct url *next, bool *full_out, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	uint64_t page = learn_recall(l->r, l->repository).page;
	AUTO(auto_free)
	char *path = mem_printf("tags/list?n=%llu", (unsigned long long)(page ? page : TAGS_PAGE));
	struct client_call call = { .method = "GET",
				    .repository = l->repository,
				    .access = ACCESS_PULL,
				    .path = path,
				    .url = next->target ? next : NULL,
				    .follow = true };

	if (!client_call(&reply, l->r, &call, err))
		return false;
	if (page_refused(l, next, reply.http.status))
		return get_page(l, next, full_out, err); /* once: it is known now */
	if (reply.http.status != 200)
		return problem_error(err, &reply.http, "list of tags");
	return take_page(l, &reply.http, full_out, err) && take_next(next, &reply, err);
}

static bool list_all(struct lister *l, bool first_only, bool *whole_out, struct err *err)
{
	AUTO(url_free) struct url next = { 0 };
	AUTO(auto_free) char *last = NULL;
	bool full = false;

	for (size_t pages = 0; pages < LIMIT_TAG_PAGES; pages++) {
		if (!get_page(l, &next, &full, err))
			return false;
		*whole_out = !full && !next.target;
		if (full || !next.target || first_only)
			return true;
		if (last && str_eq(last, next.target)) /* a server that sends one page for ever */
			return err_set(err, E_NETWORK, "the list of tags links to itself");
		free(last);
		last = mem_strdup(next.target);
	}
	return err_set(err, E_NETWORK, "more than %d pages of tags (limit LIMIT_TAG_PAGES)",
		       LIMIT_TAG_PAGES);
}

bool registry_tags(struct str_list *out, bool *whole_out, struct registry *r,
		   const struct reference *repository, const struct tags_request *request,
		   struct err *err)
{
	size_t limit = request->limit ? request->limit : LIMIT_TAGS;
	struct lister l = { r, repository, out, limit };
	bool whole;

	return list_all(&l, request->first_page_only, whole_out ? whole_out : &whole, err) ||
	       err_wrap(err, "%s", reference_name(repository).text);
}

bool tags_is_of_digest(struct digest *of_out, const char **suffix_out, const char *tag)
{
	AUTO(auto_free) char *text = NULL;
	struct err ignored = { 0 };

	if (!str_has_prefix(tag, "sha256-") || strlen(tag) < 7 + 64)
		return false;
	text = mem_printf("sha256:%.64s", tag + 7);
	*suffix_out = tag + 7 + 64;
	if (**suffix_out && **suffix_out != '.')
		return false;
	return digest_parse(of_out, text, &ignored);
}

char *tags_for_digest(const struct digest *d, const char *suffix)
{
	return mem_printf("sha256-%s%s", digest_hex(d).text, suffix);
}
