// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "tests/servers/scripted/scripted.h"

/* Manifests, tags and referrers. */

struct document {
	char *type;
	char *data;
	size_t len;
	char *subject; /* digest, or NULL */
};

static struct map documents; /* "name@digest" -> struct document */
static struct map tags;      /* "name:tag" -> digest, owned */

static struct document *find(const char *name, const char *ref)
{
	AUTO(auto_free) char *tagged = mem_printf("%s:%s", name, ref);
	const char *digest = strchr(ref, ':') ? ref : map_get(&tags, tagged);
	AUTO(auto_free) char *key = mem_printf("%s@%s", name, digest ? digest : "");

	return map_get(&documents, key);
}

/* What distribution 2.8 makes of a manifest for clients that name no type they know. */
static void answer_schema1(struct reply *out, const char *name)
{
	reply_text(out, 200, "application/vnd.docker.distribution.manifest.v1+prettyjws",
		   "{\"schemaVersion\":1,\"name\":\"%s\",\"tag\":\"x\",\"fsLayers\":[],"
		   "\"history\":[],\"signatures\":[]}",
		   name);
}

static void get(struct reply *out, const struct request *req, const char *name, const char *ref)
{
	const struct document *d = find(name, ref);
	AUTO(auto_free) char *accept = request_header(req, "Accept");
	AUTO(auto_free) char *digest = NULL;

	if (!d) {
		reply_error(out, 404, "MANIFEST_UNKNOWN", "manifest unknown");
		return;
	}
	if (!accept || !strstr(accept, d->type)) {
		answer_schema1(out, name);
		return;
	}
	digest = digest_text(d->data, d->len);
	out->status = 200;
	out->len = d->len;
	out->body = mem_dup(d->data, d->len + 1);
	reply_header(out, "Content-Type: %s", d->type);
	reply_header(out, "Docker-Content-Digest: %s", digest);
}

static bool refers_to_unknown(const json_t *doc, const char *name)
{
	static const char *const lists[] = { "layers", "manifests" };
	json_t *config = json_object_get(doc, "config"), *entry;
	const char *digest = json_text_member(config, "digest");
	struct blob_data ignored;
	size_t i;

	if (digest && !repo_blob(&ignored, repo_get(name), digest))
		return true;
	for (size_t k = 0; k < ARRAY_LEN(lists); k++)
		json_array_foreach(json_object_get(doc, lists[k]), i, entry)
		{
			digest = json_text_member(entry, "digest");
			if (digest && !json_object_get(entry, "urls") &&
			    !(k ? find(name, digest) != NULL
				: repo_blob(&ignored, repo_get(name), digest)))
				return true;
		}
	return false;
}

static bool is_docker(const char *type)
{
	return strstr(type, "vnd.docker.") != NULL;
}

static bool of_family(const json_t *entry, bool docker)
{
	const char *type = json_text_member(entry, "mediaType");

	return !type || is_docker(type) == docker;
}

static bool mixes_families(const json_t *doc, const char *type)
{
	static const char *const lists[] = { "layers", "manifests" };
	json_t *entry;
	size_t i;

	if (!of_family(doc, is_docker(type)) ||
	    !of_family(json_object_get(doc, "config"), is_docker(type)))
		return true;
	for (size_t k = 0; k < ARRAY_LEN(lists); k++)
		json_array_foreach(json_object_get(doc, lists[k]), i, entry)
		{
			if (!of_family(entry, is_docker(type)))
				return true;
		}
	return false;
}

static void put_tags(struct reply *out, const struct request *req, const char *name,
		     const char *digest)
{
	char *tag;

	if (!play_has(&req->play, "many-tags"))
		return;
	for (size_t i = 0; (tag = request_query(req, "tag", i)); i++) {
		AUTO(auto_free) char *key = mem_printf("%s:%s", name, tag);

		map_put(&tags, key, mem_strdup(digest));
		reply_header(out, "OCI-Tag: %s", tag);
		free(tag);
	}
}

static void put(struct reply *out, const struct request *req, const char *name, const char *ref)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	AUTO(auto_free) char *type = request_header(req, "Content-Type");
	AUTO(auto_free) char *digest = digest_text(req->body, req->body_len);
	AUTO(auto_free) char *key = mem_printf("%s@%s", name, digest);
	const char *subject, *announced = play_get(&req->play, "store-as");
	struct err ignored = { 0 };
	struct document *d;
	bool lenient = play_has(&req->play, "lenient");

	if (!json_parse(&doc, req->body, req->body_len, "manifest", &ignored) || !type ||
	    (!lenient && json_object_get(doc, "manifests") && json_object_get(doc, "layers")) ||
	    (play_has(&req->play, "one-family") && mixes_families(doc, type)) ||
	    (strchr(ref, ':') && !str_eq(ref, digest))) {
		reply_error(out, 400, "MANIFEST_INVALID", "manifest invalid");
		return;
	}
	if (!lenient && refers_to_unknown(doc, name)) {
		reply_error(out, 404, "MANIFEST_BLOB_UNKNOWN", "blob unknown to registry");
		return;
	}
	subject = json_text_member(json_object_get(doc, "subject"), "digest");
	d = mem_alloc(sizeof(*d));
	*d = (struct document){ .type = STEAL(type),
				.data = mem_dup(req->body, req->body_len + 1),
				.len = req->body_len,
				.subject = subject ? mem_strdup(subject) : NULL };
	map_put(&documents, key, d);
	out->status = 201;
	if (!strchr(ref, ':')) {
		AUTO(auto_free) char *tagged = mem_printf("%s:%s", name, ref);

		map_put(&tags, tagged, mem_strdup(digest));
	}
	put_tags(out, req, name, digest);
	reply_header(out, "Location: /v2/%s/manifests/%s", name, digest);
	reply_header(out, "Docker-Content-Digest: %s", announced ? announced : digest);
	if (subject && play_has(&req->play, "referrers"))
		reply_header(out, "OCI-Subject: %s", subject);
}

