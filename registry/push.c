// SPDX-License-Identifier: Apache-2.0
#include "registry/push.h"

#include <stdlib.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/client.h"
#include "registry/move.h"
#include "registry/problem.h"
#include "registry/seen.h"
#include "registry/state.h"
#include "registry/transfer.h"

/* An image to a registry with as few requests as are safe. One blob's way is move.c's. */

struct push {
	struct registry *r;
	const struct image *img;
	const struct reference *ref;
	const struct push_options *opt;
	struct {
		const struct descriptor **items;
		size_t len, cap;
	} blobs;              /* each once */
	bool doubt;           /* second round: what was taken on trust is checked */
	_Atomic bool trusted; /* something was */
	struct lock lock;
	size_t sessions_used;
	struct seen seen; /* what earlier pushes left where */
};

static bool is_config(const struct push *p, const struct descriptor *d)
{
	return d == &p->img->manifest.config;
}

static const struct reference *origin_of(const struct push *p, const struct descriptor *d)
{
	struct blob_source *blobs = p->img->blobs;

	return !is_config(p, d) && blobs && blobs->origin ? blobs->origin(blobs, d) : NULL;
}

/* Where a layer could be mounted from if the caller is right. */
static const struct reference *guess_of(const struct push *p, const struct descriptor *d)
{
	const struct reference *from = p->opt->mount_from;

	return from && !is_config(p, d) && move_same_registry(from, p->ref) &&
			       !reference_same_repository(from, p->ref)
		       ? from
		       : NULL;
}

static bool is_fresh(const struct push *p, const struct descriptor *d)
{
	for (size_t i = 0; i < p->opt->fresh_count; i++)
		if (digest_eq(&p->opt->fresh[i], &d->digest))
			return true;
	return false;
}

/* A session the caller opened ahead, while there are any. */
static struct upload *take_session(void *arg)
{
	struct push *p = arg;
	struct upload *taken = NULL;

	lock_take(&p->lock);
	if (p->sessions_used < p->opt->session_count)
		taken = STEAL(p->opt->sessions[p->sessions_used]);
	p->sessions_used += taken != NULL;
	lock_drop(&p->lock);
	return taken;
}

static bool open_bytes(void *arg, struct source **out, const struct descriptor *d, struct err *err)
{
	struct push *p = arg;

	if (is_config(p, d)) {
		*out = source_mem(p->img->config_raw, p->img->config_raw_len);
		return true;
	}
	return transfer_open(out, p->r, p->img->blobs, d, err);
}

static bool push_blob(void *arg, size_t job, struct err *err)
{
	struct push *p = arg;
	const struct descriptor *d = p->blobs.items[job];
	struct reference recorded;
	bool is_recorded = seen_find(&recorded, &p->seen, d);
	const struct move_request request = {
		.to = p->ref,
		.d = d,
		.origin = origin_of(p, d),
		.guess = is_recorded ? &recorded : guess_of(p, d),
		.guess_had_it = is_recorded,
		.fresh = is_fresh(p, d),
		.doubt = p->doubt,
		.open = open_bytes,
		.session = take_session,
		.arg = p,
	};
	struct move_result moved;

	if (!move_blob(&moved, p->r, &request, err))
		return false;
	seen_add(&p->seen, d);
	if (moved.trusted)
		p->trusted = true;
	return true;
}

static void add_blob(struct push *p, const struct descriptor *d)
{
	for (size_t i = 0; i < p->blobs.len; i++)
		if (digest_eq(&p->blobs.items[i]->digest, &d->digest))
			return;
	*ARRAY_PUSH(&p->blobs) = d;
}

static void plan(struct push *p)
{
	const struct manifest *m = &p->img->manifest;

	client_expect(p->r, p->ref, ACCESS_PUSH);
	for (size_t i = 0; i < m->layer_count; i++) {
		const struct descriptor *d = &m->layers[i];
		const struct reference *from = origin_of(p, d);

		if (from && move_same_registry(from, p->ref))
			client_expect(p->r, from, ACCESS_PULL);
		add_blob(p, d);
	}
	add_blob(p, &m->config);
}

