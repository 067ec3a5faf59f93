// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_STORE_H
#define IMAGE_STORE_H

#include <sys/types.h>

#include "base/err.h"
#include "base/sink.h"
#include "base/str.h"
#include "image/blob_source.h"
#include "image/blob_tail.h"
#include "image/image.h"
#include "image/reference.h"

/*
 * The content store (DESIGN section 4): a valid OCI image layout (image-layout.md) plus cache/,
 * partial/, locks/, logs/. index.json lists complete images only, each with its full reference in
 * org.opencontainers.image.ref.name (and io.containerd.image.name). An image with blobs that were
 * never fetched is listed in cache/sparse instead, each absent blob with its origin. Any number of
 * processes may share a store: blobs are committed by temp file and rename, and synced before a
 * list names them; index.json is changed under locks/index.
 */
struct store;

/* Makes it when absent. `path` NULL: $RTBUILD_STORE, else ${XDG_DATA_HOME:-~/.local/share}/rtbuild.
 */
MUST_CHECK bool store_open(struct store **out, const char *path, struct err *err);
/* An image layout that is there already (`oci:DIR`): never made, and not written to by reading. */
MUST_CHECK bool store_open_layout(struct store **out, const char *path, struct err *err);
void store_close(struct store *s); /* NULL is fine */
DEFINE_AUTO(struct store, store_close)
int store_dir(const struct store *s);          /* the directory's descriptor, borrowed */
const char *store_path(const struct store *s); /* absolute */
/* A directory below the store ("cache/trees"), made when absent; the caller closes. */
MUST_CHECK bool store_subdir(int *fd_out, struct store *s, const char *path, struct err *err);

/* A file of a directory below the store ("cache/steps"), whole or not at all but for a power cut
 * (fs_write_lossy): for caches. What a writer that was killed leaves of it lies where fsck and gc
 * look. */
MUST_CHECK bool store_put_file(struct store *s, const char *dir, const char *name, const void *data,
			       size_t len, mode_t mode, struct err *err);

/* Transfers that a later run may go on with: files that are locked while they are worked on, and
 * that gc removes when nobody touched them for LIMIT_PARTIAL_AGE_S. */
#define STORE_UPLOADS "partial/uploads"
#define STORE_DOWNLOADS "partial/blobs"

/* --- blobs --- */
bool store_has_blob(struct store *s, const struct digest *d,
		    int64_t size); /* size -1: any; a wrong size counts as absent */
/* Whole blob in memory, at most `max` bytes, verified. */
MUST_CHECK bool store_read_blob(struct buf *out, struct store *s, const struct digest *d,
				size_t max, struct err *err);
/* Verifying source of a blob that is here; E_NOT_FOUND otherwise. */
MUST_CHECK bool store_open_blob(struct source **out, struct store *s, const struct digest *d,
				int64_t size, struct err *err);
/* Its file, read-only, not verified. */
MUST_CHECK bool store_blob_fd(int *fd_out, struct store *s, const struct digest *d,
			      struct err *err);

/*
 * A blob being written: a sink. Commit renames it to its digest, which is computed while writing
 * unless the writer already did that (`known`). Close without commit leaves nothing behind.
 */
struct blob_writer;
MUST_CHECK bool store_blob_writer(struct blob_writer **out, struct store *s, struct err *err);
struct sink *blob_writer_sink(struct blob_writer *w); /* its finish does nothing but flush */
/* `want` NULL: whatever it is. Mismatch of digest or size (-1: any) is E_INTEGRITY. */
MUST_CHECK bool blob_writer_commit(struct digest *digest_out, int64_t *size_out,
				   struct blob_writer *w, const struct digest *want,
				   int64_t size_want, struct err *err);
/* Somebody to be told when it gets larger than he cares for (image/blob_tail.h); borrowed, NULL:
 * nobody. Must be set before the first byte. */
void blob_writer_follow(struct blob_writer *w, struct blob_follower *follower);
/*
 * The same for a blob that is fetched and that a later run may go on with: its file is in
 * STORE_DOWNLOADS under its digest, locked, and stays when the writer is closed without commit.
 * *have_out bytes are there already, unproved; blob_writer_kept reads them. NULL: another
 * process is at it, so take an ordinary writer.
 */
