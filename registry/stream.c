// SPDX-License-Identifier: Apache-2.0
#include "registry/stream.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/learn.h"
#include "registry/session.h"
#include "registry/standby.h"
#include "registry/tags.h"

/* One thread for each layer under way. How a chunk goes up, and up again, is chunks.c's. */

/* Where layers will be pushed. */
struct stream_target {
	struct blob_follower follower; /* first: what layer writers know of it */
	struct registry *r;
	struct reference to;
	struct digest held;
	bool has_held;
	struct lock asking;
	enum known is_new; /* layers made here are */
};

struct stream {
	struct stream_target *target;
	struct blob_tail *tail;
	struct thread *thread;
	struct upload *upload; /* the thread's while it runs; NULL: none was opened */
};

/* --- whether --- */

static bool has_no_tags(struct registry *r, const struct reference *to)
{
	AUTO(str_list_free) struct str_list tags = { 0 };
	const struct tags_request one = { .first_page_only = true, .limit = 1 };
	struct err why = { 0 };

	return registry_tags(&tags, NULL, r, to, &one, &why) ? tags.len == 0
							     : why.code == E_NOT_FOUND;
}

static bool lacks_layers(const struct stream_target *t)
{
	struct digest now;
	struct err why = { 0 };

	if (registry_head_manifest(&now, t->r, &t->to, &why))
		return t->has_held && digest_eq(&now, &t->held);
	return why.code == E_NOT_FOUND && has_no_tags(t->r, &t->to);
}

static bool ask(struct stream_target *t)
{
	bool is_new;

	lock_take(&t->asking);
	if (t->is_new == KNOWN_NOTHING)
		t->is_new = lacks_layers(t) ? KNOWN_YES : KNOWN_NO;
	is_new = t->is_new == KNOWN_YES;
	lock_drop(&t->asking);
	return is_new;
}

/* --- sending --- */

static uint64_t chunk_of(const struct stream_target *t)
{
	struct strategy s = learn_recall(t->r, &t->to);

	return strategy_stream(&s, t->r->chunk_size);
}

/* `size` bytes are there; only the last chunk of all may be small. */
static bool send_some(uint64_t *sent, struct stream *s, struct blob_body *body, uint64_t size,
		      bool whole, struct err *err)
{
	enum upload_end end = UPLOAD_REFUSED;

	for (uint64_t tried = 0; end == UPLOAD_REFUSED;) {
		/* each time: the session's opening may have named a minimum, a refusal a maximum */
		uint64_t chunk = chunk_of(s->target), left = size - *sent;

		if (!chunk || chunk == tried)
			return false;
		if (!whole && left > chunk)
			left -= left % chunk;
		tried = chunk;
		end = chunks_send_to(sent, s->upload, body, *sent + left, chunk, NULL, err);
	}
	return end == UPLOAD_DONE;
}

/* Everything, as it comes. */
static bool send_all(struct stream *s, struct err *err)
{
	AUTO(auto_source_close) struct source *source = blob_tail_open(s->tail);
	struct blob_body body = { .source = source, .size = UINT64_MAX };
	enum blob_tail_state state = BLOB_TAIL_GROWS;
	uint64_t size, sent = 0;

	while (state == BLOB_TAIL_GROWS) {
		state = blob_tail_wait(&size, s->tail, sent + LIMIT_STREAM_LEAST);
		if (state == BLOB_TAIL_GONE)
			return err_set(err, E_CANCELLED, "it is not made any more");
		if (!send_some(&sent, s, &body, size, state == BLOB_TAIL_WHOLE, err))
			return false;
	}
	s->upload->ahead = sent;
	event_detail(s->target->r->events, "%llu bytes of a layer went up while it was made",
		     (unsigned long long)sent);
	return true;
}

static void run(void *arg)
{
	struct stream *s = arg;
	struct stream_target *t = s->target;
	struct upload *u = NULL;
	struct err why = { 0 };

	if (!chunk_of(t) || !ask(t))
		return;
	u = standby_take(t->r, &t->to);
	s->upload = u = u ? u : registry_upload_new(t->r, &t->to);
	if ((u->location.target || session_begin(u, &why)) && send_all(s, &why))
		return;
	event_detail(t->r->events, "a layer is sent when it is whole: %s",
		     why.code ? why.msg : "the registry does not take its chunks");
}

static void stream_free(struct stream *s)
{
	if (s->thread)
		thread_join(s->thread);
	registry_upload_close(s->upload);
	blob_tail_close(s->tail);
	free(s);
}

static void follow(struct blob_follower *self, struct blob_tail *tail)
{
	struct stream_target *t = (struct stream_target *)self;
	struct registry *r = t->r;
	struct stream *s = mem_alloc(sizeof(*s));
	struct err ignored = { 0 };

	s->target = t;
	s->tail = tail;
	lock_take(&r->lock);
	if (r->streams.len < LIMIT_PARALLEL_TRANSFERS &&
	    thread_start(&s->thread, run, s, &ignored)) {
		*ARRAY_PUSH(&r->streams) = s;
		s = NULL;
	}
	lock_drop(&r->lock);
	if (s)
		stream_free(s);
}

/* --- the interface --- */

struct blob_follower *registry_stream(struct registry *r, const struct reference *to,
				      const struct digest *held)
{
	struct stream_target *t = mem_alloc(sizeof(*t));

	t->follower = (struct blob_follower){ .least = LIMIT_STREAM_LEAST, .follow = follow };
	t->r = r;
	t->to = *to;
	t->has_held = held != NULL;
	if (held)
		t->held = *held;
	lock_init(&t->asking);
	lock_take(&r->lock);
	*ARRAY_PUSH(&r->stream_targets) = t;
	lock_drop(&r->lock);
	return &t->follower;
}

static struct stream *take(struct registry *r, const struct reference *repository,
			   const struct digest *digest)
{
	struct stream *taken = NULL;
	struct digest made;

	lock_take(&r->lock);
	for (size_t i = 0; !taken && i < r->streams.len; i++) {
		struct stream *s = r->streams.items[i];

		if (!reference_same_repository(&s->target->to, repository) ||
		    !blob_tail_digest(&made, s->tail) || !digest_eq(&made, digest))
			continue;
		taken = s;
		r->streams.items[i] = r->streams.items[--r->streams.len];
	}
	lock_drop(&r->lock);
	return taken;
}

struct upload *streams_take(struct registry *r, const struct reference *repository,
			    const struct digest *digest)
{
	struct stream *s = take(r, repository, digest);
	struct upload *upload = NULL;

	if (!s)
		return NULL;
	thread_join(STEAL(s->thread));
	if (s->upload && s->upload->ahead)
		upload = STEAL(s->upload);
	stream_free(s);
	return upload;
}

void streams_close(struct registry *r)
{
	for (size_t i = 0; i < r->streams.len; i++)
		blob_tail_stop(r->streams.items[i]->tail);
	for (size_t i = 0; i < r->streams.len; i++)
		stream_free(r->streams.items[i]);
	free(r->streams.items);
	for (size_t i = 0; i < r->stream_targets.len; i++) {
		lock_free(&r->stream_targets.items[i]->asking);
		free(r->stream_targets.items[i]);
	}
	free(r->stream_targets.items);
}
