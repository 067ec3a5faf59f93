// SPDX-License-Identifier: Apache-2.0
#include "registry/push.h"

#include <stdlib.h>

#include "base/counters.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/client.h"
#include "registry/learn.h"
#include "registry/move.h"
#include "registry/placed.h"
#include "registry/problem.h"
#include "registry/put_tags.h"
#include "registry/seen.h"
#include "registry/standby.h"
#include "registry/transfer.h"

/* Images to a registry with as few requests as are safe. One blob's way is move.c's. */

/* A blob, and the image that knows where it comes from. */
struct push_blob {
	const struct image *img;
	const struct descriptor *d;
};

struct push {
	struct registry *r;
	const struct image *images;
	size_t count;
	const struct index *index; /* NULL: one image alone */
	const struct reference *ref;
	const struct push_options *opt;
	struct {
		struct push_blob *items;
		size_t len, cap;
	} blobs;              /* each once */
	bool doubt;           /* second round: what was taken on trust is checked */
	_Atomic bool trusted; /* something was */
	struct lock lock;
	size_t sessions_used;
	struct str_list tags; /* that are to hold it */
	bool *held;           /* which of them do */
	bool may_put;         /* as far as `ask` says */
	struct seen seen;     /* what earlier pushes left where */
};

/* --- the blobs --- */

static bool is_config(const struct push_blob *b)
{
	return b->d == &b->img->manifest.config;
}

static const struct reference *origin_of(const struct push_blob *b)
{
	struct blob_source *blobs = b->img->blobs;

	return !is_config(b) && blobs && blobs->origin ? blobs->origin(blobs, b->d) : NULL;
}

