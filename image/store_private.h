// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_STORE_PRIVATE_H
#define IMAGE_STORE_PRIVATE_H

#include <sys/stat.h>

#include "base/map.h"
#include "base/parallel.h"
#include "image/store.h"

/*
 * What the store's files share. Not for other rooms.
 *
 * Three kinds of locks, all flock(2), so that a death releases them; taken in this order:
 *   locks/index   exclusive while index.json or cache/sparse is read, changed and written.
 *   locks/store   shared for every short act that adds to the store or relies on what is in it
 *                 (commit a blob, claim one, list an image); exclusive while gc marks and sweeps.
 *   locks/users/N exclusive for the life of a handle that did such an act: the claims file. It
 *                 lists every blob the handle wrote or was told to be here. gc keeps those of
 * living handles, so nothing is taken from under a running build, with no clock involved.
 */
struct store_source {
	struct blob_source source; /* first: it is what callers hold */
	struct store *store;
};

struct store {
	char *path;
	int dir;
	struct store_source source;
	struct lock lock; /* guards the rest */
	int claims;       /* our locks/users file; -1 before the first claim */
	char claims_name[64];
	struct map claimed;           /* hex of what the file lists already */
	struct map origins;           /* hex -> struct reference *, of every sparse record seen */
	struct timespec origins_seen; /* mtime of cache/sparse when it was read last */
};

#define STORE_INDEX "index.json"
#define STORE_BLOBS "blobs/sha256"
#define STORE_TMP "tmp"
#define STORE_USERS "locks/users"
#define STORE_SPARSE "cache/sparse"
#define STORE_STEPS "cache/steps"
#define STORE_CORRUPT "partial/corrupt"

#define ANNOTATION_REF "org.opencontainers.image.ref.name"
#define ANNOTATION_NAME "io.containerd.image.name"

/* --- store_open.c --- */
MUST_CHECK bool store_lock_index(int *lock_out, struct store *s, struct err *err);
/* Whole or not at all, by way of tmp/. The caller holds a lock on locks/store. */
MUST_CHECK bool store_write_file(struct store *s, const char *dir, const char *name,
				 const void *data, size_t len, struct err *err);

/* --- store_claim.c --- */
/* Become a user (making tmp/ and locks/) and hold the shared lock until *lock_out is closed. */
MUST_CHECK bool store_enter(int *lock_out, struct store *s, struct err *err);
/* Under that lock: gc of any process keeps this blob for as long as this handle is open. */
MUST_CHECK bool store_claim(struct store *s, const struct digest *d, struct err *err);
/* Claim a blob that is here, if it (still) is; false when it is not. In a layout that nobody ever
 * wrote to by us nothing is recorded. */
bool store_claim_present(struct store *s, const struct digest *d, int64_t size);
/* The exclusive lock. */
MUST_CHECK bool store_lock_all(int *lock_out, struct store *s, struct err *err);
/* Under the exclusive lock: files in tmp/ and locks/users whose owner is dead, as paths in the
 * store. */
MUST_CHECK bool store_leftovers(struct str_list *out, struct store *s, struct err *err);
MUST_CHECK bool store_remove_leftovers(const struct str_list *list, struct store *s,
				       struct err *err);
/* Under the exclusive lock: hex of every blob a living handle claims, as keys of `out`. */
MUST_CHECK bool store_living_claims(struct map *out, struct store *s, struct err *err);
/* Forget our own claims file; for store_close. */
void store_leave(struct store *s);

/* --- store_blob.c --- */
struct blob_path {
	char text[sizeof(STORE_BLOBS) + DIGEST_TEXT_MAX];
};
/* The blob_source of store_blobs. */
void store_init_source(struct store *s);
struct blob_path store_blob_path(const struct digest *d);
/* Size of a blob's file, -1 when it is not here (or is no regular file). */
int64_t store_blob_size(struct store *s, const struct digest *d);
/* A writer whose temporary file has a name, as on file systems without O_TMPFILE; for the tests. */
MUST_CHECK bool store_blob_writer_named(struct blob_writer **out, struct store *s, struct err *err);

/* --- store_index.c: index.json --- */
MUST_CHECK bool index_file_load(json_t **out, struct store *s, struct err *err);
MUST_CHECK bool index_file_save(struct store *s, const json_t *doc, struct err *err);
/* The name an entry goes by: containerd's annotation, else the spec's; NULL when it has none. */
const char *index_file_name(const json_t *entry);
/* Take out what `ref` means (see reference_selects); how many there were. */
size_t index_file_remove(json_t *doc, const struct reference *ref);
/* Put an entry in the place of those with exactly this name, else at the end. `d` NULL: only take
 * those out; how many. */
