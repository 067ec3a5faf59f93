// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "image/store_private.h"

/* Putting images: their documents become blobs, then one of the two lists names them. */

/* A walk that claims what is here and collects what is not. */
struct put_walk {
	struct store_walk walk;    /* first: visitors get it */
	struct blob_source *blobs; /* NULL: no origins but the store's own */
	struct {
		struct sparse_blob *items;
		size_t len, cap;
	} absent;
	struct {
		struct digest *items;
		size_t len, cap;
	} present;
	struct arena arena;
};

static void put_walk_free(struct put_walk *p)
{
	store_walk_free(&p->walk);
	free(p->absent.items);
	free(p->present.items);
	arena_free(&p->arena);
}

static bool put_visit(struct store_walk *w, const struct descriptor *d, int64_t have,
		      struct err *err)
{
	struct put_walk *p = (struct put_walk *)w;
	const struct reference *origin = NULL;
	struct sparse_blob *absent;

	if (have == d->size) {
		*ARRAY_PUSH(&p->present) = d->digest;
		return store_claim(w->store, &d->digest, err);
	}
	if (p->blobs && p->blobs->origin)
		origin = p->blobs->origin(p->blobs, d);
	if (!origin)
		origin = store_blob_origin(w->store, &d->digest);
	if (!origin)
		return err_set(err, E_NOT_FOUND,
			       "blob %s (%s) is not in the store, and nobody knows where it is",
			       digest_format(&d->digest).text, d->media_type);
	absent = ARRAY_PUSH(&p->absent);
	absent->descriptor.media_type = arena_strdup(&p->arena, d->media_type);
	absent->descriptor.digest = d->digest;
	absent->descriptor.size = d->size;
	absent->origin = *origin;
	absent->origin.tag[0] = '\0';
	absent->origin.has_digest = false;
	return true;
}

static bool put_unreadable(struct store_walk *w, const struct descriptor *d, struct err *err)
{
	(void)w;
	return err_wrap(err, "document %s", digest_format(&d->digest).text);
}

/* Blobs on their way to the disk. */
struct syncing {
	struct store *store;
	const struct digest *blobs;
	size_t count;
	bool (*sync)(int fd);
};

static bool begin_write(int fd)
{
	(void)!sync_file_range(fd, 0, 0, SYNC_FILE_RANGE_WRITE); /* not every file system can */
	return true;
}

static bool end_write(int fd)
{
	return fsync(fd) == 0;
}

static bool sync_one(void *arg, size_t job, struct err *err)
{
	const struct syncing *all = arg;
	const struct digest *blob = &all->blobs[job];
	AUTO(auto_close) int fd = -1;

	if (!store_blob_fd(&fd, all->store, blob, err))
		return false;
	return all->sync(fd) ||
	       err_set_errno(err, "%s: blob %s", all->store->path, digest_format(blob).text);
}

/* Begun one after the other, waited for together: each wait is the disk's, and several share one
 * flush of its cache. */
static bool sync_all(struct syncing *all, struct err *err)
{
	enum { TOGETHER = 8 };

	all->sync = begin_write;
	if (!parallel_run(all->count, 1, sync_one, all, err))
		return false;
	all->sync = end_write;
	return parallel_run(all->count, TOGETHER, sync_one, all, err);
}

/*
 * Blobs and their names reach the disk before a list does that speaks of them, whoever wrote them:
 * committing a blob does not wait for the disk. All are begun before the first is waited for; for
 * those that are there already it costs next to nothing.
 */
static bool sync_blobs(struct store *s, const struct put_walk *p, struct err *err)
{
	struct syncing all = { .store = s, .blobs = p->present.items, .count = p->present.len };
	AUTO(auto_close) int dir = -1;

	if (!store_subdir(&dir, s, STORE_BLOBS, err) || !sync_all(&all, err))
		return false;
	return fsync(dir) == 0 || err_set_errno(err, "%s/" STORE_BLOBS, s->path);
}

static bool list_complete(struct store *s, const struct reference *name,
			  const struct descriptor *root, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;

	if (!index_file_load(&doc, s, err))
		return false;
	index_file_put(doc, name, root);
	return index_file_save(s, doc, err) && sparse_remove(s, name, err);
}

static bool list_sparse(struct store *s, const struct reference *name,
			const struct descriptor *root, const struct put_walk *p, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = NULL;
	const struct sparse_record record = {
		.reference = *name,
		.root = *root,
		.blobs = { .items = p->absent.items, .len = p->absent.len },
	};

	/* In this order, so that a death in between leaves the older image listed and whole. */
	if (!sparse_save(s, &record, err) || !index_file_load(&doc, s, err))
		return false;
	return index_file_put(doc, name, NULL) == 0 || index_file_save(s, doc, err);
}

bool store_list_root(struct store *s, const struct descriptor *root, struct blob_source *blobs,
		     const struct reference *ref, bool *complete_out, struct err *err)
{
	AUTO(put_walk_free)
	struct put_walk p = {
		.walk = { .store = s, .visit = put_visit, .unreadable = put_unreadable },
		.blobs = blobs
	};
	struct reference name = reference_listed(ref);
	AUTO(auto_close) int index_lock = -1;
	AUTO(auto_close) int lock = -1;

	if (!store_lock_index(&index_lock, s, err) || !store_enter(&lock, s, err) ||
	    !store_walk(&p.walk, root, err) || !sync_blobs(s, &p, err))
		return err_wrap(err, "%s", reference_familiar(ref).text);
	if (complete_out)
		*complete_out = p.absent.len == 0;
	return p.absent.len ? list_sparse(s, &name, root, &p, err)
			    : list_complete(s, &name, root, err);
}

bool store_put_documents(struct store *s, const struct image *img, struct err *err)
{
	struct digest ignored;

	return store_put_bytes(&ignored, s, img->config_raw, img->config_raw_len, err) &&
	       store_put_bytes(&ignored, s, img->manifest.raw, img->manifest.raw_len, err);
}

bool store_put_image(struct store *s, const struct image *img, const struct reference *ref,
		     struct err *err)
{
	const struct descriptor root = {
		.media_type = img->manifest.media_type,
		.digest = img->manifest.digest,
		.size = (int64_t)img->manifest.raw_len,
		.platform = image_platform(img),
		.artifact_type = img->manifest.artifact_type,
	};

	return store_put_documents(s, img, err) &&
	       store_list_root(s, &root, img->blobs, ref, NULL, err);
}

bool store_put_index(struct store *s, const struct index *x, struct blob_source *blobs,
		     const struct reference *ref, struct err *err)
{
	const struct descriptor root = {
		.media_type = x->media_type,
		.digest = x->digest,
		.size = (int64_t)x->raw_len,
	};
	struct digest ignored;

	return store_put_bytes(&ignored, s, x->raw, x->raw_len, err) &&
	       store_list_root(s, &root, blobs, ref, NULL, err);
}

bool store_put_root(struct store *s, const struct descriptor *root, struct blob_source *blobs,
		    const struct reference *ref, struct err *err)
{
	return store_list_root(s, root, blobs, ref, NULL, err);
}
