// SPDX-License-Identifier: Apache-2.0
#include "registry/upload.h"

#include "base/counters.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/client.h"
#include "registry/learn.h"
#include "registry/problem.h"
#include "registry/session.h"

/* One blob on its way up: which way, and what to do when that fails. Which blobs go, and in what
 * order, is push.c's. */

bool session_take_location(struct upload *u, const struct client_reply *reply, struct err *err)
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
	if (reply->url.https && !next.https) {
		url_free(&next);
		return err_set(err, E_NETWORK, "%s sent an upload from https to plain http",
			       u->repository.host);
	}
	AUTO(auto_free) char *text = url_text(&next);

	url_free(&next);
	url_free(&u->location);
	return url_follow(&u->location, &reply->url, text, err);
}

static bool refused(const struct upload *u, struct client_reply *reply, struct err *err)
{
	problem_error(err, &reply->http, "upload to %s", reference_name(&u->repository).text);
	if (!problem_is(err, "NAME_UNKNOWN"))
		return false;
	return err_hint(err, "some registries want the repository to be created first; on Amazon "
			     "ECR --create-repository does it");
}

bool session_begin(struct upload *u, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	struct client_call call = { .method = "POST",
				    .repository = &u->repository,
				    .access = ACCESS_PUSH,
				    .path = "blobs/uploads/",
				    .once = u->once };
	const char *min;
	uint64_t bytes;

	if (!client_call(&reply, u->r, &call, err)) {
		if (reply.http.trouble == WIRE_BROKEN) /* ECR, says its users */
			err_hint(err, "some registries end the connection when the repository was "
				      "not created first");
		return err_wrap(err, "upload to %s", reference_name(&u->repository).text);
	}
	if (reply.http.status != 202 && reply.http.status != 201)
		return refused(u, &reply, err);
	min = http_header(&reply.http, "OCI-Chunk-Min-Length", 0);
	if (min && str_to_u64(&bytes, slice_of(min), LIMIT_CHUNK_MIN))
		learn(u->r, &u->repository, LEARN_CHUNK_MIN, bytes);
	return session_take_location(u, &reply, err);
}

bool session_is_own(const struct upload *u)
{
	AUTO(auto_free)
	char *base = mem_printf("%s://%s/", u->location.https ? "https" : "http",
				reference_api_host(&u->repository));
	AUTO(url_free) struct url own = { 0 };
	struct err ignored = { 0 };

	return url_parse(&own, base, &ignored) && url_same_origin(&own, &u->location);
}

void session_drop(struct upload *u)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	struct err ignored = { 0 };
	struct client_call call = { .method = "DELETE",
				    .repository = &u->repository,
				    .access = ACCESS_PUSH,
				    .url = &u->location,
				    .once = true,
				    .give_up_early = true };

	if (u->location.target && !cancel_requested()) {
		bool done = client_call(&reply, u->r, &call, &ignored);

		(void)done; /* the server will collect it some day */
	}
	url_free(&u->location);
}

struct upload *registry_upload_new(struct registry *r, const struct reference *repository)
{
	struct upload *u = mem_alloc(sizeof(*u));

	u->r = r;
	u->repository = *repository;
	return u;
}

bool registry_upload_begin(struct upload **out, struct registry *r,
			   const struct reference *repository, struct err *err)
{
	AUTO(auto_registry_upload_close) struct upload *u = registry_upload_new(r, repository);

	if (!session_begin(u, err))
		return false;
	*out = STEAL(u);
	return true;
}

void registry_upload_close(struct upload *u)
{
	if (!u)
		return;
	if (!u->keep)
		session_drop(u);
	url_free(&u->location);
	free(u);
}

/* A body that was cut may have arrived all the same, or killed its session: never sent again there.
 */
