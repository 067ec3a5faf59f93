// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_READER_H
#define REGISTRY_READER_H

#include "registry/place.h"
#include "registry/registry.h"

struct tar_file;

/*
 * An image place opened for reading: documents in memory, blobs as a blob_source. Every kind of
 * place implements it. Thread-safe. Documents that are asked for by digest are verified.
 */
struct reader {
	/* What the place names: a manifest or an index. */
	MUST_CHECK bool (*root)(struct reader *self, struct registry_document *out,
				struct err *err);
	/* Its digest alone, for less; NULL: nothing is cheaper than reading it. */
	MUST_CHECK bool (*root_digest)(struct reader *self, struct digest *out, struct err *err);
	MUST_CHECK bool (*document)(struct reader *self, struct registry_document *out,
				    const struct descriptor *d, struct err *err);
	/* What stands under another name (a tag) beside it. E_NOT_FOUND. */
	MUST_CHECK bool (*named)(struct reader *self, struct registry_document *out,
				 const char *name, struct err *err);
	/* All names there are. *whole_out false: there were more than one answer held, `out` is a
	 * beginning (`all` false) . */
	MUST_CHECK bool (*names)(struct reader *self, struct str_list *out, bool all,
				 bool *whole_out, struct err *err);
	/*
	 * An index of what refers to a document (distribution-spec, "Listing Referrers").
	 * E_UNSUPPORTED: no such service, the fallback tag may know.
	 */
	MUST_CHECK bool (*referrers)(struct reader *self, struct registry_document *out,
				     const struct digest *subject, struct err *err);
	void (*close)(struct reader *self);

	struct blob_source *blobs;
	const struct reference *repository; /* of registries; else NULL */
	/* Of readers of several: the repository a document is in. NULL: `repository` is it. */
	const struct reference *(*repository_of)(struct reader *self, const struct digest *d);
	const struct reference *guess; /* a repository that may have its blobs; NULL */
	/* Blobs should be taken one at a time, in the order `place_of` gives. */
	uint64_t (*place_of)(struct reader *self, const struct digest *d); /* NULL: any order */
	bool has_signatures; /* names like sha256-HEX.sig and referrers may be there */
};

/* What readers may need; `registry` and `store` are borrowed and may be NULL where the place needs
 * none. */
struct reader_env {
	struct registry *registry;
	struct store *store;
	struct events *events;
	struct tar_file *archive; /* of an archive place: opened already, taken over; may be NULL */
};

/* Opening reads nothing of a registry. E_NOT_FOUND, E_INPUT (no archive), E_INTEGRITY. */
MUST_CHECK bool reader_open(struct reader **out, const struct place *place,
			    const struct reader_env *env, struct err *err);
void reader_close(struct reader *r); /* NULL is fine */
DEFINE_AUTO(struct reader, reader_close)

/* The configuration of an image, at most LIMIT_CONFIG bytes. */
MUST_CHECK bool reader_config(struct buf *out, struct reader *from, const struct descriptor *d,
			      struct err *err);

/* Inside registry/: one for each kind. */
MUST_CHECK bool reader_of_registry(struct reader **out, const struct place *place,
				   const struct reader_env *env, struct err *err);
MUST_CHECK bool reader_of_store(struct reader **out, const struct place *place,
				const struct reader_env *env, struct err *err);
MUST_CHECK bool reader_of_layout(struct reader **out, const struct place *place,
				 const struct reader_env *env, struct err *err);
MUST_CHECK bool reader_of_oci_archive(struct reader **out, const struct place *place,
				      const struct reader_env *env, struct err *err);
MUST_CHECK bool reader_of_docker_archive(struct reader **out, const struct place *place,
					 const struct reader_env *env, struct err *err);

#endif
