// SPDX-License-Identifier: Apache-2.0
#include "registry/registry.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "image/media.h"
#include "registry/learn.h"
#include "registry/problem.h"

/* Manifests and indexes: the small documents of a registry, whole and in memory. */

static char *manifest_path(const struct reference *ref)
{
	if (ref->has_digest)
		return mem_printf("manifests/%s", digest_format(&ref->digest).text);
	return mem_printf("manifests/%s", ref->tag[0] ? ref->tag : "latest");
}

void registry_document_free(struct registry_document *d)
{
	free(d->raw);
	free(d->content_type);
	*d = (struct registry_document){ 0 };
}

/* The header proves nothing, but one that contradicts the bytes does. */
static bool check_digest_header(const struct registry_document *d, const struct http_reply *reply,
				struct err *err)
{
	const char *said = http_header(reply, "Docker-Content-Digest", 0);
	struct err ignored = { 0 };
	struct digest digest;

	if (!said || !digest_parse(&digest, said, &ignored) || digest_eq(&digest, &d->digest))
		return true;
	return err_set(err, E_INTEGRITY, "the registry announced %s but sent %s", said,
		       digest_format(&d->digest).text);
}

static bool read_document(struct registry_document *out, struct http_reply *reply,
			  const struct reference *ref, struct err *err)
{
	AUTO(registry_document_free) struct registry_document d = { 0 };
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_MANIFEST);
	const char *type = http_header(reply, "Content-Type", 0);

	if (!http_read(&raw, reply, LIMIT_MANIFEST, "the manifest", err))
		return false;
	d.digest = digest_of(raw.ptr, raw.len);
	if (ref->has_digest && !digest_eq(&d.digest, &ref->digest))
		return err_set(err, E_INTEGRITY, "the registry sent %s instead",
			       digest_format(&d.digest).text);
	if (!ref->has_digest && !check_digest_header(&d, reply, err))
		return false;
	d.content_type = type ? mem_strdup(type) : NULL;
	d.len = raw.len;
	d.raw = buf_steal(&raw);
	*out = d;
	d = (struct registry_document){ 0 };
	return true;
}

static bool refused(struct err *err, struct http_reply *reply, const struct reference *ref)
{
	problem_error(err, reply, "%s", reference_familiar(ref).text);
	if (err->code != E_NOT_FOUND || ref->has_digest || err->hint[0])
		return false;
	return err_hint(err, "`rtbuild tags %s` lists what is there", reference_name(ref).text);
}

bool registry_get_manifest(struct registry_document *out, struct registry *r,
			   const struct reference *ref, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(auto_free) char *path = manifest_path(ref);
	struct client_call call = { .method = "GET",
				    .repository = ref,
				    .access = ACCESS_PULL,
				    .path = path,
				    .headers = { { "Accept", media_accept_manifests() } },
				    .follow = true };
	struct reference_text name = reference_familiar(ref);

	if (!client_call(&reply, r, &call, err))
		return err_wrap(err, "%s", name.text);
	if (reply.http.status != 200)
		return refused(err, &reply.http, ref);
	return read_document(out, &reply.http, ref, err) || err_wrap(err, "%s", name.text);
}

/* *found_out false: no digest, a redirect, or an error whose words a HEAD cannot bring. */
static bool ask_head(bool *found_out, struct registry_document *out, struct registry *r,
		     const struct reference *ref, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(auto_free) char *path = manifest_path(ref);
	struct client_call call = { .method = "HEAD",
				    .repository = ref,
				    .access = ACCESS_PULL,
				    .path = path,
				    .headers = { { "Accept", media_accept_manifests() } } };
	struct err ignored = { 0 };
	const char *said, *type;

	*found_out = false;
	if (!client_call(&reply, r, &call, err))
		return err_wrap(err, "%s", reference_familiar(ref).text);
	if (reply.http.status == 404)
		return refused(err, &reply.http, ref);
	if (reply.http.status != 200)
		return true;
	said = http_header(&reply.http, "Docker-Content-Digest", 0);
	type = http_header(&reply.http, "Content-Type", 0);
	*found_out = said && digest_parse(&out->digest, said, &ignored);
	if (*found_out)
		out->content_type = type ? mem_strdup(type) : NULL;
	if (!said)
		learn(r, ref, LEARN_HEAD, KNOWN_NO);
	return true;
}

bool registry_head_document(struct registry_document *out, struct registry *r,
			    const struct reference *ref, struct err *err)
{
	bool found = false;

	*out = (struct registry_document){ 0 };
	if (learn_recall(r, ref).head != KNOWN_NO && !ask_head(&found, out, r, ref, err))
		return false;
	return found || registry_get_manifest(out, r, ref, err);
}

bool registry_head_manifest(struct digest *out, struct registry *r, const struct reference *ref,
			    struct err *err)
{
	AUTO(registry_document_free) struct registry_document document = { 0 };

	if (!registry_head_document(&document, r, ref, err))
		return false;
	*out = document.digest;
	return true;
}

/*
 * distribution writes the link of a blob in place: who pushes the same image to the same repository
 * at that moment is told that a digest is wrong. Ours was compared before, so that this passes.
 */
static bool is_disturbed(struct http_reply *reply)
{
	return reply->status == 400 && problem_says(reply, "DIGEST_INVALID");
}

static bool put_document(struct client_reply *out, struct registry *r, const struct client_call *c,
			 const void *raw, size_t len, struct err *err)
{
	enum { MOST_TRIES = 4 };

	for (unsigned tries = 1;; tries++) {
		AUTO(auto_source_close) struct source *body = source_mem(raw, len);
		struct client_call call = *c;

		call.body = body;
		call.body_size = len;
		if (!client_call(out, r, &call, err))
			return false;
		if (tries == MOST_TRIES || !is_disturbed(&out->http))
			return true;
		client_reply_free(out);
		*out = (struct client_reply){ 0 };
		if (!http_wait(r->http, tries, NULL, err))
			return false;
	}
}

bool registry_put_manifest(struct registry *r, const struct reference *ref, const char *media_type,
			   const void *raw, size_t len, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	struct reference tagged = *ref;
	AUTO(auto_free) char *path = NULL;
	struct client_call call = { .method = "PUT",
				    .repository = ref,
				    .access = ACCESS_PUSH,
				    .headers = { { "Content-Type", media_type } } };
	struct digest ours = digest_of(raw, len), theirs;
	struct err ignored = { 0 };
	const char *said;

	tagged.has_digest = ref->has_digest && !ref->tag[0];
	if (ref->has_digest && !digest_eq(&ref->digest, &ours))
		return err_set(err, E_INTEGRITY, "%s: the manifest is %s",
			       reference_familiar(ref).text, digest_format(&ours).text);
	path = manifest_path(&tagged);
	call.path = path;
	if (!put_document(&reply, r, &call, raw, len, err))
		return err_wrap(err, "%s", reference_familiar(ref).text);
	if (reply.http.status < 200 || reply.http.status > 299)
		return problem_error(err, &reply.http, "%s", reference_familiar(ref).text);
	said = http_header(&reply.http, "Docker-Content-Digest", 0);
	if (said && digest_parse(&theirs, said, &ignored) && !digest_eq(&ours, &theirs))
		return err_set(err, E_INTEGRITY, "%s: the registry stored %s instead of %s",
			       reference_familiar(ref).text, said, digest_format(&ours).text);
	return true;
}