static enum upload_end commit_failed(struct upload *u, struct client_reply *reply, bool whole,
				     uint64_t size, struct err *err)
{
	int status = reply->http.status;

	if (status == 413 && whole) {
		learn(u->r, &u->repository, LEARN_SINGLE_REFUSED, size);
		problem_error(err, &reply->http, "PUT");
		return UPLOAD_REFUSED;
	}
	if (status == 0)
		return whole && reply->http.trouble != WIRE_OK &&
				       reply->http.trouble != WIRE_CANCELLED
			       ? UPLOAD_LOST
			       : UPLOAD_FAILED;
	problem_error(err, &reply->http, "PUT");
	if (status == 404 || problem_is(err, "BLOB_UPLOAD_"))
		return UPLOAD_LOST;
	if (problem_is(err, "DIGEST_INVALID")) /* chunks may have met twice, or never */
		return whole ? UPLOAD_FAILED : UPLOAD_LOST;
	return whole && status >= 500 ? UPLOAD_LOST : UPLOAD_FAILED;
}

enum upload_end session_commit(struct upload *u, struct source *body, const struct digest *digest,
			       uint64_t size, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(url_free) struct url url = { 0 };
	struct client_call call = { .method = "PUT",
				    .repository = &u->repository,
				    .access = ACCESS_PUSH,
				    .url = &url,
				    .body = body,
				    .body_size = size,
				    .once = body != NULL };
	const char *said;
	struct digest stored;
	struct err ignored = { 0 };

	url_copy(&url, &u->location);
	url_add_query(&url, "digest", digest_format(digest).text);
	url_free(&u->location); /* used up, whatever comes */
	if (!client_call(&reply, u->r, &call, err) || reply.http.status < 200 ||
	    reply.http.status > 299)
		return commit_failed(u, &reply, body != NULL, size, err);
	said = http_header(&reply.http, "Docker-Content-Digest", 0);
	if (!said || !digest_parse(&stored, said, &ignored) || digest_eq(&stored, digest))
		return UPLOAD_DONE;
	err_set(err, E_INTEGRITY, "the registry stored %s", said);
	return UPLOAD_FAILED;
}

/* --- the whole way --- */

struct way {
	struct upload *u;
	struct blob_body body;
	struct journal *journal;
	bool asked;     /* the journal */
	uint64_t chunk; /* of the last try; 0: one PUT */
};

/* What an earlier run brought there; a session that was opened ahead is not needed then. */
static uint64_t recall(struct way *w)
{
	AUTO(url_free) struct url location = { 0 };
	struct upload *u = w->u;
	struct err ignored = { 0 };
	enum session_state state;
	uint64_t offset, there;

	if (w->asked)
		return 0;
	w->asked = true;
	w->journal = journal_open(u->r->store, &u->repository, w->body.digest, w->body.size);
	if (!w->journal || !journal_recall(&location, &offset, w->journal))
		return 0;
	if (u->location.target)
		session_drop(u);
	url_copy(&u->location, &location);
	state = chunks_status(&there, u, &ignored);
	if (state != SESSION_AT) {
		url_free(&u->location);
		if (state == SESSION_GONE)
			journal_forget(w->journal);
		return 0;
	}
	/* Less than was acknowledged: ECR's Range, which stands still. It would say so, with 416.
	 */
	offset = there > offset ? there : offset;
	event_detail(u->r->events, "%s: an earlier run brought %llu of %llu bytes there",
		     digest_format(w->body.digest).text, (unsigned long long)offset,
		     (unsigned long long)w->body.size);
	return offset <= w->body.size ? offset : 0;
}

static uint64_t chunk_of(const struct way *w)
{
	struct strategy s = learn_recall(w->u->r, &w->u->repository);

	return strategy_chunk(&s, w->body.size, w->u->r->chunk_size);
}

static enum upload_end try(struct way *w, struct err *err)
{
	struct upload *u = w->u;
	uint64_t offset = u->ahead ? u->ahead : chunk_of(w) ? recall(w) : 0;
	bool own;

