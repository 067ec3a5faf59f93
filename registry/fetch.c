// SPDX-License-Identifier: Apache-2.0
#include "base/limits.h"
#include "registry/learn.h"
#include "registry/state.h"
#include "registry/transfer.h"

/* Blobs on their way into the store, across runs. */

struct fetch_one {
	struct registry *r;
	struct store *store;
	struct blob_source *blobs;
	const struct descriptor *d;
	struct events *events;
	uint64_t task;
};

/* The source has hashed it all. Takes `opened` over. */
static bool copy(struct fetch_one *f, struct source *opened, struct blob_writer *w, uint64_t have,
		 struct err *err)
{
	AUTO(auto_source_close)
	struct source *source =
		transfer_watch(opened, f->events, f->task, (uint64_t)f->d->size - have);
	uint64_t size;

	return source_copy(source, blob_writer_sink(w), &size, err) &&
	       sink_finish(blob_writer_sink(w), err) &&
	       blob_writer_commit_as(w, &f->d->digest, f->d->size, err);
}

static bool plain(struct fetch_one *f, struct err *err)
{
	AUTO(auto_blob_writer_close) struct blob_writer *w = NULL;
	struct source *opened;

	if (!transfer_open(&opened, f->r, f->blobs, f->d, err))
		return false;
	if (!store_blob_writer(&w, f->store, err)) {
		source_close(opened);
		return false;
	}
	blob_writer_trust(w);
	return copy(f, opened, w, 0, err);
}

/* The registry's own source of the blob, which can begin in its middle; NULL: there is none. */
static struct blob_source *remote_of(struct fetch_one *f)
{
	const struct reference *origin;

	if (!f->r || !f->blobs || f->d->size < LIMIT_PARTIAL_MIN || f->d->size > LIMIT_BLOB)
		return NULL;
	origin = registry_owns_blobs(f->blobs) || f->blobs == store_blobs(f->store)
			 ? f->blobs->origin(f->blobs, f->d)
			 : NULL;
	/* Where Range does not work, what is kept is of no use. */
	if (!origin || learn_recall(f->r, origin).range == KNOWN_NO)
		return NULL;
	return registry_owns_blobs(f->blobs) ? f->blobs : registry_blobs(f->r, origin);
}

static bool go_on(struct fetch_one *f, struct blob_source *remote, struct blob_writer *w,
		  uint64_t have, struct err *err)
{
	AUTO(auto_source_close) struct source *kept = have ? blob_writer_kept(w) : NULL;
	struct source *opened;

	if (have)
		event_detail(f->events, "%s: %llu bytes are here from an earlier run",
			     digest_format(&f->d->digest).text, (unsigned long long)have);
	return registry_open_blob(&opened, remote, f->d, kept, err) &&
	       copy(f, opened, w, have, err);
}

static bool resumed(struct fetch_one *f, struct blob_source *remote, struct blob_writer *w,
		    uint64_t have, struct err *err)
{
	struct err why = { 0 };

	if (go_on(f, remote, w, have, &why))
		return true;
	if (why.code == E_INTEGRITY && have) { /* what was kept may be the wrong part */
		event_detail(f->events, "%s: from the beginning", why.msg);
		why = (struct err){ 0 };
		if (!blob_writer_restart(w, err))
			return false;
		if (go_on(f, remote, w, 0, &why))
			return true;
	}
	*err = why;
	if (why.code == E_INTEGRITY) /* nothing of it is worth keeping */
		(void)!blob_writer_restart(w, &why);
	return false;
}

static bool fetch(struct fetch_one *f, struct err *err)
{
	struct blob_source *remote = remote_of(f);
	AUTO(auto_blob_writer_close) struct blob_writer *w = NULL;
	uint64_t have;

	if (remote && !store_blob_resume(&w, &have, f->store, f->d, err))
		return false;
	return w ? resumed(f, remote, w, have, err) : plain(f, err);
}

static bool keep(struct store *store, struct registry *r, struct blob_source *blobs,
		 const struct descriptor *d, struct events *events, struct err *err)
{
	struct fetch_one f = { .r = r, .store = store, .blobs = blobs, .d = d, .events = events };

	f.task = event_start(events, "fetch %.12s (%s)", digest_hex(&d->digest).text,
			     str_format_size((uint64_t)d->size).text);
	if (!fetch(&f, err)) {
		event_failed(events, f.task);
		return false;
	}
	event_done(events, f.task, NULL);
	return true;
}

bool transfer_keep(struct store *store, struct registry *r, struct blob_source *blobs,
		   const struct descriptor *d, struct events *events, struct err *err)
{
	struct digest_text key = digest_format(&d->digest);
	bool ok;

	if (!r)
		return keep(store, r, blobs, d, events, err);
	turn_take(&r->moving, key.text);
	/* who waited finds it there */
	ok = store_has_blob(store, &d->digest, d->size) || keep(store, r, blobs, d, events, err);
	turn_drop(&r->moving, key.text);
	return ok;
}
