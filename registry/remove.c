// SPDX-License-Identifier: Apache-2.0
#include "registry/remove.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "registry/client.h"
#include "registry/problem.h"
#include "registry/tags.h"

/* Deleting, and looking first at what else would go. */

void remove_result_free(struct remove_result *r)
{
	str_list_free(&r->tags);
	str_list_free(&r->also);
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
	bool *holds;
};

static bool ask_one(void *arg, size_t job, struct err *err)
{
	struct holders *h = arg;
	struct reference at = *h->ref;
	struct err why = { 0 };
	struct digest have;

	at.has_digest = false;
	if (!reference_set_tag(&at, h->names.items[job], err))
		return false;
	if (registry_head_manifest(&have, h->r, &at, &why)) {
		h->holds[job] = digest_eq(&have, &h->digest);
		return true;
	}
	if (why.code == E_NOT_FOUND) /* it went meanwhile */
		return true;
	*err = why;
	return false;
}

static bool find_holders(struct remove_result *out, struct registry *r, const struct reference *ref,
			 const struct str_list *also, struct err *err)
{
	static const struct tags_request all;
	struct holders h = { .r = r, .ref = ref, .digest = out->digest };
	bool ok = registry_tags(&h.names, NULL, r, ref, &all, err);

	h.holds = mem_alloc(h.names.len + 1);
	ok = ok && parallel_run(h.names.len, LIMIT_PARALLEL_TRANSFERS, ask_one, &h, err);
	for (size_t i = 0; ok && i < h.names.len; i++)
		if (h.holds[i] && !str_eq(h.names.items[i], ref->tag))
			str_list_push(also && str_list_has(also, h.names.items[i]) ? &out->also
										   : &out->tags,
				      h.names.items[i]);
	str_list_sort(&out->tags);
	str_list_sort(&out->also);
	free(h.holds);
	str_list_free(&h.names);
	return ok;
}

static bool refuse(const struct remove_result *out, const struct reference *ref, struct err *err)
{
	AUTO(buf_free) struct buf list = BUF_INIT(512);
	struct err full = { 0 };

	for (size_t i = 0; i < out->tags.len; i++)
		if (!buf_printf(&list, &full, "%s%s", i ? ", " : "", out->tags.items[i]))
			break;
	err_set(err, E_NEGATIVE, "%s: deleting %s would take %zu %s along: %s%s",
		reference_familiar(ref).text, digest_format(&out->digest).text, out->tags.len,
		out->tags.len == 1 ? "other tag" : "other tags", list.ptr,
		full.code ? ", ..." : "");
	if (!ref->tag[0])
		return err_hint(err, "--force deletes them all");
	return err_hint(err, "this registry cannot delete a tag alone; --force deletes them all");
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
	if (out->tags.len && !o->force)
		return refuse(out, ref, err);
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
