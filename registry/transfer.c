// SPDX-License-Identifier: Apache-2.0
#include "registry/transfer.h"

#include <string.h>

#include "base/limits.h"
#include "base/mem.h"

/* Finding the bytes of a layer and showing how they move. */

static bool open_any(struct source **out, struct registry *r, struct blob_source *blobs,
		     const struct descriptor *d, struct err *err)
{
	const struct reference *origin;
	struct blob_source *there;
	struct err why = { 0 };

	if (!blobs)
		return err_set(err, E_NOT_FOUND, "the bytes of blob %s are nowhere",
			       digest_format(&d->digest).text);
	if (blobs->open(blobs, out, d, &why))
		return true;
	origin = blobs->origin ? blobs->origin(blobs, d) : NULL;
	there = origin && r ? registry_blobs(r, origin) : NULL;
	if (why.code != E_NOT_FOUND || !there || there == blobs) { /* it was asked already */
		*err = why;
		return false;
	}
	return there->open(there, out, d, err);
}

bool transfer_open(struct source **out, struct registry *r, struct blob_source *blobs,
		   const struct descriptor *d, struct err *err)
{
	const char *url;

	if (open_any(out, r, blobs, d, err))
		return true;
	if (err->code != E_NOT_FOUND || !descriptor_is_foreign(d))
		return false;
	url = ((const char *const *)d->urls.items)[0];
	AUTO(auto_free) char *shown = str_printable(url, strlen(url), 200);

	err_wrap(err, "a layer that is not for distribution");
	return err_hint(err, "it can be had from %s; rtbuild copy takes the image along without it",
			shown);
}

struct watch {
	struct source source;
	struct source *from;
	struct events *events;
	uint64_t task, done, shown, total;
};

static bool watch_read(struct source *self, void *data, size_t cap, size_t *len_out,
		       struct err *err)
{
	struct watch *w = (struct watch *)self;

	if (!source_read(w->from, data, cap, len_out, err))
		return false;
	w->done += *len_out;
	if (w->done - w->shown >= MIB || (*len_out == 0 && w->done > w->shown)) {
		w->shown = w->done;
		event_progress(w->events, w->task, w->done, w->total);
	}
	return true;
}

static bool watch_rewind(struct source *self, struct err *err)
{
	struct watch *w = (struct watch *)self;

	w->done = w->shown = 0;
	return w->from->rewind(w->from, err);
}

static void watch_close(struct source *self)
{
	struct watch *w = (struct watch *)self;

	source_close(w->from);
	free(w);
}

struct source *transfer_watch(struct source *from, struct events *events, uint64_t task,
			      uint64_t total)
{
	struct watch *w = mem_alloc(sizeof(*w));

	w->source = (struct source){ .read = watch_read,
				     .rewind = from->rewind ? watch_rewind : NULL,
				     .close = watch_close };
	w->from = from;
	w->events = events;
	w->task = task;
	w->total = total;
	return &w->source;
}