	if (!u->location.target && !session_begin(u, err))
		return UPLOAD_FAILED;
	w->chunk = chunk_of(w); /* the session's opening may have named a minimum */
	if (!w->chunk && !offset) {
		w->body.at = UINT64_MAX; /* who can tell */
		return session_commit(u, w->body.source, w->body.digest, w->body.size, err);
	}
	w->body.sent_ahead = u->ahead != 0;
	u->ahead = 0;
	/* What is asked for at another host may be signed: that is kept nowhere. */
	own = session_is_own(u);
	u->keep = own && w->journal;
	return chunks_send(u, &w->body, offset, w->chunk ? w->chunk : w->body.size,
			   own ? w->journal : NULL, err);
}

/* After a try that failed: whether another is worth it, and all is set for it. *done_out: the blob
 * is there. */
static bool again(bool *done_out, struct way *w, enum upload_end end, unsigned lost,
		  const struct err *why, struct err *err)
{
	struct upload *u = w->u;
	struct source *source = w->body.source;

	struct strategy s = learn_recall(u->r, &u->repository);

	*done_out = false;
	if (end == UPLOAD_REFUSED &&
	    !strategy_has_way(&s, w->body.size, u->r->chunk_size, w->chunk))
		end = UPLOAD_FAILED;
	if (end == UPLOAD_FAILED || lost > LIMIT_RETRIES || (w->body.at && !source->rewind)) {
		*err = *why;
		return false;
	}
	if (w->journal)
		journal_forget(w->journal);
	u->keep = false;
	session_drop(u);
	if (end == UPLOAD_LOST) {
		event_detail(u->r->events, "%s: %s, once more", digest_format(w->body.digest).text,
			     why->msg);
		if (!http_wait(u->r->http, lost, NULL, err) ||
		    !registry_has_blob(done_out, u->r, &u->repository, w->body.digest, err))
			return false;
	}
	if (*done_out || w->body.at == 0)
		return true;
	w->body.at = 0;
	return source->rewind(source, err);
}

bool registry_upload_finish(struct upload *u, struct source *source, const struct digest *digest,
			    int64_t size, struct err *err)
{
	struct way w = { .u = u,
			 .body = { .source = source, .digest = digest, .size = (uint64_t)size } };
	unsigned lost = 0;
	bool done = false, ok = true;

	for (int tries = 0; ok && !done; tries++) {
		struct err why = { 0 };
		enum upload_end end = try(&w, &why);

		lost += end == UPLOAD_LOST;
		done = end == UPLOAD_DONE;
		if (!done)
			ok = again(&done, &w, tries < LIMIT_UPLOAD_TRIES ? end : UPLOAD_FAILED,
				   lost, &why, err);
	}
	if (done && w.journal)
		journal_forget(w.journal);
	journal_close(w.journal);
	if (done)
		counter_add(COUNTER_BLOBS_UPLOADED, 1);
	return done || err_wrap(err, "blob %s to %s", digest_format(digest).text,
				reference_name(&u->repository).text);
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
	/* 500, again and again: a broken record of it (a registry that was killed while it wrote),
	 * which an upload writes anew */
	if (*out || status == 404 || status == 403 || status == 500)
		return true;
	return problem_error(err, &reply.http, "blob %s of %s", digest_format(digest).text,
			     reference_name(repository).text);
}

bool registry_mount(bool *mounted_out, struct upload **session_out, struct registry *r,
		    const struct reference *repository, const struct digest *digest,
		    const struct reference *from, struct err *err)
{
	AUTO(auto_registry_upload_close) struct upload *u = registry_upload_new(r, repository);
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
	if (*mounted_out)
		return true;
	if (why.code == E_CANCELLED) {
		*err = why;
		return false;
	}
	/* it has been waited for long enough, and tells nothing of mounts */
	if (reply.http.status == 429)
		return problem_error(err, &reply.http, "upload to %s",
				     reference_name(repository).text);
	if (reply.http.status >= 400 && reply.http.status < 500 &&
	    reference_same_repository(from, repository))
		learn(r, repository, LEARN_MOUNT, KNOWN_NO);
	if (!why.code && reply.http.status == 202) {
		if (!session_take_location(u, &reply, err))
			return false;
	} else if (!session_begin(u, err)) {
		return false;
	}
	*session_out = STEAL(u);
	return true;
}
