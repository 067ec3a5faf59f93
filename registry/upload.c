// SPDX-License-Identifier: Apache-2.0
#include "registry/upload.h"

#include "base/limits.h"
#include "base/mem.h"
#include "registry/client.h"
#include "registry/problem.h"

/* One blob on its way up. Which blobs go, and in what order, is push.c's. */

struct upload {
	struct registry *r;
	struct reference repository;
	struct url location; /* of the session; target NULL: none is open */
};

/* distribution behind a TLS proxy names http locations on its own host: https is meant. */
static bool take_location(struct upload *u, const struct client_reply *reply, struct err *err)
{
	const char *location = http_header(&reply->http, "Location", 0);
	struct url next = { 0 };
	struct err why = { 0 };

	if (!location)
		return err_set(err, E_NETWORK, "%s opened an upload without a Location",
			       u->repository.host);
	if (!url_resolve(&next, &reply->url, location, &why))
		return err_set(err, E_NETWORK, "%s opened an upload at a broken location: %s",
			       u->repository.host, why.msg);
	if (reply->url.https && !next.https && str_eq(next.host, reply->url.host)) {
		next.https = true;
		next.port = reply->url.port;
		client_warn_once(u->r, "%s names http upload locations: https is meant, and used",
				 u->repository.host);
	}
	url_free(&u->location);
	if (reply->url.https && !next.https) {
		url_free(&next);
		return err_set(err, E_NETWORK, "%s sent an upload from https to plain http",
			       u->repository.host);
	}
	AUTO(auto_free) char *text = url_text(&next);

	url_free(&next);
	return url_follow(&u->location, &reply->url, text, err);
}

static bool begin(struct upload *u, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	struct client_call call = { .method = "POST",
				    .repository = &u->repository,
				    .access = ACCESS_PUSH,
				    .path = "blobs/uploads/" };

	if (!client_call(&reply, u->r, &call, err)) {
		if (reply.http.trouble == WIRE_BROKEN) /* ECR, says its users */
			err_hint(err, "some registries end the connection when the repository was "
				      "not created first");
		return err_wrap(err, "upload to %s", reference_name(&u->repository).text);
	}
	if (reply.http.status != 202 && reply.http.status != 201)
		return problem_error(err, &reply.http, "upload to %s",
				     reference_name(&u->repository).text);
	return take_location(u, &reply, err);
}

static struct upload *upload_new(struct registry *r, const struct reference *repository)
{
	struct upload *u = mem_alloc(sizeof(*u));

	u->r = r;
	u->repository = *repository;
	return u;
}

bool registry_upload_begin(struct upload **out, struct registry *r,
			   const struct reference *repository, struct err *err)
{
	AUTO(auto_registry_upload_close) struct upload *u = upload_new(r, repository);

	if (!begin(u, err))
		return false;
	*out = STEAL(u);
	return true;
}

/* The session is gone, or was killed by a body that broke (distribution 2.8): start that blob
 * again. */
static bool session_is_lost(const struct err *err)
{
	return problem_is(err, "BLOB_UPLOAD_UNKNOWN") || problem_is(err, "BLOB_UPLOAD_INVALID") ||
	       err->code == E_NOT_FOUND;
}

static bool put(struct upload *u, struct source *body, const struct digest *digest, int64_t size,
		struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(url_free) struct url url = { 0 };
	struct client_call call = { .method = "PUT",
				    .repository = &u->repository,
				    .access = ACCESS_PUSH,
				    .url = &url,
				    .body = body,
				    .body_size = (uint64_t)size };
	const char *said;
	struct digest stored;
	struct err ignored = { 0 };

	url_copy(&url, &u->location);
	url_add_query(&url, "digest", digest_format(digest).text);
	url_free(&u->location); /* used up, whatever comes */
	if (!client_call(&reply, u->r, &call, err))
		return false;
	if (reply.http.status < 200 || reply.http.status > 299)
		return problem_error(err, &reply.http, "PUT");
	said = http_header(&reply.http, "Docker-Content-Digest", 0);
	if (said && digest_parse(&stored, said, &ignored) && !digest_eq(&stored, digest))
		return err_set(err, E_INTEGRITY, "the registry stored %s", said);
	return true;
}

bool registry_upload_finish(struct upload *u, struct source *body, const struct digest *digest,
			    int64_t size, struct err *err)
{
	struct reference_text name = reference_name(&u->repository);

	for (int tries = 1;; tries++) {
		struct err why = { 0 };
		bool there = false;

		if (!u->location.target && !begin(u, err))
			return false;
		if (put(u, body, digest, size, &why)) {
			atomic_fetch_add(&u->r->uploaded, 1);
			return true;
		}
		if (!session_is_lost(&why) || tries > 2 || !body->rewind) {
			*err = why;
			return err_wrap(err, "blob %s to %s", digest_format(digest).text,
					name.text);
		}
		/* A first try may have been committed though its answer was lost. */
		if (!registry_has_blob(&there, u->r, &u->repository, digest, err))
			return false;
		if (there) {
			atomic_fetch_add(&u->r->uploaded, 1);
			return true;
		}
		if (!body->rewind(body, err))
			return false;
	}
}

void registry_upload_close(struct upload *u)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	struct err ignored = { 0 };

	if (!u)
		return;
	if (u->location.target && !cancel_requested()) {
		struct client_call call = { .method = "DELETE",
					    .repository = &u->repository,
					    .access = ACCESS_PUSH,
					    .url = &u->location,
					    .once = true,
					    .give_up_early = true };
		bool done = client_call(&reply, u->r, &call, &ignored);

		(void)done; /* the server will collect it some day */
	}
	url_free(&u->location);
	free(u);
}

bool registry_has_blob(bool *out, struct registry *r, const struct reference *repository,
		       const struct digest *digest, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(auto_free) char *path = mem_printf("blobs/%s", digest_format(digest).text);
	struct client_call call = {
		.method = "HEAD", .repository = repository, .access = ACCESS_PULL, .path = path
	};
	int status;

	if (!client_call(&reply, r, &call, err))
		return err_wrap(err, "blob %s of %s", digest_format(digest).text,
				reference_name(repository).text);
	status = reply.http.status;
	*out = (status >= 200 && status < 300) || status == 307 || status == 302;
	if (*out || status == 404 || status == 403)
		return true;
	return problem_error(err, &reply.http, "blob %s of %s", digest_format(digest).text,
			     reference_name(repository).text);
}

bool registry_mount(bool *mounted_out, struct upload **session_out, struct registry *r,
		    const struct reference *repository, const struct digest *digest,
		    const struct reference *from, struct err *err)
{
	AUTO(auto_registry_upload_close) struct upload *u = upload_new(r, repository);
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(auto_free)
	char *path = mem_printf("blobs/uploads/?mount=%s&from=%s", digest_format(digest).text,
				from->repository);
	struct client_call call = { .method = "POST",
				    .repository = repository,
				    .access = ACCESS_PUSH,
				    .also = from,
				    .path = path };
	struct err why = { 0 };

	*session_out = NULL;
	*mounted_out = client_call(&reply, r, &call, &why) && reply.http.status == 201;
	if (*mounted_out) {
		atomic_fetch_add(&r->mounted, 1);
		return true;
	}
	if (why.code == E_CANCELLED) {
		*err = why;
		return false;
	}
	if (!why.code && reply.http.status == 202) {
		if (!take_location(u, &reply, err))
			return false;
	} else if (!begin(u, err)) {
		return false;
	}
	*session_out = STEAL(u);
	return true;
}