/* The tag must still be what the caller based its work on. */
static bool check_not_moved(struct push *p, struct err *err)
{
	const struct push_options *o = p->opt;
	struct digest now;
	struct err why = { 0 };
	bool there;

	if (!o->expect && !o->expect_absent)
		return true;
	there = registry_head_manifest(&now, p->r, p->ref, &why);
	if (!there && why.code != E_NOT_FOUND) {
		*err = why;
		return false;
	}
	if ((there && digest_eq(&now, &p->img->manifest.digest)) ||
	    (there && o->expect && digest_eq(&now, o->expect)) || (!there && o->expect_absent))
		return true;
	if (o->expect_absent)
		return err_set(err, E_INTEGRITY, "%s exists already, as %s",
			       reference_familiar(p->ref).text, digest_format(&now).text);
	err_set(err, E_INTEGRITY, "%s moved: it is %s now", reference_familiar(p->ref).text,
		there ? digest_format(&now).text : "gone");
	return err_hint(err, "somebody else changed it; look at it and try again");
}

static bool put_manifest(struct push *p, struct err *err)
{
	const struct manifest *m = &p->img->manifest;
	struct err why = { 0 };

	if (registry_put_manifest(p->r, p->ref, m->media_type, m->raw, m->raw_len, &why))
		return true;
	if (!p->trusted || !problem_is(&why, "BLOB_UNKNOWN")) {
		*err = why;
		return false;
	}
	event_detail(p->r->events, "%s: checking every blob", why.msg);
	p->doubt = true;
	return parallel_run(p->blobs.len, LIMIT_PARALLEL_TRANSFERS, push_blob, p, err) &&
	       registry_put_manifest(p->r, p->ref, m->media_type, m->raw, m->raw_len, err);
}

/* Nothing was built, so perhaps nothing is to be done: one request tells. */
static bool is_there(struct push *p)
{
	struct digest now;
	struct err ignored = { 0 };

	if (p->opt->fresh_count || p->opt->expect || p->opt->expect_absent || !p->ref->tag[0])
		return false;
	if (!registry_head_manifest(&now, p->r, p->ref, &ignored))
		return false;
	return digest_eq(&now, &p->img->manifest.digest);
}

/* Mounts want to read where the layers come from: in the first token, so that there is no other. */
static void expect_sources(struct push *p)
{
	for (size_t i = 0; i < p->blobs.len; i++) {
		const struct descriptor *d = p->blobs.items[i];
		const struct reference *from = origin_of(p, d);
		struct reference recorded;

		if (!from || !move_same_registry(from, p->ref))
			from = seen_find(&recorded, &p->seen, d) ? &recorded : guess_of(p, d);
		if (from)
			client_expect(p->r, from, ACCESS_PULL);
	}
}

static bool run(struct push *p, struct err *err)
{
	plan(p);
	seen_open(&p->seen, p->r->store, p->ref);
	expect_sources(p);
	if (is_there(p)) {
		atomic_fetch_add(&p->r->skipped, p->blobs.len);
		return true;
	}
	return parallel_run(p->blobs.len, LIMIT_PARALLEL_TRANSFERS, push_blob, p, err) &&
	       check_not_moved(p, err) && put_manifest(p, err);
}

static bool put_tags(struct push *p, const struct str_list *tags, struct err *err)
{
	const struct manifest *m = &p->img->manifest;

	for (size_t i = 0; tags && i < tags->len; i++) {
		struct reference tagged = *p->ref;

		if (!reference_set_tag(&tagged, tags->items[i], err) ||
		    !registry_put_manifest(p->r, &tagged, m->media_type, m->raw, m->raw_len, err))
			return false;
	}
	return true;
}

bool registry_push(struct registry *r, const struct image *img, const struct reference *ref,
		   const struct str_list *more_tags, const struct push_options *opt,
		   struct err *err)
{
	static const struct push_options none;
	struct push p = { .r = r, .img = img, .ref = ref, .opt = opt ? opt : &none };
	bool ok;

	lock_init(&p.lock);
	ok = run(&p, err) && put_tags(&p, more_tags, err);
	for (size_t i = 0; i < p.opt->session_count; i++)
		registry_upload_close(STEAL(p.opt->sessions[i]));
	if (ok)
		seen_save(&p.seen);
	seen_close(&p.seen);
	free(p.blobs.items);
	lock_free(&p.lock);
	return ok || err_wrap(err, "push to %s", reference_name(ref).text);
}
