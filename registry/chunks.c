// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/learn.h"
#include "registry/problem.h"
#include "registry/session.h"

/*
 * A blob in chunks (distribution-spec, "Pushing a blob in chunks"): PATCH with Content-Range, then
 * an empty PUT. No chunk is repeated blindly: after whatever broke, the session says how far it is.
 */

/* --- one chunk of the blob as a source --- */

struct window {
	struct source source;
	struct blob_body *body;
	uint64_t start, len;
};

static bool seek(struct blob_body *b, uint64_t to, struct err *err)
{
	AUTO(auto_free) char *dropped = NULL;
	size_t len;

	if (b->at > to) {
		if (!b->source->rewind)
			return err_set(err, E_NETWORK,
				       "the upload broke, and its bytes cannot be read again");
		if (!b->source->rewind(b->source, err))
			return false;
		b->at = 0;
	}
	if (b->at < to)
		dropped = mem_alloc(128 * KIB);
	while (b->at < to) {
		uint64_t left = to - b->at;

		if (!source_read(b->source, dropped, left < 128 * KIB ? left : 128 * KIB, &len,
				 err))
			return false;
		if (len == 0)
			return err_set(err, E_INTEGRITY, "the blob ends after %llu bytes",
				       (unsigned long long)b->at);
		b->at += len;
	}
	return true;
}

/* The last window reads on to the blob's end, where a source that verifies itself speaks. */
static bool window_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct window *w = (struct window *)self;
	struct blob_body *b = w->body;
	uint64_t left = w->start + w->len - b->at;

	if (left == 0 && b->at < b->size) {
		*len_out = 0;
		return true;
	}
	if (!source_read(b->source, data, left && left < cap ? left : cap, len_out, err))
		return false;
	b->at += *len_out;
	return true;
}

static bool window_rewind(struct source *self, struct err *err)
{
	struct window *w = (struct window *)self;

	return seek(w->body, w->start, err);
}

static void window_close(struct source *self)
{
	(void)self;
}

/* --- answers --- */

/* "0-99", or "bytes=0-99" of some: 100 bytes are there. "0-0" is what distribution says of none. */
static bool range_end(uint64_t *out, const struct client_reply *reply)
{
	struct slice rest, text = slice_of(http_header(&reply->http, "Range", 0));
	uint64_t first, last;

	if (slice_has_prefix(text, "bytes="))
		text = (struct slice){ text.ptr + 6, text.len - 6 };
	if (!str_to_u64(&first, slice_cut(text, '-', &rest), 0) ||
	    !str_to_u64(&last, rest, LIMIT_BLOB))
		return false;
	*out = last ? last + 1 : 0;
	return true;
}

static void learn_minimum(struct upload *u, const struct client_reply *reply)
{
	const char *text = http_header(&reply->http, "OCI-Chunk-Min-Length", 0);
	uint64_t min;

	if (text && str_to_u64(&min, slice_of(text), LIMIT_CHUNK_MIN))
		learn(u->r, &u->repository, LEARN_CHUNK_MIN, min);
}

enum session_state chunks_status(uint64_t *offset_out, struct upload *u, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	struct client_call call = { .method = "GET",
				    .repository = &u->repository,
				    .access = ACCESS_PUSH,
				    .url = &u->location };

	if (!client_call(&reply, u->r, &call, err))
		return SESSION_UNREACHABLE;
	if (reply.http.status < 200 || reply.http.status > 299) {
		problem_error(err, &reply.http, "the upload's state");
		return reply.http.status >= 500 || reply.http.status == 429 ? SESSION_UNREACHABLE
									    : SESSION_GONE;
	}
	if (!range_end(offset_out, &reply)) {
		err_set(err, E_NETWORK, "%s does not say how far the upload is",
			u->repository.host);
		return SESSION_GONE;
	}
	learn_minimum(u, &reply);
	return !http_header(&reply.http, "Location", 0) || session_take_location(u, &reply, err)
		       ? SESSION_AT
		       : SESSION_GONE;
}

/* --- one chunk --- */

enum chunk_end {
	CHUNK_TAKEN,
	CHUNK_UNSURE,    /* ask the session */
	CHUNK_TOO_LARGE, /* or at the wrong place: the session tells */
	CHUNK_LOST,
	CHUNK_UNSUPPORTED,
	CHUNK_FAILED,
};

static enum chunk_end end_of(int status, bool first)
{
	/* clang-format off */
	static const struct {
		int status;
		enum chunk_end end;
	} ends[] = {
		{ 401, CHUNK_FAILED },    { 403, CHUNK_FAILED },      { 404, CHUNK_LOST },
		{ 405, CHUNK_UNSUPPORTED }, { 408, CHUNK_UNSURE },    { 409, CHUNK_UNSURE },
		{ 413, CHUNK_TOO_LARGE }, { 416, CHUNK_TOO_LARGE },   { 429, CHUNK_UNSURE },
		{ 501, CHUNK_UNSUPPORTED },
	};
	/* clang-format on */

	if (status >= 200 && status <= 299)
		return CHUNK_TAKEN;
	for (size_t i = 0; i < ARRAY_LEN(ends); i++)
		if (ends[i].status == status)
			return ends[i].end;
	if (status >= 500)
		return CHUNK_UNSURE;
	return first ? CHUNK_UNSUPPORTED : CHUNK_FAILED;
}

