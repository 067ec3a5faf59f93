// SPDX-License-Identifier: Apache-2.0
#include "registry/remove.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "image/manifest.h"
#include "image/media.h"
#include "registry/client.h"
#include "registry/problem.h"
#include "registry/tags.h"

/* Deleting, and looking first at what else would go. */

void remove_result_free(struct remove_result *r)
{
	str_list_free(&r->tags);
	str_list_free(&r->also);
	str_list_free(&r->broken);
	*r = (struct remove_result){ 0 };
}

static bool explain(struct err *err, struct client_reply *reply, const struct reference *ref)
{
	if (reply->http.status != 405)
		return problem_error(err, &reply->http, "delete %s", reference_familiar(ref).text);
	problem_error(err, &reply->http, "delete %s", reference_familiar(ref).text);
	err->code = E_UNSUPPORTED;
	err->hint[0] = '\0';
	return err_hint(err, "this registry does not delete; distribution does with "
			     "storage.delete.enabled: true "
			     "(REGISTRY_STORAGE_DELETE_ENABLED=true)");
}

/* *status_out of the answer; a status that is no success is not an error yet. */
static bool send_delete(struct client_reply *reply, struct registry *r, const struct reference *ref,
			const char *what, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("manifests/%s", what);
	struct client_call call = {
		.method = "DELETE", .repository = ref, .access = ACCESS_DELETE, .path = path
	};

	return client_call(reply, r, &call, err) ||
	       err_wrap(err, "delete %s", reference_familiar(ref).text);
}

static bool is_gone(const struct client_reply *reply)
{
	return reply->http.status >= 200 && reply->http.status < 300;
}

/* Tags are not deleted by name here: distribution 2.8 wants a digest (400 DIGEST_INVALID), others
 * say that the operation is not allowed. */
static bool wants_digest(int status)
{
	return status == 400 || status == 405 || status == 501 || status == 404;
}

static bool remove_tag(bool *done_out, struct registry *r, const struct reference *ref,
		       struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };

	if (!send_delete(&reply, r, ref, ref->tag, err))
		return false;
	*done_out = is_gone(&reply);
	return *done_out || wants_digest(reply.http.status) || explain(err, &reply, ref);
}

static bool remove_digest(struct registry *r, const struct reference *ref,
			  const struct digest *digest, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };

	return send_delete(&reply, r, ref, digest_format(digest).text, err) &&
	       (is_gone(&reply) || explain(err, &reply, ref));
}

/* --- which tags hold it --- */

struct holders {
	struct registry *r;
	const struct reference *ref;
	struct str_list names;
	struct digest digest;
	bool *holds, *lists; /* by name */
};

static bool index_lists(bool *out, struct holders *h, const struct reference *at,
			struct registry_document *doc, int depth, struct err *err);

/* An index that is listed: its own entries. */
static bool entry_lists(bool *out, struct holders *h, const struct reference *at,
			const struct descriptor *d, int depth, struct err *err)
{
	AUTO(registry_document_free) struct registry_document doc = { .digest = d->digest };

	*out = digest_eq(&d->digest, &h->digest);
	if (*out || depth == LIMIT_INDEX_DEPTH || media_find(d->media_type)->kind != MEDIA_INDEX)
		return true;
	return index_lists(out, h, at, &doc, depth + 1, err);
}

/* An index that is gone, or none that anybody can read, lists nothing. */
static bool index_lists(bool *out, struct holders *h, const struct reference *at,
			struct registry_document *doc, int depth, struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct reference by_digest = *at;
	struct err why = { 0 };
	struct index x;

	by_digest.has_digest = true;
	by_digest.digest = doc->digest;
	if (!doc->raw && !registry_get_manifest(doc, h->r, &by_digest, &why)) {
		*err = why;
		return why.code == E_NOT_FOUND;
	}
	if (!index_parse(&x, doc->raw, doc->len, doc->content_type, &arena, &why))
		return true;
	for (size_t i = 0; i < x.manifest_count && !*out; i++)
		if (!entry_lists(out, h, at, &x.manifests[i], depth, err))
			return false;
	return true;
}

static bool ask_one(void *arg, size_t job, struct err *err)
{
	struct holders *h = arg;
	AUTO(registry_document_free) struct registry_document have = { 0 };
	struct reference at = *h->ref;
	struct err why = { 0 };

	at.has_digest = false;
	if (!reference_set_tag(&at, h->names.items[job], err))
		return false;
	if (!registry_head_document(&have, h->r, &at, &why)) {
		*err = why;
		return why.code == E_NOT_FOUND; /* it went meanwhile */
	}
	h->holds[job] = digest_eq(&have.digest, &h->digest);
	if (h->holds[job] || !have.content_type ||
	    media_find(have.content_type)->kind != MEDIA_INDEX)
		return true;
	return index_lists(&h->lists[job], h, &at, &have, 1, err);
}