MUST_CHECK bool store_blob_resume(struct blob_writer **out, uint64_t *have_out, struct store *s,
				  const struct descriptor *d, struct err *err);
struct source *blob_writer_kept(struct blob_writer *w); /* those bytes, once; caller closes */
/* What is there is no beginning of the blob: start over. */
MUST_CHECK bool blob_writer_restart(struct blob_writer *w, struct err *err);
/* As commit, when the caller hashed the bytes itself while writing: no second hashing. Must be set
 * before the first byte. */
void blob_writer_trust(struct blob_writer *w);
MUST_CHECK bool blob_writer_commit_as(struct blob_writer *w, const struct digest *digest,
				      int64_t size, struct err *err);
void blob_writer_close(struct blob_writer *w); /* NULL is fine */
DEFINE_AUTO(struct blob_writer, blob_writer_close)

MUST_CHECK bool store_put_bytes(struct digest *out, struct store *s, const void *data, size_t len,
				struct err *err);

/* Blobs of this store as a blob_source (borrowed from the store). A blob known only by its origin
 * is E_NOT_FOUND here. */
struct blob_source *store_blobs(struct store *s);

/* --- images --- */
/*
 * Put an image under a reference (which has a tag; replaces). Manifest and config are written; a
 * layer that is not here must have an origin known by img->blobs (then the image becomes sparse),
 * else E_NOT_FOUND.
 */
MUST_CHECK bool store_put_image(struct store *s, const struct image *img,
				const struct reference *ref, struct err *err);

/* Manifest and configuration alone, under no name yet: the children of an index are put so. */
MUST_CHECK bool store_put_documents(struct store *s, const struct image *img, struct err *err);
/*
 * Put an index whose children's documents were put already. What else is not here must have an
 * origin known by `blobs` (may be NULL), as for store_put_image.
 */
MUST_CHECK bool store_put_index(struct store *s, const struct index *x, struct blob_source *blobs,
				const struct reference *ref, struct err *err);
/*
 * List a document of any kind (image, index, artifact) whose bytes, and those of the documents
 * below it, were put already. What else is not here must have an origin known by `blobs` (may be
 * NULL).
 */
MUST_CHECK bool store_put_root(struct store *s, const struct descriptor *root,
			       struct blob_source *blobs, const struct reference *ref,
			       struct err *err);
/*
 * The blobs of a sparse image may have come since: then list it as complete. *complete_out: whether
 * it is now (or was already). E_NOT_FOUND when there is no such image.
 */
MUST_CHECK bool store_complete(bool *complete_out, struct store *s, const struct reference *ref,
			       struct err *err);

/* Find by reference: tag (default latest), or digest, in index.json then cache/sparse. E_NOT_FOUND
 * otherwise, with near names as hint. An index is resolved to `want` (NULL: host). */
MUST_CHECK bool store_find_image(struct image *out, struct store *s, const struct reference *ref,
				 const struct platform *want, struct err *err);
/*
 * What a reference names, unresolved: the bytes of its manifest or index, and its descriptor
 * (media_type of media.c's table). E_NOT_FOUND as above.
 */
MUST_CHECK bool store_find_root(struct buf *raw_out, struct descriptor *out, struct store *s,
				const struct reference *ref, struct err *err);
bool store_has_image(struct store *s, const struct reference *ref);
/* Whether all it needs is here; false when it is not listed at all. */
bool store_is_complete(struct store *s, const struct reference *ref);

/* Remove a reference (not its blobs). E_NOT_FOUND when absent. */
MUST_CHECK bool store_remove_image(struct store *s, const struct reference *ref, struct err *err);

/* Everything listed, in order of reference. */
struct store_entry {
	struct reference reference;
	struct descriptor descriptor; /* media_type borrowed from media.c's table */
	bool sparse;
	int64_t created; /* of the config; 0 when not known */
	int64_t size;    /* config and layers, compressed */
};
struct store_list {
	struct store_entry *items;
	size_t len, cap;
};
MUST_CHECK bool store_images(struct store_list *out, struct store *s, struct err *err);
void store_list_free(struct store_list *l);

/* Origins of a blob that is not here, from cache/sparse; NULL when none is known. Borrowed from the
 * store. */
const struct reference *store_blob_origin(struct store *s, const struct digest *d);

#endif