/* Where the session is now: where we are, unless it says plainly that it took less. A Range that
 * does not move at all is ECR's, which took everything. */
static uint64_t taken_to(const struct client_reply *reply, uint64_t offset, uint64_t len)
{
	uint64_t end;

	return range_end(&end, reply) && end > offset && end < offset + len ? end : offset + len;
}

static bool may_have_broken(const struct client_reply *reply)
{
	return reply->http.trouble != WIRE_OK && reply->http.trouble != WIRE_CANCELLED;
}

static enum chunk_end send_chunk(uint64_t *offset, struct upload *u, struct blob_body *body,
				 uint64_t len, unsigned attempt, struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	AUTO(auto_free)
	char *range = mem_printf("%llu-%llu", (unsigned long long)*offset,
				 (unsigned long long)(*offset + len - 1));
	struct window w = { .source = { window_read, window_rewind, window_close },
			    .body = body,
			    .start = *offset,
			    .len = len };
	struct client_call call = { .method = "PATCH",
				    .repository = &u->repository,
				    .access = ACCESS_PUSH,
				    .url = &u->location,
				    .headers = { { "Content-Range", range } },
				    .body = &w.source,
				    .body_size = len,
				    .once = true };
	enum chunk_end end;

	if (!seek(body, *offset, err))
		return CHUNK_FAILED;
	if (!client_call(&reply, u->r, &call, err))
		return may_have_broken(&reply) && http_wait(u->r->http, attempt, NULL, err)
			       ? CHUNK_UNSURE
			       : CHUNK_FAILED;
	end = end_of(reply.http.status, *offset == 0);
	if (end == CHUNK_TAKEN) {
		*offset = taken_to(&reply, *offset, len);
		learn_minimum(u, &reply);
		return !http_header(&reply.http, "Location", 0) ||
				       session_take_location(u, &reply, err)
			       ? CHUNK_TAKEN
			       : CHUNK_FAILED;
	}
	if (end == CHUNK_UNSURE && !http_wait(u->r->http, attempt, &reply.http, err))
		return CHUNK_FAILED;
	problem_error(err, &reply.http, "PATCH");
	return end;
}

/* --- the whole --- */

/* After a chunk that was not simply taken. UPLOAD_DONE: go on at *offset. */
static enum upload_end recover(uint64_t *offset, struct upload *u, enum chunk_end end,
			       uint64_t chunk, unsigned attempt, struct err *err)
{
	struct err why = { 0 };
	uint64_t there;

	if (end == CHUNK_FAILED)
		return UPLOAD_FAILED;
	if (end == CHUNK_LOST)
		return UPLOAD_LOST;
	if (end == CHUNK_UNSUPPORTED) {
		learn(u->r, &u->repository, LEARN_CHUNKS, KNOWN_NO);
		return UPLOAD_REFUSED;
	}
	if (end == CHUNK_UNSURE && attempt > LIMIT_RETRIES)
		return UPLOAD_FAILED;
	switch (chunks_status(&there, u, &why)) {
	case SESSION_AT:
		break;
	case SESSION_GONE:
		return UPLOAD_LOST;
	case SESSION_UNREACHABLE: /* for the next run */
		*err = why;
		return UPLOAD_FAILED;
	}
	if (end == CHUNK_TOO_LARGE && there == *offset) {
		learn(u->r, &u->repository, LEARN_CHUNK_REFUSED, chunk);
		return UPLOAD_REFUSED;
	}
	*offset = there;
	err_clear(err);
	return UPLOAD_DONE;
}

static void tell_offset(const struct upload *u, const struct blob_body *body, uint64_t offset)
{
	struct digest_text name = { "a layer under way" };

	if (body->digest)
		name = digest_format(body->digest);
	event_detail(u->r->events, "%s: going on at byte %llu", name.text,
		     (unsigned long long)offset);
}

enum upload_end chunks_send_to(uint64_t *offset, struct upload *u, struct blob_body *body,
			       uint64_t end, uint64_t chunk, struct journal *journal,
			       struct err *err)
{
	unsigned failures = 0;

	while (*offset < end) {
		uint64_t left = end - *offset, len = left < chunk ? left : chunk;
		enum chunk_end how = send_chunk(offset, u, body, len, failures + 1, err);

		if (how == CHUNK_TAKEN) {
			failures = 0;
		} else {
			enum upload_end what = recover(offset, u, how, len, ++failures, err);

			if (what != UPLOAD_DONE)
				return what;
			tell_offset(u, body, *offset);
		}
		if (*offset > end) {
			err_set(err, E_NETWORK, "the session has %llu bytes where %llu were sent",
				(unsigned long long)*offset, (unsigned long long)end);
			return UPLOAD_LOST;
		}
		if (journal)
			journal_note(journal, &u->location, *offset);
	}
	return UPLOAD_DONE;
}

enum upload_end chunks_send(struct upload *u, struct blob_body *body, uint64_t offset,
			    uint64_t chunk, struct journal *journal, struct err *err)
{
	enum upload_end end;

	if (journal)
		journal_note(journal, &u->location, offset);
	end = chunks_send_to(&offset, u, body, body->size, chunk, journal, err);
	if (end != UPLOAD_DONE)
		return end;
	if (!body->sent_ahead && body->at < body->size && !seek(body, body->size, err))
		return UPLOAD_FAILED;
	return session_commit(u, NULL, body->digest, 0, err);
}