/* The names that `are`, but those that are to go anyway: these into `also`. */
static void take_names(struct str_list *out, struct str_list *also_out, const struct holders *h,
		       const bool *are, const struct str_list *also)
{
	for (size_t i = 0; i < h->names.len; i++) {
		const char *name = h->names.items[i];
		struct str_list *to = also && str_list_has(also, name) ? also_out : out;

		if (are[i] && to && !str_eq(name, h->ref->tag))
			str_list_push(to, name);
	}
	str_list_sort(out);
}

static bool find_holders(struct remove_result *out, struct registry *r, const struct reference *ref,
			 const struct str_list *also, struct err *err)
{
	static const struct tags_request all;
	struct holders h = { .r = r, .ref = ref, .digest = out->digest };
	bool ok = registry_tags(&h.names, NULL, r, ref, &all, err);

	h.holds = mem_alloc(h.names.len + 1);
	h.lists = mem_alloc(h.names.len + 1);
	ok = ok && parallel_run(h.names.len, LIMIT_PARALLEL_TRANSFERS, ask_one, &h, err);
	if (ok) {
		take_names(&out->tags, &out->also, &h, h.holds, also);
		take_names(&out->broken, NULL, &h, h.lists, also);
		str_list_sort(&out->also);
	}
	free(h.holds);
	free(h.lists);
	str_list_free(&h.names);
	return ok;
}

/* "take 2 other tags along: a, b", as many as fit. */
static char *say_tags(const struct str_list *tags, const char *verb, const char *one,
		      const char *many)
{
	AUTO(buf_free) struct buf list = BUF_INIT(512);
	struct err full = { 0 };

	for (size_t i = 0; i < tags->len; i++)
		if (!buf_printf(&list, &full, "%s%s", i ? ", " : "", tags->items[i]))
			break;
	return mem_printf("%s %zu %s: %s%s", verb, tags->len, tags->len == 1 ? one : many, list.ptr,
			  full.code ? ", ..." : "");
}

static bool refuse(const struct remove_result *out, const struct reference *ref,
		   const struct remove_options *o, struct err *err)
{
	AUTO(auto_free)
	char *along = say_tags(&out->tags, "take", "other tag along", "other tags along");
	AUTO(auto_free)
	char *broken = say_tags(&out->broken, "break", "tag whose index lists it",
				"tags whose indexes list it");

	err_set(err, E_NEGATIVE, "%s: deleting %s would %s%s%s", reference_familiar(ref).text,
		digest_format(&out->digest).text, out->tags.len ? along : "",
		out->tags.len && out->broken.len ? ", and " : "", out->broken.len ? broken : "");
	if (!ref->tag[0])
		return err_hint(err, "--force deletes %s",
				out->broken.len ? "it all the same" : "them all");
	if (o->plan)
		return err_hint(err, "a registry that deletes tags alone would leave them; "
				     "elsewhere nothing goes without --force");
	return err_hint(err, "this registry cannot delete a tag alone; --force deletes %s",
			out->broken.len ? "it all the same" : "them all");
}

static bool resolve(struct digest *out, struct registry *r, const struct reference *ref,
		    struct err *err)
{
	return registry_head_manifest(out, r, ref, err); /* also by digest: is it there? */
}

static bool remove_manifest(struct remove_result *out, struct registry *r,
			    const struct reference *ref, const struct remove_options *o,
			    struct err *err)
{
	if (!resolve(&out->digest, r, ref, err) || !find_holders(out, r, ref, o->also, err))
		return false;
	if ((out->tags.len || out->broken.len) && !o->force)
		return refuse(out, ref, o, err);
	return o->plan || remove_digest(r, ref, &out->digest, err);
}

bool registry_remove(struct remove_result *out, struct registry *r, const struct reference *ref,
		     const struct remove_options *options, struct err *err)
{
	*out = (struct remove_result){ 0 };
	client_expect(r, ref, ACCESS_DELETE);
	if (!ref->has_digest && !options->plan) {
		if (!remove_tag(&out->by_tag, r, ref, err))
			return false;
		if (out->by_tag)
			return true;
	}
	return remove_manifest(out, r, ref, options, err);
}
