// SPDX-License-Identifier: Apache-2.0
#include "registry/writer.h"

#include <stdlib.h>

#include "base/mem.h"
#include "registry/client.h"
#include "registry/placed.h"
#include "registry/put_tags.h"
#include "registry/referrers.h"
#include "registry/registry.h"
#include "registry/seen.h"
#include "registry/state.h"
#include "registry/transfer.h"

/* Registries and the store as places to write to. Archives are writer_archive.c's. */

bool writer_open(struct writer **out, const struct place *place, const struct writer_env *env,
		 struct err *err)
{
	/* clang-format off */
	static bool (*const kinds[])(struct writer **, const struct place *,
				     const struct writer_env *, struct err *) = {
		[PLACE_REGISTRY]       = writer_to_registry,
		[PLACE_STORE]          = writer_to_store,
		[PLACE_LAYOUT]         = writer_to_archive,
		[PLACE_OCI_ARCHIVE]    = writer_to_archive,
		[PLACE_DOCKER_ARCHIVE] = writer_to_archive,
	};
	/* clang-format on */
	AUTO(auto_free) char *text = place_text(place);

	if (place->has_digest ||
	    (place->kind <= PLACE_STORE && place->reference.has_digest && !place->reference.tag[0]))
		return err_set(err, E_USAGE, "'%s': write to a tag, not to a digest", text);
	return kinds[place->kind](out, place, env, err);
}

void writer_close(struct writer *w)
{
	if (w)
		w->close(w);
}

static void close_plain(struct writer *self)
{
	free(self);
}

static bool named(struct reference *out, const struct reference *base, const char *name,
		  struct err *err)
{
	*out = *base;
	out->has_digest = false;
	return reference_set_tag(out, name, err);
}

/* --- registries --- */

struct registry_writer {
	struct writer writer;
	struct registry *r;
	struct reference reference;
	struct seen seen; /* what earlier pushes left where */
};

/* A mount wants to read where the blob is. */
static void expect_mount(const struct registry_writer *w, const struct reference *from)
{
	if (from && move_same_registry(from, &w->reference) &&
	    !reference_same_repository(from, &w->reference))
		client_expect(w->r, from, ACCESS_PULL);
}

static void expect_layer(struct registry_writer *w, struct reader *from, const struct descriptor *d)
{
	struct blob_source *blobs = from->blobs;
	const struct reference *origin = blobs->origin ? blobs->origin(blobs, d) : NULL;
	struct reference recorded;

	if (seen_find(&recorded, &w->seen, d) &&
	    (!origin || !move_same_registry(origin, &w->reference)))
		origin = &recorded;
	expect_mount(w, origin);
}

static void expect_origins(struct registry_writer *w, struct reader *from,
			   const struct registry_document *root)
{
	AUTO(arena_free) struct arena arena = { 0 };
	struct err not_an_image = { 0 };
	struct manifest m;

	if (!manifest_parse(&m, root->raw, root->len, root->content_type, &arena, &not_an_image))
		return;
	for (size_t i = 0; i < m.layer_count; i++)
		expect_layer(w, from, &m.layers[i]);
}

/* A reader of a registry has said for itself what it needs; others are asked without a request. */
static void registry_prepare(struct writer *self, struct reader *from)
{
	struct registry_writer *w = (struct registry_writer *)self;
	struct registry_document root = { 0 };
	struct err ignored = { 0 };

	if (from->repository)
		return;
	expect_mount(w, from->guess);
	if (from->root(from, &root, &ignored))
		expect_origins(w, from, &root);
	registry_document_free(&root);
}

static bool registry_holds(struct writer *self, struct digest *out, const char *name,
			   struct err *err)
{
	struct registry_writer *w = (struct registry_writer *)self;
	struct reference at;

	if (!named(&at, &w->reference, name, err))
		return false;
	if (registry_head_manifest(out, w->r, &at, err))
		return true;
	if (err->code != E_NOT_FOUND || !placed_planned_tag(out, w->r, &at))
		return false;
	err_clear(err);
	return true;
}

static void registry_plan_name(struct writer *self, const char *name, const struct digest *d)
{
	struct registry_writer *w = (struct registry_writer *)self;
	struct err ignored = { 0 };
	struct reference at;

	if (named(&at, &w->reference, name, &ignored))
		placed_plan_tag(w->r, &at, d);
}

struct bytes {
	struct registry *r;
	struct blob_source *blobs;
};

static bool open_bytes(void *arg, struct source **out, const struct descriptor *d, struct err *err)
{
	struct bytes *b = arg;

	return transfer_open(out, b->r, b->blobs, d, err);
}

static bool registry_blob(struct writer *self, struct move_result *out, const struct descriptor *d,
			  struct reader *from, bool plan, struct err *err)
{
	struct registry_writer *w = (struct registry_writer *)self;
	struct blob_source *blobs = from->blobs;
	struct bytes bytes = { w->r, blobs };
	const struct reference *guess = from->guess;
	struct reference recorded;
	bool again = plan && placed_planned(w->r, &w->reference, &d->digest);
	bool is_recorded = !from->repository && !again && seen_find(&recorded, &w->seen, d);
	const struct move_request request = {
		.to = &w->reference,
		.d = d,
		.origin = from->repository ? from->repository
			  : blobs->origin  ? blobs->origin(blobs, d)
					   : NULL,
		.guess = is_recorded ? &recorded
			 : guess && move_same_registry(guess, &w->reference) &&
					 !reference_same_repository(guess, &w->reference)
				 ? guess
				 : NULL,
		.guess_had_it = is_recorded,
		.doubt = self->doubt,
		.plan = plan,
		.open = open_bytes,
		.arg = &bytes,
	};

