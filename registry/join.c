// SPDX-License-Identifier: Apache-2.0
#include "registry/join.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "image/config.h"
#include "image/manifest.h"
#include "registry/tags.h"

/* An index that nobody has yet, over readers of what it lists. */

struct joined {
	struct reader reader;
	struct blob_source blobs;
	const struct join_request *request; /* while it is made */
	struct reader **images;
	size_t count;
	struct registry_document *documents; /* the images' own, read already */
	struct arena arena;
	struct index index;
	struct {
		struct descriptor *items;
		size_t len, cap;
	} entries;
	size_t *sources; /* of the entries: which image */
	struct lock lock;
	struct map owners; /* digest of a document or blob -> the image's reader */
};

static struct joined *joined_of(struct blob_source *self)
{
	return (struct joined *)((char *)self - offsetof(struct joined, blobs));
}

/* --- who has what --- */

static void own(struct joined *j, const struct digest *d, struct reader *image)
{
	lock_take(&j->lock);
	if (!map_has(&j->owners, digest_hex(d).text))
		map_put(&j->owners, digest_hex(d).text, image);
	lock_drop(&j->lock);
}

static struct reader *owner_of(struct joined *j, const struct digest *d)
{
	struct reader *owner;

	lock_take(&j->lock);
	owner = map_get(&j->owners, digest_hex(d).text);
	lock_drop(&j->lock);
	return owner;
}

static bool not_here(struct err *err, const struct digest *d)
{
	return err_set(err, E_NOT_FOUND, "%s is not of these images", digest_format(d).text);
}

/* What a document lists is where it is. */
static bool own_parts(struct joined *j, const struct registry_document *doc, struct reader *image,
		      struct err *err)
{
	AUTO(arena_free) struct arena arena = { 0 };
	enum media_kind kind;
	struct manifest m;
	struct index x;

	own(j, &doc->digest, image);
	if (!manifest_sniff(&kind, doc->raw, doc->len, doc->content_type, err))
		return false;
	if (kind == MEDIA_INDEX) {
		if (!index_parse(&x, doc->raw, doc->len, doc->content_type, &arena, err))
			return false;
		for (size_t i = 0; i < x.manifest_count; i++)
			own(j, &x.manifests[i].digest, image);
		return true;
	}
	if (!manifest_parse(&m, doc->raw, doc->len, doc->content_type, &arena, err))
		return false;
	own(j, &m.config.digest, image);
	for (size_t i = 0; i < m.layer_count; i++)
		own(j, &m.layers[i].digest, image);
	return true;
}

/* --- as a place to read from --- */

static void copy_document(struct registry_document *out, const char *raw, size_t len,
			  const char *type, const struct digest *digest)
{
	*out = (struct registry_document){ .raw = mem_dup(raw, len),
					   .len = len,
					   .content_type = type ? mem_strdup(type) : NULL,
					   .digest = *digest };
}

static bool root(struct reader *self, struct registry_document *out, struct err *err)
{
	const struct index *x = &((struct joined *)self)->index;

	(void)err;
	copy_document(out, x->raw, x->raw_len, x->media_type, &x->digest);
	return true;
}

static bool document(struct reader *self, struct registry_document *out, const struct descriptor *d,
		     struct err *err)
{
	struct joined *j = (struct joined *)self;
	struct reader *owner = owner_of(j, &d->digest);

	for (size_t i = 0; i < j->count; i++) {
		const struct registry_document *have = &j->documents[i];

		if (digest_eq(&have->digest, &d->digest)) {
			copy_document(out, have->raw, have->len, have->content_type, &have->digest);
			return true;
		}
	}
	if (!owner)
		return not_here(err, &d->digest);
	if (!owner->document(owner, out, d, err))
		return false;
	if (own_parts(j, out, owner, err))
		return true;
	registry_document_free(out);
	return false;
}

