// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "tests/servers/scripted/scripted.h"

/* Upload sessions (distribution-spec, "Pushing blobs"): POST, PATCH, PUT, GET, DELETE, mounts. */

struct session {
	char *data;
	size_t len, first; /* first: of the first chunk, for `sticky-range` */
	bool ends;         /* a chunk below the minimum came: nothing may follow */
};

static struct map sessions; /* id -> struct session */
static unsigned sessions_made;

/* The query is opaque, and escaped in a way that a client would not choose. */
static char *state_of(const char *id, const struct session *s)
{
	return mem_printf("%%7e%s%%2fat+%zu", id, s->len);
}

static void put_location(struct reply *out, const struct request *req, const char *name,
			 const char *id, const struct session *s)
{
	const char *how = play_get(&req->play, "location");
	AUTO(auto_free) char *state = state_of(id, s);
	AUTO(auto_free)
	char *path = mem_printf("/v2/%s/blobs/uploads/%s?_state=%s", name, id, state);
	AUTO(auto_free) char *self = fill_in("{self}", NULL);

	if (!how)
		reply_header(out, "Location: %s", path);
	else if (str_eq(how, "absolute"))
		reply_header(out, "Location: %s%s", self, path);
	else if (str_eq(how, "http"))
		reply_header(out, "Location: http://%s%s", authority_main, path);
	else if (!str_eq(how, "none")) {
		AUTO(auto_free) char *filled = fill_in(how, NULL);
		bool open = str_has_suffix(filled, "...");

		reply_header(out, "Location: %.*s%s", (int)strlen(filled) - (open ? 3 : 0), filled,
			     open ? path : "");
	}
}

static void put_range(struct reply *out, const struct request *req, const struct session *s)
{
	size_t len = play_has(&req->play, "sticky-range") ? s->first : s->len;

	reply_header(out, "Range: 0-%zu", len ? len - 1 : 0);
	if (play_has(&req->play, "chunk-min"))
		reply_header(out, "OCI-Chunk-Min-Length: %s", play_get(&req->play, "chunk-min"));
}

static void session_free(struct session *s)
{
	free(s->data);
	free(s);
}

static void end_session(const char *id)
{
	struct session *s = map_get(&sessions, id);

	map_remove(&sessions, id);
	if (s)
		session_free(s);
}

static void append(struct session *s, const char *data, size_t len)
{
	s->data = mem_realloc(s->data, s->len + len + 1);
	if (len)
		memcpy(s->data + s->len, data, len);
	s->len += len;
	if (!s->first)
		s->first = s->len;
}

static void commit(struct reply *out, const struct request *req, struct repo *r, const char *name,
		   const char *data, size_t len)
{
	AUTO(auto_free) char *wanted = request_query(req, "digest", 0);
	AUTO(auto_free) char *type = request_header(req, "Content-Type");
	AUTO(auto_free) char *got = digest_text(data, len);
	const char *announced = play_get(&req->play, "store-as");

	/* Go's servers read such a body as a form while they look for `digest`. */
	if (!wanted || !str_eq(wanted, got) ||
	    (type && str_eq(type, "application/x-www-form-urlencoded"))) {
		reply_error(out, 400, "DIGEST_INVALID",
			    "provided digest did not match uploaded content");
		return;
	}
	repo_put_blob(r, got, data, len);
	out->status = 201;
	reply_header(out, "Location: /v2/%s/blobs/%s", name, got);
	reply_header(out, "Docker-Content-Digest: %s", announced ? announced : got);
}

static bool may_mount(const struct request *req, const char *from, const char *digest,
		      struct blob_data *b)
{
	return !play_is(&req->play, "mount", "never") && repo_blob(b, repo_get(from), digest);
}

static void post(struct reply *out, const struct request *req, struct repo *r, const char *name)
{
	AUTO(auto_free) char *mount = request_query(req, "mount", 0);
	AUTO(auto_free) char *from = request_query(req, "from", 0);
	AUTO(auto_free) char *digest = request_query(req, "digest", 0);
	AUTO(auto_free) char *id = NULL;
	struct session *s;
	struct blob_data b;

	if (digest && play_has(&req->play, "single-post")) {
		commit(out, req, r, name, req->body, req->body_len);
		return;
	}
	if (mount && !from) { /* Quay */
		reply_error(out, 400, "NAME_INVALID", "from is required");
		return;
	}
	if (mount && play_is(&req->play, "mount", "lie")) {
		out->status = 201;
		return;
	}
	if (mount && may_mount(req, from, mount, &b)) {
		repo_put_blob(r, mount, b.data, b.len);
		out->status = 201;
		reply_header(out, "Location: /v2/%s/blobs/%s", name, mount);
		reply_header(out, "Docker-Content-Digest: %s", mount);
		return;
	}
	id = mem_printf("session-%u", ++sessions_made);
	s = mem_alloc(sizeof(*s));
	map_put(&sessions, id, s);
	out->status = 202;
	put_location(out, req, name, id, s);
	put_range(out, req, s);
}

/* A chunk at a place where the session is not. */
static bool is_misplaced(const struct request *req, const struct session *s)
{
	AUTO(auto_free) char *range = request_header(req, "Content-Range");

	return range && strtoull(range, NULL, 10) != s->len;
}

static void patch(struct reply *out, const struct request *req, const char *name, const char *id,
		  struct session *s)
{
	const struct play *p = &req->play;
	size_t min = play_number(p, "chunk-min", 0), accept = play_number(p, "accept", SIZE_MAX);

	if (is_misplaced(req, s) || req->body_len > play_number(p, "chunk-max", UINT64_MAX) ||
	    s->ends) {
		out->status = (int)play_number(p, "strict-offset", 416);
		if (out->status == 416)
			put_range(out, req, s);
		else
			reply_error(out, out->status, "UNKNOWN", "unknown error");
		put_location(out, req, name, id, s);
		return;
	}
	s->ends = req->body_len < min;
	append(s, req->body, req->body_len < accept ? req->body_len : accept);
	if (req->broken) {
		if (play_has(p, "fragile"))
			end_session(id);
		return;
	}
	out->status = 202;
	put_location(out, req, name, id, s);
	put_range(out, req, s);
}

void answer_upload(struct reply *out, const struct request *req, struct repo *r, const char *name,
		   const char *rest)
{
	struct session *s = map_get(&sessions, rest);
	AUTO(auto_free) char *state = NULL;
	const char *sent;

	if (str_eq(req->method, "POST") && !rest[0]) {
		post(out, req, r, name);
		return;
	}
	if (!s) {
		reply_error(out, 404, "BLOB_UPLOAD_UNKNOWN", "blob upload unknown to registry");
		return;
	}
	state = state_of(rest, s);
	sent = strstr(req->target, "_state=");
	if (str_eq(req->method, "GET")) { /* by an older state, too: that is its purpose */
		out->status = 204;
		put_location(out, req, name, rest, s);
		put_range(out, req, s);
	} else if (str_eq(req->method, "DELETE")) {
		end_session(rest);
		out->status = 204;
	} else if (!sent || !str_has_prefix(sent + 7, state)) {
		reply_error(out, 404, "BLOB_UPLOAD_INVALID", "the state is not what was given");
	} else if (str_eq(req->method, "PATCH")) {
		patch(out, req, name, rest, s);
	} else if (str_eq(req->method, "PUT") && !req->broken) {
		append(s, req->body, req->body_len);
		commit(out, req, r, name, s->data ? s->data : "", s->len);
		end_session(rest);
	} else if (str_eq(req->method, "PUT") && play_has(&req->play, "fragile")) {
		end_session(rest);
	}
}