static void drop(struct reply *out, const struct request *req, const char *name, const char *ref)
{
	AUTO(auto_free) char *key = mem_printf("%s@%s", name, ref);
	AUTO(auto_free) char *tagged = mem_printf("%s:%s", name, ref);
	AUTO(auto_free) char *prefix = mem_printf("%s:", name);

	if (!strchr(ref, ':') && !play_has(&req->play, "tag-delete")) {
		reply_error(out, 400, "DIGEST_INVALID", "provided digest did not match");
		return;
	}
	if (!find(name, ref)) {
		reply_error(out, 404, "MANIFEST_UNKNOWN", "manifest unknown");
		return;
	}
	out->status = 202;
	map_remove(&tags, tagged);
	if (!strchr(ref, ':'))
		return;
	map_remove(&documents, key);
	for (size_t i = tags.len; i-- > 0;)
		if (str_has_prefix(tags.items[i].key, prefix) && str_eq(tags.items[i].value, ref))
			map_remove(&tags, tags.items[i].key);
}

void answer_manifest(struct reply *out, const struct request *req, const char *name,
		     const char *ref)
{
	if (str_eq(req->method, "PUT") && !req->broken)
		put(out, req, name, ref);
	else if (str_eq(req->method, "DELETE"))
		drop(out, req, name, ref);
	else
		get(out, req, name, ref);
}

/* --- tags --- */

static void put_link(struct reply *out, const struct request *req, const char *name, uint64_t n,
		     const char *last)
{
	AUTO(auto_free) char *self = fill_in("{self}", NULL);
	AUTO(auto_free) char *other = fill_in("{other}", NULL);
	AUTO(auto_free)
	char *path =
		mem_printf("/v2/%s/tags/list?last=%s&n=%llu", name, last, (unsigned long long)n);

	if (play_is(&req->play, "link", "garbage"))
		reply_header(out, "Link: <http://%%zz; rel=next");
	else if (play_is(&req->play, "link", "loop"))
		reply_header(out, "Link: <%s>; rel=\"next\"", req->target);
	else
		reply_header(out, "Link: <%s%s>; rel=\"next\"",
			     play_is(&req->play, "link", "absolute")  ? self
			     : play_is(&req->play, "link", "foreign") ? other
								      : "",
			     path);
}

void answer_tags(struct reply *out, const struct request *req, const char *name)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_free) char *prefix = mem_printf("%s:", name);
	AUTO(auto_free) char *last = request_query(req, "last", 0);
	AUTO(auto_free) char *asked = request_query(req, "n", 0);
	AUTO(auto_json_decref) json_t *doc = json_object(), *list = json_array();
	uint64_t page = play_number(&req->play, "page", UINT64_MAX);
	size_t len;

	if (play_has(&req->play, "page") && asked && strtoull(asked, NULL, 10) < page)
		page = strtoull(asked, NULL, 10);
	for (size_t i = 0; i < tags.len; i++)
		if (str_has_prefix(tags.items[i].key, prefix))
			str_list_push(&names, tags.items[i].key + strlen(prefix));
	if (play_has(&req->play, "page"))
		str_list_sort(&names);
	for (size_t i = 0; i < names.len; i++) {
		if (last && play_has(&req->play, "page") && strcmp(names.items[i], last) <= 0 &&
		    !play_is(&req->play, "link", "loop"))
			continue;
		if (json_array_size(list) == page) {
			put_link(out, req, name, page, names.items[i - 1]);
			break;
		}
		json_array_append_new(list, json_string(names.items[i]));
	}
	json_object_set_new(doc, "name", json_string(name));
	json_object_set(doc, "tags", list);
	out->body = json_text(doc, &len);
	out->len = len;
	out->status = 200;
	reply_header(out, "Content-Type: application/json");
}

/* --- referrers --- */

void answer_referrers(struct reply *out, const struct request *req, const char *name,
		      const char *digest)
{
	AUTO(auto_free) char *prefix = mem_printf("%s@", name);
	AUTO(auto_json_decref) json_t *doc = json_object();
	json_t *list = json_array();

	if (!play_has(&req->play, "referrers")) {
		json_decref(list);
		reply_text(out, 404, "text/plain; charset=utf-8", "404 page not found\n");
		return;
	}
	for (size_t i = 0; i < documents.len; i++) {
		const struct document *d = documents.items[i].value;
		json_t *entry;

		if (!d->subject || !str_eq(d->subject, digest) ||
		    !str_has_prefix(documents.items[i].key, prefix))
			continue;
		entry = json_object();
		json_object_set_new(entry, "mediaType", json_string(d->type));
		json_object_set_new(entry, "digest",
				    json_string(documents.items[i].key + strlen(prefix)));
		json_object_set_new(entry, "size", json_integer((json_int_t)d->len));
		json_array_append_new(list, entry);
	}
	json_object_set_new(doc, "schemaVersion", json_integer(2));
	json_object_set_new(doc, "mediaType",
			    json_string("application/vnd.oci.image.index.v1+json"));
	json_object_set_new(doc, "manifests", list);
	out->body = json_text(doc, &out->len);
	out->status = 200;
	reply_header(out, "Content-Type: application/vnd.oci.image.index.v1+json");
}
