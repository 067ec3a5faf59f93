// SPDX-License-Identifier: Apache-2.0
#include "registry/stream.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/learn.h"
#include "registry/session.h"
#include "registry/standby.h"
#include "registry/tags.h"

/* One thread for each layer under way. How a chunk goes up, and up again, is chunks.c's. */

enum { COMPARED = 256 * KIB };

/* Where layers will be pushed. */
struct stream_target {
	struct blob_follower follower; /* first: what layer writers know of it */
	struct registry *r;
	struct reference to;
	bool has_held; /* what is known of it: an image, and its layers */
	struct digest held;
	struct digest *layers;
	size_t layer_count;
	struct lock asking;
	enum {
		NOT_ASKED,
		HAS_NOTHING,
		HAS_HELD,
		HAS_OTHER,
	} state;
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

static void ask(struct stream_target *t)
{
	struct digest now;
	struct err why = { 0 };

	lock_take(&t->asking);
	if (t->state == NOT_ASKED) {
		t->state = HAS_OTHER;
		if (registry_head_manifest(&now, t->r, &t->to, &why)) {
			if (t->has_held && digest_eq(&now, &t->held))
				t->state = HAS_HELD;
		} else if (why.code == E_NOT_FOUND && has_no_tags(t->r, &t->to)) {
			t->state = HAS_NOTHING;
		}
	}
	lock_drop(&t->asking);
}

static bool same_bytes(struct source *layer, int twin, uint64_t from, uint64_t to)
{
	AUTO(auto_free) char *ours = mem_alloc(COMPARED);
	AUTO(auto_free) char *theirs = mem_alloc(COMPARED);
	struct err ignored = { 0 };

	for (size_t len; from < to; from += len) {
		size_t cap = to - from < COMPARED ? (size_t)(to - from) : COMPARED;

		if (!source_read(layer, ours, cap, &len, &ignored) || !len)
			return true; /* nothing is proved */
		if (pread(twin, theirs, len, (off_t)from) != (ssize_t)len ||
		    memcmp(ours, theirs, len) != 0)
			return false;
	}
	return true;
}

/* Wait until the layer is another than this one, which is there; false: it never was. */
static bool parts_from(int twin, const struct stream *s)
{
	AUTO(auto_source_close) struct source *source = blob_tail_open(s->tail);
	enum blob_tail_state state = BLOB_TAIL_GROWS;
	uint64_t size, compared = 0;

	for (; state == BLOB_TAIL_GROWS; compared = size) {
		state = blob_tail_wait(&size, s->tail, compared + LIMIT_STREAM_LEAST);
		if (state != BLOB_TAIL_GONE && !same_bytes(source, twin, compared, size))
			return true;
	}
	return false;
}

/* Wait until it is known to be new there. Layers of the image that this store does not have were
 * not made here. */
static bool is_new(const struct stream *s)
{
	struct stream_target *t = s->target;
	bool is_other = true;

	ask(t);
	for (size_t i = 0; t->state == HAS_HELD && is_other && i < t->layer_count; i++) {
		AUTO(auto_close) int fd = -1;
		struct err none = { 0 };

		if (t->r->store && store_blob_fd(&fd, t->r->store, &t->layers[i], &none))
			is_other = parts_from(fd, s);
	}
	return t->state != HAS_OTHER && is_other;
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
	struct upload *u;
	struct err why = { 0 };

	if (!chunk_of(t) || !is_new(s))
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

static void remember(struct stream_target *t, const struct image *held)
{
	const struct manifest *m = &held->manifest;

	t->held = m->digest;
	t->layer_count = m->layer_count;
	t->layers = mem_alloc((m->layer_count + 1) * sizeof(*t->layers));
	for (size_t i = 0; i < m->layer_count; i++)
		t->layers[i] = m->layers[i].digest;
}

struct blob_follower *registry_stream(struct registry *r, const struct reference *to,
				      const struct image *held)
{
	struct stream_target *t = mem_alloc(sizeof(*t));

	t->follower = (struct blob_follower){ .least = LIMIT_STREAM_LEAST, .follow = follow };
	t->r = r;
	t->to = *to;
	t->has_held = held != NULL;
	if (held)
		remember(t, held);
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
		free(r->stream_targets.items[i]->layers);
		free(r->stream_targets.items[i]);
	}
	free(r->stream_targets.items);
}
