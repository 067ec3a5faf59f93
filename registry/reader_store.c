// SPDX-License-Identifier: Apache-2.0
#include "registry/reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "registry/docker_archive.h"

/* The content store as a place to read from; and docker archives, which get there on the way. */

struct store_reader {
	struct reader reader;
	struct store *store;
	struct reference reference;
	struct image image; /* of a docker archive: documents that have no name in the store */
	bool has_image;
};

static bool take(struct registry_document *out, struct buf *raw, const char *media_type)
{
	*out = (struct registry_document){ .len = raw->len };
	out->digest = digest_of(raw->ptr, raw->len);
	out->content_type = mem_strdup(media_type);
	out->raw = buf_steal(raw);
	return true;
}

static bool find(struct registry_document *out, struct store *store, const struct reference *ref,
		 struct err *err)
{
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_MANIFEST);
	struct descriptor d = { 0 };

	return store_find_root(&raw, &d, store, ref, err) && take(out, &raw, d.media_type);
}

static bool root(struct reader *self, struct registry_document *out, struct err *err)
{
	struct store_reader *x = (struct store_reader *)self;
	const struct manifest *m = &x->image.manifest;
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_MANIFEST);

	if (!x->has_image)
		return find(out, x->store, &x->reference, err);
	buf_put_bytes(&raw, m->raw, m->raw_len);
	return take(out, &raw, m->media_type);
}

static bool document(struct reader *self, struct registry_document *out, const struct descriptor *d,
		     struct err *err)
{
	struct store_reader *x = (struct store_reader *)self;
	AUTO(buf_free) struct buf raw = BUF_INIT(LIMIT_MANIFEST);

	return store_read_blob(&raw, x->store, &d->digest, LIMIT_MANIFEST, err) &&
	       take(out, &raw, d->media_type);
}

static bool named(struct reader *self, struct registry_document *out, const char *name,
		  struct err *err)
{
	struct store_reader *x = (struct store_reader *)self;
	struct reference at = x->reference;

	at.has_digest = false;
	return reference_set_tag(&at, name, err) && find(out, x->store, &at, err);
}

static bool names(struct reader *self, struct str_list *out, bool all, bool *whole_out,
		  struct err *err)
{
	struct store_reader *x = (struct store_reader *)self;
	AUTO(store_list_free) struct store_list list = { 0 };

	(void)all;
	*whole_out = true;
	if (!store_images(&list, x->store, err))
		return false;
	for (size_t i = 0; i < list.len; i++) {
		const struct reference *ref = &list.items[i].reference;

		if (ref->tag[0] && reference_same_repository(ref, &x->reference))
			str_list_push(out, ref->tag);
	}
	return out->len || err_set(err, E_NOT_FOUND, "no image of %s is in the store",
				   reference_name(&x->reference).text);
}

static bool referrers(struct reader *self, struct registry_document *out,
		      const struct digest *subject, struct err *err)
{
	(void)self;
	(void)out;
	(void)subject;
	return err_set(err, E_UNSUPPORTED, "the store keeps no referrers");
}

static void close_reader(struct reader *self)
{
	struct store_reader *x = (struct store_reader *)self;

	if (x->has_image)
		image_free(&x->image);
	free(x);
}

static struct store_reader *make(struct store *store)
{
	struct store_reader *x = mem_alloc(sizeof(*x));

	x->store = store;
	x->reader = (struct reader){ .root = root,
				     .document = document,
				     .named = named,
				     .names = names,
				     .referrers = referrers,
				     .close = close_reader,
				     .blobs = store_blobs(store) };
	return x;
}

bool reader_of_store(struct reader **out, const struct place *place, const struct reader_env *env,
		     struct err *err)
{
	struct store_reader *x = make(env->store);

	(void)err;
	x->reference = place->reference;
	x->reader.guess = &x->reference; /* if it was pushed under its own name before */
	*out = &x->reader;
	return true;
}

bool reader_of_docker_archive(struct reader **out, const struct place *place,
			      const struct reader_env *env, struct err *err)
{
	struct store_reader *x = make(env->store);

	if (!docker_archive_read(&x->image, env->archive, place, env->store, env->events, err)) {
		free(x);
		return false;
	}
	x->has_image = true;
	*out = &x->reader;
	return true;
}
