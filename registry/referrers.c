// SPDX-License-Identifier: Apache-2.0
#include "registry/referrers.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/manifest.h"
#include "registry/client.h"
#include "registry/problem.h"
#include "registry/tags.h"

/* The referrers service, and the tag that stands in for it. */

/* distribution 2.8 says 404 in plain text, Quay 400, others 405 or 501; the service itself never
 * answers 404, but with an empty list. */
static bool is_absent(int status)
{
	return status == 404 || status == 400 || status == 405 || status == 501;
}

static bool get_page(json_t *manifests, struct url *next, struct registry *r,
		     const struct reference *repository, const char *path, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_MANIFEST);
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *link = NULL;
	const char *header;
	struct client_call call = { .method = "GET",
				    .repository = repository,
				    .access = ACCESS_PULL,
				    .path = path,
				    .url = next->target ? next : NULL,
				    .headers = { { "Accept", media_accept_manifests() } },
				    .follow = true };

	if (!client_call(&reply, r, &call, err))
		return false;
	if (is_absent(reply.http.status))
		return err_set(err, E_UNSUPPORTED, "%s has no list of referrers", repository->host);
	if (reply.http.status != 200)
		return problem_error(err, &reply.http, "referrers");
	/* Anything but an index is a page of a proxy that says 200 to all it does not know. */
	if (!http_read(&text, &reply.http, text.max, "the list of referrers", err))
		return false;
	if (!json_parse(&doc, text.ptr, text.len, "referrers", err) ||
	    !json_is_array(json_object_get(doc, "manifests"))) {
		err_clear(err);
		return err_set(err, E_UNSUPPORTED, "%s has no list of referrers", repository->host);
	}
	json_array_extend(manifests, json_object_get(doc, "manifests"));
	for (size_t i = 0; !link && (header = http_header(&reply.http, "Link", i)); i++)
		link = tags_link_next(header);
	url_free(next);
	return !link || url_resolve(next, &reply.url, link, err);
}

static void make_index(struct registry_document *out, json_t *manifests)
{
	AUTO(auto_json_decref) json_t *doc = json_object();

	json_object_set_new(doc, "schemaVersion", json_integer(2));
	json_object_set_new(doc, "mediaType",
			    json_string(media_text(MEDIA_INDEX, FAMILY_OCI, COMPRESSION_NONE)));
	json_object_set(doc, "manifests", manifests);
	*out = (struct registry_document){ 0 };
	out->raw = json_text(doc, &out->len);
	out->digest = digest_of(out->raw, out->len);
	out->content_type = mem_strdup(media_text(MEDIA_INDEX, FAMILY_OCI, COMPRESSION_NONE));
}

bool registry_referrers(struct registry_document *out, struct registry *r,
			const struct reference *repository, const struct digest *subject,
			struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("referrers/%s", digest_format(subject).text);
	AUTO(auto_json_decref) json_t *manifests = json_array();
	AUTO(url_free) struct url next = { 0 };

	do {
		if (!get_page(manifests, &next, r, repository, path, err))
			return err_wrap(err, "%s@%s", reference_name(repository).text,
					digest_format(subject).text);
		if (json_array_size(manifests) > LIMIT_REFERRERS)
			return err_set(err, E_INTEGRITY,
				       "%s: more than %d referrers (limit LIMIT_REFERRERS)",
				       digest_format(subject).text, LIMIT_REFERRERS);
	} while (next.target);
	make_index(out, manifests);
	return true;
}

static bool lists(const json_t *manifests, const struct digest *d)
{
	struct digest_text text = digest_format(d);
	json_t *item;
	size_t i;

	json_array_foreach(manifests, i, item)
	{
		const char *have = json_text_member(item, "digest");

		if (have && str_eq(have, text.text))
			return true;
	}
	return false;
}

/* The list under the fallback tag now; none is an empty one. */
static bool read_fallback(json_t **out, struct registry *r, const struct reference *at,
			  struct err *err)
{
	AUTO(registry_document_free) struct registry_document doc = { 0 };
	AUTO(auto_json_decref) json_t *index = NULL;
	struct err why = { 0 };

	if (!registry_get_manifest(&doc, r, at, &why)) {
		*out = json_array();
		if (why.code == E_NOT_FOUND)
			return true;
		*err = why;
		return false;
	}
	if (!json_parse(&index, doc.raw, doc.len, "the fallback tag's index", err))
		return false;
	if (!json_is_array(json_object_get(index, "manifests")))
		return err_set(err, E_INTEGRITY, "%s is no index", reference_familiar(at).text);
	*out = json_incref(json_object_get(index, "manifests"));
	return true;
}

bool registry_referrers_record(bool *wrote_out, struct registry *r,
			       const struct reference *repository, const struct digest *subject,
			       const struct descriptor *added, size_t count, struct err *err)
{
	AUTO(registry_document_free) struct registry_document now = { 0 };
	AUTO(registry_document_free) struct registry_document next = { 0 };
	AUTO(auto_json_decref) json_t *list = NULL;
	AUTO(auto_free) char *tag = tags_for_digest(subject, "");
	struct reference at = *repository;
	struct err why = { 0 };
	bool changed = false;

	*wrote_out = false;
	/* ECR has sent OCI-Subject without having the service: the service itself is the proof. */
	if (registry_referrers(&now, r, repository, subject, &why))
		return true;
	if (why.code != E_UNSUPPORTED) {
		*err = why;
		return false;
	}
	at.has_digest = false;
	if (!reference_set_tag(&at, tag, err) || !read_fallback(&list, r, &at, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		if (lists(list, &added[i].digest))
			continue;
		json_array_append_new(list, json_encode(&descriptor_type, &added[i]));
		changed = true;
	}
	if (!changed)
		return true;
	make_index(&next, list);
	*wrote_out = true;
	return registry_put_manifest(r, &at, next.content_type, next.raw, next.len, err);
}