size_t index_file_put(json_t *doc, const struct reference *ref, const struct descriptor *d);

/* --- store_sparse.c: cache/sparse --- */
struct sparse_blob {
	struct descriptor descriptor;
	struct reference origin; /* of the repository */
};
struct sparse_record {
	struct reference reference;
	struct descriptor root; /* manifest or index */
	struct json_list blobs; /* struct sparse_blob */
};
/* The files' names in cache/sparse; none when there is no such directory. */
MUST_CHECK bool sparse_files(struct str_list *out, struct store *s, struct err *err);
MUST_CHECK bool sparse_load(struct sparse_record *out, struct store *s, const char *file,
			    struct arena *arena, struct err *err);
MUST_CHECK bool sparse_save(struct store *s, const struct sparse_record *record, struct err *err);
/* Remove the record of exactly this name; none is fine. */
MUST_CHECK bool sparse_remove(struct store *s, const struct reference *ref, struct err *err);

/* --- store_catalog.c: both lists as one --- */
struct catalog_entry {
	const char *name; /* as listed; may be no reference of ours ("1.0" is read as
			     docker.io/library/1.0:latest) */
	bool is_reference;
	struct reference reference; /* tag filled in */
	struct descriptor descriptor;
	bool sparse;
};
struct catalog {
	struct catalog_entry *items;
	size_t len, cap;
	struct arena arena;
};
void catalog_free(struct catalog *c);
/* Entries that cannot be read are left out: fsck reports them. */
MUST_CHECK bool catalog_load(struct catalog *out, struct store *s, struct err *err);
/* The reference a listed name stands for, with its default tag. */
MUST_CHECK bool catalog_reference(struct reference *out, const char *name, struct err *err);
/* The name an image is listed by: host/repository:tag, or @digest when there is no tag. */
struct reference reference_listed(const struct reference *ref);
bool reference_same_name(const struct reference *a, const struct reference *b); /* both listed */
/* Does `ref`, as a user says it, mean what is listed as `listed` with this root? A digest alone
 * means every tag of it. */
bool reference_selects(const struct reference *ref, const struct reference *listed,
		       const struct digest *root);
/* E_NOT_FOUND with near names as hint. */
bool catalog_not_found(const struct catalog *c, const struct reference *ref, struct err *err);

/* --- store_find.c --- */
/* The entry that `ref` means; among several of one name the one for `want`. NULL when there is
 * none. */
const struct catalog_entry *catalog_find(const struct catalog *c, const struct reference *ref,
					 const struct platform *want);

/* --- store_put.c --- */
/*
 * List a root whose documents are in the store: in index.json when everything it needs is here,
 * else in cache/sparse with the origins `blobs` (may be NULL) or older records know. *complete_out
 * (may be NULL) tells which.
 */
MUST_CHECK bool store_list_root(struct store *s, const struct descriptor *root,
				struct blob_source *blobs, const struct reference *ref,
				bool *complete_out, struct err *err);

/* --- store_record.c: cache/steps --- */
/* A cache record begins with the blobs it pins, one line each: "pin sha256:...". */
struct store_record {
	char *path;   /* in the store */
	int64_t used; /* its mtime: a hit touches it */
	struct digest *pins;
	size_t pin_count, pin_cap;
};
struct store_records {
	struct store_record *items;
	size_t len, cap;
};
MUST_CHECK bool store_records_load(struct store_records *out, struct store *s, struct err *err);
void store_records_free(struct store_records *r);

/* --- store_walk.c --- */
/*
 * Visits every distinct blob that is reachable from a root, each once: roots, their manifests,
 * configurations and layers. What is not here is visited too, but not looked into.
 */
struct store_walk {
	struct store *store;
	/* `have`: size of the blob's file, -1 when absent. */
	bool (*visit)(struct store_walk *w, const struct descriptor *d, int64_t have,
		      struct err *err);
	/* A document that is here cannot be read; `err` says why. True: clear it and go on without
	 * its children. */
	bool (*unreadable)(struct store_walk *w, const struct descriptor *d, struct err *err);
	/* An image's two documents are both here (may be NULL). */
	bool (*image)(struct store_walk *w, const struct manifest *m, struct err *err);
	struct map seen, expanded; /* the walk's own */
};
MUST_CHECK bool store_walk(struct store_walk *w, const struct descriptor *root, struct err *err);
/* All roots: index.json's entries and the sparse records. */
MUST_CHECK bool store_walk_all(struct store_walk *w, struct err *err);
void store_walk_free(struct store_walk *w);

#endif
