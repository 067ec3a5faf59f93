// SPDX-License-Identifier: Apache-2.0
#include "registry/put_tags.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "registry/learn.h"

/* Several tags in one PUT, and what becomes of those that the registry did not set. */

/* "OCI-Tag: a", once for each; a proxy may have joined them with commas, which no tag has. */
static void take_confirmed(struct map *out, const struct http_reply *reply)
{
	const char *header;

	for (size_t i = 0; (header = http_header(reply, "OCI-Tag", i)); i++) {
		struct slice rest = slice_of(header);

		while (rest.ptr) {
			struct slice one = slice_trim(slice_cut(rest, ',', &rest), " \t");
			AUTO(auto_free) char *tag = mem_strndup(one.ptr, one.len);

			map_put(out, tag, out);
		}
	}
}

static char *path_of(const struct tagged_document *doc, char *const *tags, size_t count)
{
	char *path = mem_printf("manifests/%s", digest_format(&doc->digest).text);

	for (size_t i = 0; i < count; i++) {
		char *longer = mem_printf("%s%ctag=%s", path, i ? '&' : '?', tags[i]);

		free(path);
		path = longer;
	}
	return path;
}

/* Its failure is no error: the PUTs that follow will say what is wrong. */
static void put_at_once(struct map *confirmed, struct registry *r,
			const struct reference *repository, const struct tagged_document *doc,
			char *const *tags, size_t count)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(auto_source_close) struct source *body = source_mem(doc->raw, doc->len);
	AUTO(auto_free) char *path = path_of(doc, tags, count);
	struct client_call call = { .method = "PUT",
				    .repository = repository,
				    .access = ACCESS_PUSH,
				    .path = path,
				    .headers = { { "Content-Type", doc->media_type } },
				    .body = body,
				    .body_size = doc->len };
	struct err ignored = { 0 };

	if (!client_call(&reply, r, &call, &ignored) || reply.http.status < 200 ||
	    reply.http.status > 299)
		return;
	take_confirmed(confirmed, &reply.http);
	learn(r, repository, LEARN_MANY_TAGS, confirmed->len ? KNOWN_YES : KNOWN_NO);
}

struct putting {
	struct registry *r;
	const struct reference *repository;
	const struct tagged_document *doc;
	struct str_list left; /* tags that nobody confirmed */
};

static bool put_one(void *arg, size_t i, struct err *err)
{
	const struct putting *p = arg;
	struct reference at = *p->repository;

	at.has_digest = false;
	return reference_set_tag(&at, p->left.items[i], err) &&
	       registry_put_manifest(p->r, &at, p->doc->media_type, p->doc->raw, p->doc->len, err);
}

bool registry_put_tags(struct registry *r, const struct reference *repository,
		       const struct tagged_document *doc, const struct str_list *tags,
		       struct err *err)
{
	AUTO(map_free) struct map confirmed = { 0 };
	struct putting p = { .r = r, .repository = repository, .doc = doc };
	bool ok;

	for (size_t i = 0; i + 1 < tags->len; i += LIMIT_TAGS_AT_ONCE) {
		size_t left = tags->len - i;

		if (learn_recall(r, repository).many_tags != KNOWN_NO)
			put_at_once(&confirmed, r, repository, doc, tags->items + i,
				    left < LIMIT_TAGS_AT_ONCE ? left : LIMIT_TAGS_AT_ONCE);
	}
	for (size_t i = 0; i < tags->len; i++)
		if (!map_has(&confirmed, tags->items[i]))
			str_list_push(&p.left, tags->items[i]);
	ok = parallel_run(p.left.len, LIMIT_PARALLEL_TRANSFERS, put_one, &p, err);
	str_list_free(&p.left);
	return ok;
}
