// SPDX-License-Identifier: Apache-2.0
#include "registry/move.h"

#include <string.h>

#include "base/counters.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/learn.h"
#include "registry/state.h"
#include "registry/stream.h"
#include "registry/transfer.h"

/* What to do with a blob, and doing it. */

bool move_same_registry(const struct reference *a, const struct reference *b)
{
	return str_eq(reference_api_host(a), reference_api_host(b));
}

static void skipped(struct move_result *out, bool trusted)
{
	*out = (struct move_result){ .how = MOVED_SKIPPED, .trusted = trusted };
	counter_add(COUNTER_BLOBS_SKIPPED, 1);
}

/* `u` NULL: a session is taken or opened, once the bytes are known to be there. */
static bool send_bytes(struct registry *r, const struct move_request *q, struct upload *u,
		       struct err *err)
{
	AUTO(auto_registry_upload_close) struct upload *session = u;
	AUTO(auto_source_close) struct source *source = NULL;
	struct source *opened;
	uint64_t task;

	if (!q->open(q->arg, &opened, q->d, err))
		return false;
	task = event_start(r->events, "push %.12s (%s)", digest_hex(&q->d->digest).text,
			   str_format_size((uint64_t)q->d->size).text);
	source = transfer_watch(opened, r->events, task, (uint64_t)q->d->size);
	if (!session && q->session)
		session = q->session(q->arg);
	if (!session)
		session = registry_upload_new(r, q->to);
	if (!registry_upload_finish(session, source, &q->d->digest, q->d->size, err)) {
		event_failed(r->events, task);
		return false;
	}
	event_done(r->events, task, NULL);
	return true;
}

static bool send(struct move_result *out, struct registry *r, const struct move_request *q,
		 struct upload *u, struct err *err)
{
	*out = (struct move_result){ .how = MOVED_SENT };
	return q->plan || send_bytes(r, q, u, err);
}

static bool mount(struct move_result *out, struct registry *r, const struct move_request *q,
		  const struct reference *from, struct err *err)
{
	struct upload *session;
	bool mounted;

	/* ECR Public says so of blobs it does not have */
	*out = (struct move_result){ .how = MOVED_MOUNTED, .trusted = true };
	if (q->plan)
		return true;
	if (!registry_mount(&mounted, &session, r, q->to, &q->d->digest, from, err))
		return false;
	if (!mounted)
		return send(out, r, q, session, err);
	counter_add(COUNTER_BLOBS_MOUNTED, 1);
	event_detail(r->events, "mounted %.12s from %s", digest_hex(&q->d->digest).text,
		     from->repository);
	return true;
}

/* Is it there? By one request when that costs little or surely works. What goes in chunks may have
 * a session of an earlier run, which needs no other. */
static bool may_self_mount(struct registry *r, const struct move_request *q)
{
	const struct strategy s = learn_recall(r, q->to);

	if (strategy_chunk(&s, (uint64_t)q->d->size, r->chunk_size))
		return false;
	switch (s.mount) {
	case KNOWN_YES:
		return true;
	case KNOWN_NO:
		return false;
	case KNOWN_NOTHING:
		break;
	}
	return q->d->size <= LIMIT_UNASKED;
}

static bool self_mount(struct move_result *out, struct registry *r, const struct move_request *q,
		       struct err *err)
{
	struct upload *session;
	bool there;

	if (!registry_mount(&there, &session, r, q->to, &q->d->digest, q->to, err))
		return false;
	if (!there)
		return send(out, r, q, session, err);
	learn(r, q->to, LEARN_MOUNT, KNOWN_YES);
	skipped(out, true);
	return true;
}

static bool find_or_send(struct move_result *out, struct registry *r, const struct move_request *q,
			 struct err *err)
{
	bool there = false, unasked = !q->doubt && may_self_mount(r, q);

	if (unasked && !q->plan)
		return self_mount(out, r, q, err);
	if (!registry_has_blob(&there, r, q->to, &q->d->digest, err))
		return false;
	if (!there && !send(out, r, q, NULL, err))
		return false;
	if (there)
		skipped(out, false);
	out->unasked = unasked;
	return true;
}

/* One mount that was made tells that the host mounts, and stays; one refused by a repository that
 * has the blob, that it may never (ECR does so unless the account allows it). */
static void learn_mount(struct registry *r, const struct reference *to, enum moved how)
{
	if (how == MOVED_MOUNTED)
		learn(r, to, LEARN_MOUNT, KNOWN_YES);
	else if (learn_recall(r, to).mount == KNOWN_NOTHING)
		learn(r, to, LEARN_MOUNT, KNOWN_NO);
}

/* The repository has the blob. Where mounts come to nothing, HEAD first: else bytes that are there
 * already would be sent. The mount is still tried, since its answer opens the session. */
static bool mount_known(struct move_result *out, struct registry *r, const struct move_request *q,
			struct err *err)
{
	bool there = false;

	if (learn_recall(r, q->to).mount == KNOWN_NO &&
	    !registry_has_blob(&there, r, q->to, &q->d->digest, err))
		return false;
	if (there) {
		skipped(out, false);
		return true;
	}
	if (!mount(out, r, q, q->origin, err))
		return false;
	if (!q->plan)
		learn_mount(r, q->to, out->how);
	return true;
}

/* As docker and skopeo do: the manifest keeps its descriptor, and whoever runs it its address. */
static void leave_out(struct move_result *out, struct registry *r, const struct move_request *q)
{
	const char *url = ((const char *const *)q->d->urls.items)[0];
	AUTO(auto_free) char *shown = str_printable(url, strlen(url), 200);

	skipped(out, false);
	if (!q->doubt)
		event_note(r->events,
			   "layer %.12s is not for distribution: left at %s "
			   "(--allow-nondistributable-artifacts sends it)",
			   digest_hex(&q->d->digest).text, shown);
}

bool move_blob(struct move_result *out, struct registry *r, const struct move_request *q,
	       struct err *err)
{
	const struct reference *from = q->doubt ? NULL : q->origin;
	struct upload *ahead;

	if (descriptor_is_foreign(q->d) && !r->foreign_layers) {
		leave_out(out, r, q);
		return true;
	}
	if (from && reference_same_repository(from, q->to)) {
		skipped(out, true);
		return true;
	}
	if (from && move_same_registry(from, q->to))
		return mount_known(out, r, q, err);
	ahead = q->doubt || q->plan ? NULL : streams_take(r, q->to, &q->d->digest);
	if (ahead || (q->fresh && !q->doubt))
		return send(out, r, q, ahead, err);
	from = q->doubt ? NULL : q->guess;
	if (from && (!q->plan || q->guess_had_it) && learn_recall(r, q->to).mount != KNOWN_NO) {
		if (mount(out, r, q, from, err)) {
			if (q->guess_had_it && !q->plan)
				learn_mount(r, q->to, out->how);
			return true;
		}
		if (err->code != E_AUTH) /* we may not look into that repository: never mind */
			return false;
		err_clear(err);
	}
	return find_or_send(out, r, q, err);
}