/* Where a layer could be mounted from if the caller is right. */
static const struct reference *guess_of(const struct push *p, const struct push_blob *b)
{
	const struct reference *from = p->opt->mount_from;

	return from && !is_config(b) && move_same_registry(from, p->ref) &&
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

/* What one blob's move has to know. */
struct job {
	struct push *push;
	const struct push_blob *blob;
	struct upload *session; /* opened ahead, taken for it without a question; NULL */
};

/* A session the caller opened ahead, while there are any. */
static struct upload *take_session(void *arg)
{
	struct job *job = arg;
	struct push *p = job->push;
	struct upload *taken = STEAL(job->session);

	if (taken)
		return taken;
	lock_take(&p->lock);
	if (p->sessions_used < p->opt->session_count)
		taken = STEAL(p->opt->sessions[p->sessions_used]);
	p->sessions_used += taken != NULL;
	lock_drop(&p->lock);
	return taken ? taken : standby_take(p->r, p->ref);
}

/* What is small and may be there is sent in vain a round trip earlier than its absence is known. */
static struct upload *take_unasked(const struct push *p, const struct push_blob *b)
{
	return !p->doubt && !origin_of(b) && b->d->size <= LIMIT_UNASKED
		       ? standby_take(p->r, p->ref)
		       : NULL;
}

static bool open_bytes(void *arg, struct source **out, const struct descriptor *d, struct err *err)
{
	const struct job *job = arg;
	const struct image *img = job->blob->img;

	if (is_config(job->blob)) {
		*out = source_mem(img->config_raw, img->config_raw_len);
		return true;
	}
	return transfer_open(out, job->push->r, img->blobs, d, err);
}

/* Another repository that has it by what is known: of this client's own pushes, or earlier ones'.
 */
static bool find_recorded(struct reference *out, struct push *p, const struct descriptor *d)
{
	return (placed_find(out, p->r, p->ref, &d->digest) &&
		!reference_same_repository(out, p->ref)) ||
	       seen_find(out, &p->seen, d);
}

static bool move(struct push *p, struct job job, struct err *err)
{
	struct reference recorded;
	bool is_recorded = find_recorded(&recorded, p, job.blob->d), ok;
	job.session = is_recorded ? NULL : take_unasked(p, job.blob);
	const struct move_request request = {
		.to = p->ref,
		.d = job.blob->d,
		.origin = origin_of(job.blob),
		.guess = is_recorded ? &recorded : guess_of(p, job.blob),
		.guess_had_it = is_recorded,
		.fresh = job.session || (!is_recorded && is_fresh(p, job.blob->d)),
		.doubt = p->doubt,
		.open = open_bytes,
		.session = take_session,
		.arg = &job,
	};
	struct move_result moved;

	ok = move_blob(&moved, p->r, &request, err);
	registry_upload_close(job.session);
	if (!ok)
		return false;
	if (!descriptor_is_foreign(job.blob->d)) /* may have been left where it is */
		seen_add(&p->seen, job.blob->d);
	if (moved.trusted)
		p->trusted = true;
	return true;
}

static bool push_one(void *arg, size_t index, struct err *err)
{
	struct push *p = arg;
	struct job job = { p, &p->blobs.items[index], NULL };
	const struct descriptor *d = job.blob->d;
	bool ok;

	placed_begin(p->r, p->ref, &d->digest);
	ok = move(p, job, err);
	placed_end(p->r, p->ref, &d->digest, ok && !descriptor_is_foreign(d));
	return ok;
}

static bool push_blobs(struct push *p, struct err *err)
{
	return parallel_run(p->blobs.len, LIMIT_PARALLEL_TRANSFERS, push_one, p, err);
}

static bool ask_or_push(void *arg, size_t job, struct err *err)
{
	struct push *p = arg;

	return job ? push_one(p, job - 1, err) : p->opt->ask(p->opt->ask_arg, &p->may_put, err);
}

/* The question goes beside the first blobs. */
static bool push_and_ask(struct push *p, struct err *err)
{
	p->may_put = true;
	if (!p->opt->ask)
		return push_blobs(p, err);
	return parallel_run(1 + p->blobs.len, 1 + LIMIT_PARALLEL_TRANSFERS, ask_or_push, p, err);
}

static void add_blob(struct push *p, struct map *seen, const struct image *img,
		     const struct descriptor *d)
{
	struct digest_text text = digest_format(&d->digest);

	if (map_has(seen, text.text))
		return;
	map_put(seen, text.text, NULL);
	*ARRAY_PUSH(&p->blobs) = (struct push_blob){ img, d };
}

static void list_blobs(struct push *p)
{
	AUTO(map_free) struct map seen = { 0 };

	for (size_t i = 0; i < p->count; i++) {
		const struct manifest *m = &p->images[i].manifest;

		for (size_t k = 0; k < m->layer_count; k++)
			add_blob(p, &seen, &p->images[i], &m->layers[k]);
		add_blob(p, &seen, &p->images[i], &m->config);
	}
}

/* What will be needed, for the first token: mounts want to read where the layers come from. */
static void expect_access(struct push *p)
{
	client_expect(p->r, p->ref, ACCESS_PUSH);
	for (size_t i = 0; i < p->blobs.len; i++) {
		const struct push_blob *b = &p->blobs.items[i];
		const struct reference *from = origin_of(b);
		struct reference recorded;

		if (!from || !move_same_registry(from, p->ref))
			from = seen_find(&recorded, &p->seen, b->d) ? &recorded : guess_of(p, b);
		if (from)
			client_expect(p->r, from, ACCESS_PULL);
	}
}

/* --- the documents --- */

static struct tagged_document root_of(const struct push *p)
{
	const struct manifest *m = &p->images[0].manifest;
	const struct index *x = p->index;

	return x ? (struct tagged_document){ x->media_type, x->raw, x->raw_len, x->digest }
		 : (struct tagged_document){ m->media_type, m->raw, m->raw_len, m->digest };
}

static bool put_child(void *arg, size_t i, struct err *err)
{
	const struct push *p = arg;
	const struct manifest *m = &p->images[i].manifest;
	struct reference at = *p->ref;

	at.tag[0] = '\0';
	at.has_digest = true;
	at.digest = m->digest;
	return registry_put_manifest(p->r, &at, m->media_type, m->raw, m->raw_len, err);
}

static bool put_root(struct push *p, struct err *err)
{
	const struct tagged_document root = root_of(p);
	AUTO(str_list_free) struct str_list tags = { 0 };

	for (size_t i = 0; i < p->tags.len; i++)
		if (!p->held[i])
			str_list_push(&tags, p->tags.items[i]);
	if (p->tags.len)
		return !tags.len || registry_put_tags(p->r, p->ref, &root, &tags, err);
	return registry_put_manifest(p->r, p->ref, root.media_type, root.raw, root.len, err);
}

static bool put_documents(struct push *p, struct err *err)
{
	return (!p->index || parallel_run(p->count, LIMIT_PARALLEL_TRANSFERS, put_child, p, err)) &&
	       put_root(p, err);
}

/* The registry may have said to have what it has not (ECR Public's mounts): every blob is checked.
 */
static bool put_or_doubt(struct push *p, struct err *err)
{
	struct err why = { 0 };

	if (put_documents(p, &why))
		return true;
	if (!p->trusted || !problem_is(&why, "BLOB_UNKNOWN")) {
		*err = why;
		return false;
	}
	event_detail(p->r->events, "%s: checking every blob", why.msg);
	learn(p->r, p->ref, LEARN_MOUNT, KNOWN_NO);
	p->doubt = true;
	return push_blobs(p, err) && put_documents(p, err);
}

/* --- the tags --- */

/* The tag must still be what the caller based its work on. */
static bool check_not_moved(struct push *p, struct err *err)
{
	const struct push_options *o = p->opt;
	const struct tagged_document root = root_of(p);
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
	if ((there && digest_eq(&now, &root.digest)) ||
	    (there && o->expect && digest_eq(&now, o->expect)) || (!there && o->expect_absent))
		return true;
	if (o->expect_absent)
		return err_set(err, E_INTEGRITY, "%s exists already, as %s",
			       reference_familiar(p->ref).text, digest_format(&now).text);
	err_set(err, E_INTEGRITY, "%s moved: it is %s now", reference_familiar(p->ref).text,
		there ? digest_format(&now).text : "gone");
	return err_hint(err, "somebody else changed it; look at it and try again");
}

static bool look_at_tag(void *arg, size_t i, struct err *err)
{
	struct push *p = arg;
	const struct tagged_document root = root_of(p);
	struct reference at = *p->ref;
	struct digest now;
	struct err ignored = { 0 }; /* the PUT will tell */

	at.has_digest = false;
	if (!reference_set_tag(&at, p->tags.items[i], err))
		return false;
	p->held[i] =
		registry_head_manifest(&now, p->r, &at, &ignored) && digest_eq(&now, &root.digest);
	return true;
}

/* Nothing was built, so perhaps little is to be done: one request a tag tells. *whole_out: under
 * one of them it is there, so all its blobs are. */
static bool look_at_tags(bool *whole_out, struct push *p, struct err *err)
{
	const struct push_options *o = p->opt;

	*whole_out = false;
	if (o->is_new || o->fresh_count || o->expect || o->expect_absent || o->ask)
		return true;
	if (!parallel_run(p->tags.len, LIMIT_PARALLEL_TRANSFERS, look_at_tag, p, err))
		return false;
	for (size_t i = 0; i < p->tags.len; i++)
		*whole_out = *whole_out || p->held[i];
	return true;
}

static void list_tags(struct push *p, const struct str_list *more)
{
	if (p->ref->tag[0] && !p->ref->has_digest)
		str_list_push(&p->tags, p->ref->tag);
	for (size_t i = 0; more && i < more->len; i++)
		if (!str_list_has(&p->tags, more->items[i]))
			str_list_push(&p->tags, more->items[i]);
	p->held = mem_alloc((p->tags.len + 1) * sizeof(*p->held));
}

/* --- the whole --- */

static bool run(struct push *p, struct err *err)
{
	bool whole;

	list_blobs(p);
	seen_open(&p->seen, p->r->store, p->ref);
	expect_access(p);
	if (!look_at_tags(&whole, p, err))
		return false;
	if (whole) {
		counter_add(COUNTER_BLOBS_SKIPPED, p->blobs.len);
		return put_root(p, err);
	}
	return push_and_ask(p, err) &&
	       (!p->may_put || (check_not_moved(p, err) && put_or_doubt(p, err)));
}

static bool push(struct push *p, const struct str_list *more_tags, struct err *err)
{
	static const struct push_options none;
	bool ok;

	if (!p->opt)
		p->opt = &none;
	lock_init(&p->lock);
	list_tags(p, more_tags);
	ok = run(p, err);
	for (size_t i = 0; i < p->opt->session_count; i++)
		registry_upload_close(STEAL(p->opt->sessions[i]));
	if (ok)
		seen_save(&p->seen);
	seen_close(&p->seen);
	free(p->blobs.items);
	free(p->held);
	str_list_free(&p->tags);
	lock_free(&p->lock);
	return ok || err_wrap(err, "push to %s", reference_name(p->ref).text);
}

bool registry_push(struct registry *r, const struct image *img, const struct reference *ref,
		   const struct str_list *more_tags, const struct push_options *opt,
		   struct err *err)
{
	struct push p = { .r = r, .images = img, .count = 1, .ref = ref, .opt = opt };

	return push(&p, more_tags, err);
}

bool registry_push_index(struct registry *r, const struct index *x, const struct image *images,
			 size_t count, const struct reference *ref,
			 const struct str_list *more_tags, const struct push_options *opt,
			 struct err *err)
{
	struct push p = {
		.r = r, .images = images, .count = count, .index = x, .ref = ref, .opt = opt
	};

	return push(&p, more_tags, err);
}