/* cosign's tags begin with the digest they speak of. */
static bool named(struct reader *self, struct registry_document *out, const char *name,
		  struct err *err)
{
	struct joined *j = (struct joined *)self;
	struct reader *owner = NULL;
	const char *suffix;
	struct digest of;

	if (tags_is_of_digest(&of, &suffix, name))
		owner = owner_of(j, &of);
	if (!owner || !owner->named || !owner->has_signatures)
		return err_set(err, E_NOT_FOUND, "%s is not of these images", name);
	if (!owner->named(owner, out, name, err))
		return false;
	return own_parts(j, out, owner, err);
}

static bool names(struct reader *self, struct str_list *out, bool all, bool *whole_out,
		  struct err *err)
{
	(void)self, (void)out, (void)all;
	*whole_out = false;
	return err_set(err, E_UNSUPPORTED, "no list of names");
}

static bool referrers(struct reader *self, struct registry_document *out,
		      const struct digest *subject, struct err *err)
{
	struct joined *j = (struct joined *)self;
	struct reader *owner = owner_of(j, subject);

	if (!owner || !owner->referrers || !owner->has_signatures)
		return err_set(err, E_UNSUPPORTED, "no referrers");
	return owner->referrers(owner, out, subject, err) && own_parts(j, out, owner, err);
}

static const struct reference *repository_of(struct reader *self, const struct digest *d)
{
	const struct reader *owner = owner_of((struct joined *)self, d);

	return owner ? owner->repository : NULL;
}

static bool blobs_open(struct blob_source *self, struct source **out, const struct descriptor *d,
		       struct err *err)
{
	struct reader *owner = owner_of(joined_of(self), &d->digest);

	return owner ? owner->blobs->open(owner->blobs, out, d, err) : not_here(err, &d->digest);
}

static const struct reference *blobs_origin(struct blob_source *self, const struct descriptor *d)
{
	struct reader *owner = owner_of(joined_of(self), &d->digest);

	return owner && owner->blobs->origin ? owner->blobs->origin(owner->blobs, d) : NULL;
}

static void close_joined(struct reader *self)
{
	struct joined *j = (struct joined *)self;

	for (size_t i = 0; i < j->count; i++) {
		registry_document_free(&j->documents[i]);
		reader_close(j->images[i]);
	}
	free(j->images);
	free(j->documents);
	free(j->entries.items);
	free(j->sources);
	map_free(&j->owners);
	arena_free(&j->arena);
	lock_free(&j->lock);
	free(j);
}

/* --- making the index --- */

static bool both(const struct joined *j, size_t first, size_t second, const struct platform *p,
		 struct err *err)
{
	const char *const *called = j->request->names;

	if (first == second)
		err_set(err, E_INPUT, "%s has two images for %s", called[first],
			platform_format(p).text);
	else
		err_set(err, E_INPUT, "%s and %s are both for %s", called[first], called[second],
			platform_format(p).text);
	return err_hint(err, "an index has one image for each platform");
}

static bool add_entry(struct joined *j, size_t image, const struct descriptor *d, struct err *err)
{
	for (size_t i = 0; i < j->entries.len; i++) {
		const struct descriptor *have = &j->entries.items[i];

		if (digest_eq(&have->digest, &d->digest))
			return true;
		if (index_entry_is_image(have) && index_entry_is_image(d) &&
		    platform_eq(&have->platform, &d->platform))
			return both(j, j->sources[i], image, &d->platform, err);
	}
	if (j->entries.len == LIMIT_INDEX_ENTRIES)
		return err_set(err, E_INPUT, "more than %d images", LIMIT_INDEX_ENTRIES);
	j->sources[j->entries.len] = image;
	*ARRAY_PUSH(&j->entries) = *d;
	return true;
}

static bool add_index(struct joined *j, size_t image, const struct registry_document *doc,
		      struct err *err)
{
	struct index x;

	if (!index_parse(&x, doc->raw, doc->len, doc->content_type, &j->arena, err))
		return false;
	for (size_t i = 0; i < x.manifest_count; i++)
		if (!add_entry(j, image, &x.manifests[i], err))
			return false;
	return true;
}