	if (!move_blob(out, w->r, &request, err))
		return false;
	if (!plan)
		seen_add(&w->seen, d);
	if (again && out->how == MOVED_SENT) /* by then it is there */
		*out = (struct move_result){ .how = MOVED_SKIPPED };
	return true;
}

static void close_registry(struct writer *self)
{
	struct registry_writer *w = (struct registry_writer *)self;

	seen_save(&w->seen);
	seen_close(&w->seen);
	close_plain(self);
}

static bool registry_put(struct writer *self, const struct graph_node *n, const char *name,
			 struct err *err)
{
	struct registry_writer *w = (struct registry_writer *)self;
	struct reference at = w->reference;

	at.has_digest = !name;
	at.digest = n->document.digest;
	at.tag[0] = '\0';
	return (!name || reference_set_tag(&at, name, err)) &&
	       registry_put_manifest(w->r, &at, n->media_type, n->document.raw, n->document.len,
				     err);
}

static bool registry_put_names(struct writer *self, const struct graph_node *n,
			       const struct str_list *names, struct err *err)
{
	struct registry_writer *w = (struct registry_writer *)self;
	const struct tagged_document doc = { n->media_type, n->document.raw, n->document.len,
					     n->document.digest };

	return registry_put_tags(w->r, &w->reference, &doc, names, err);
}

static bool registry_refer(struct writer *self, const struct digest *subject,
			   const struct descriptor *list, size_t count, struct err *err)
{
	struct registry_writer *w = (struct registry_writer *)self;
	bool wrote;

	return registry_referrers_record(&wrote, w->r, &w->reference, subject, list, count, err);
}

bool writer_to_registry(struct writer **out, const struct place *place,
			const struct writer_env *env, struct err *err)
{
	struct registry_writer *w = mem_alloc(sizeof(*w));

	(void)err;
	w->r = env->registry;
	w->reference = place->reference;
	reference_default_tag(&w->reference);
	registry_expect_push(w->r, &w->reference);
	w->writer = (struct writer){ .prepare = registry_prepare,
				     .holds = registry_holds,
				     .blob = registry_blob,
				     .plan_name = registry_plan_name,
				     .put = registry_put,
				     .put_names = registry_put_names,
				     .refer = registry_refer,
				     .close = close_registry,
				     .puts_at_once = true,
				     .repository = &w->reference,
				     .name = w->reference.tag,
				     .takes_signatures = true };
	seen_open(&w->seen, w->r->store, &w->reference);
	*out = &w->writer;
	return true;
}

/* --- the store --- */

struct store_writer {
	struct writer writer;
	struct store *store;
	struct registry *r; /* for what a blob_source only knows the origin of; may be NULL */
	struct events *events;
	struct reference reference;
};

static bool store_holds(struct writer *self, struct digest *out, const char *name, struct err *err)
{
	struct store_writer *w = (struct store_writer *)self;
	AUTO(buf_free) struct buf raw = BUF_INIT(SIZE_MAX / 2);
	struct descriptor d = { 0 };
	struct reference at;

	if (!named(&at, &w->reference, name, err) || !store_find_root(&raw, &d, w->store, &at, err))
		return false;
	*out = d.digest;
	/* listed, but its layers were never fetched */
	return store_is_complete(w->store, &at) ||
	       err_set(err, E_NOT_FOUND, "%s is not complete", reference_familiar(&at).text);
}

static bool store_blob(struct writer *self, struct move_result *out, const struct descriptor *d,
		       struct reader *from, bool plan, struct err *err)
{
	struct store_writer *w = (struct store_writer *)self;

	*out = (struct move_result){ .how = MOVED_SKIPPED };
	if (store_has_blob(w->store, &d->digest, d->size))
		return true;
	out->how = MOVED_SENT;
	return plan || transfer_keep(w->store, w->r, from->blobs, d, w->events, err);
}

static bool store_put(struct writer *self, const struct graph_node *n, const char *name,
		      struct err *err)
{
	struct store_writer *w = (struct store_writer *)self;
	struct descriptor d = graph_descriptor(n);
	struct reference at;
	struct digest ignored;

	d.annotations = (struct json_pairs){ 0 };
	return store_put_bytes(&ignored, w->store, n->document.raw, n->document.len, err) &&
	       (!name || (named(&at, &w->reference, name, err) &&
			  store_put_root(w->store, &d, NULL, &at, err)));
}

bool writer_to_store(struct writer **out, const struct place *place, const struct writer_env *env,
		     struct err *err)
{
	struct store_writer *w = mem_alloc(sizeof(*w));

	(void)err;
	w->store = env->store;
	w->r = env->registry;
	w->events = env->events;
	w->reference = place->reference;
	reference_default_tag(&w->reference);
	w->writer = (struct writer){ .holds = store_holds,
				     .blob = store_blob,
				     .put = store_put,
				     .close = close_plain,
				     .name = w->reference.tag };
	*out = &w->writer;
	return true;
}