static bool add_manifest(struct joined *j, size_t image, const struct registry_document *doc,
			 struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_CONFIG);
	AUTO(config_free) struct config config = { 0 };
	struct descriptor d = { .digest = doc->digest, .size = (int64_t)doc->len };
	struct manifest m;

	if (!manifest_parse(&m, doc->raw, doc->len, doc->content_type, &j->arena, err))
		return false;
	if (media_find(m.config.media_type)->kind != MEDIA_CONFIG)
		return err_set(err, E_INPUT, "it is no image: its configuration is %s",
			       m.config.media_type);
	if (!reader_config(&text, j->images[image], &m.config, err) ||
	    !config_parse(&config, text.ptr, text.len, err))
		return false;
	d.media_type = m.media_type;
	d.platform = config_platform(&config);
	if (!d.platform.os[0])
		return err_set(err, E_INPUT, "its configuration does not say its platform");
	return add_entry(j, image, &d, err);
}

static bool read_one(void *arg, size_t i, struct err *err)
{
	struct joined *j = arg;
	struct reader *image = j->images[i];

	return (image->root(image, &j->documents[i], err) &&
		own_parts(j, &j->documents[i], image, err)) ||
	       err_wrap(err, "%s", j->request->names[i]);
}

static bool add_all(struct joined *j, struct err *err)
{
	for (size_t i = 0; i < j->count; i++) {
		const struct registry_document *doc = &j->documents[i];
		enum media_kind kind;

		if (!manifest_sniff(&kind, doc->raw, doc->len, doc->content_type, err) ||
		    !(kind == MEDIA_INDEX ? add_index(j, i, doc, err)
					  : add_manifest(j, i, doc, err)))
			return err_wrap(err, "%s", j->request->names[i]);
	}
	return true;
}

static bool make_index(struct joined *j, struct err *err)
{
	enum media_family family = FAMILY_DOCKER;

	for (size_t i = 0; i < j->entries.len; i++)
		if (media_find(j->entries.items[i].media_type)->family != FAMILY_DOCKER)
			family = FAMILY_OCI;
	if (family == FAMILY_DOCKER && j->request->annotations.len)
		return err_set(err, E_UNSUPPORTED, "Docker's manifest lists have no annotations");
	j->index = (struct index){ .media_type = media_text(MEDIA_INDEX, family, COMPRESSION_NONE),
				   .manifests = j->entries.items,
				   .manifest_count = j->entries.len,
				   .annotations = j->request->annotations };
	index_encode(&j->index, &j->arena);
	return true;
}

bool reader_join(struct reader **out, const struct join_request *request, struct err *err)
{
	struct joined *j = mem_alloc(sizeof(*j));
	bool ok;

	j->reader = (struct reader){ .root = root,
				     .document = document,
				     .named = named,
				     .names = names,
				     .referrers = referrers,
				     .close = close_joined,
				     .repository_of = repository_of,
				     .blobs = &j->blobs };
	j->blobs = (struct blob_source){ blobs_open, blobs_origin };
	j->request = request;
	j->count = request->count;
	j->images = mem_dup(request->images, request->count * sizeof(*j->images));
	j->documents = mem_alloc((request->count + 1) * sizeof(*j->documents));
	j->sources = mem_alloc((LIMIT_INDEX_ENTRIES + 1) * sizeof(*j->sources));
	lock_init(&j->lock);
	for (size_t i = 0; i < j->count; i++)
		j->reader.has_signatures = j->reader.has_signatures || j->images[i]->has_signatures;
	ok = parallel_run(j->count, LIMIT_PARALLEL_TRANSFERS, read_one, j, err) &&
	     add_all(j, err) && make_index(j, err);
	j->request = NULL;
	if (!ok)
		close_joined(&j->reader);
	*out = ok ? &j->reader : NULL;
	return ok;
}
