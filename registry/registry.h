// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_REGISTRY_H
#define REGISTRY_REGISTRY_H

#include "base/err.h"
#include "base/event.h"
#include "image/image.h"
#include "image/store.h"

/*
 * The distribution-spec client (v1.1) of one command: connections, tokens, credentials and what was
 * learnt about hosts. Thread-safe. Opening costs nothing: no connection, no library, no file is
 * touched before the first request.
 */
struct registry;
struct credential;

struct registry_options {
	struct events *events;
	const char *authfile; /* NULL: the usual places */
	const char *ca_file;  /* NULL: certs.d and the system's; also $SSL_CERT_FILE */
	bool plain_http; /* allow http where https is not spoken; credentials stay off it, but for
			    loopback */
	bool insecure;   /* do not verify TLS; with plain_http: credentials over plain HTTP too */
	bool create_repositories; /* before a push, where they must exist (ECR) */
	bool foreign_layers;      /* pushed like others, though they are not for distribution */
	const struct str_list *trusted_realms; /* more hosts that may be given a registry's
						  password; may be NULL */
	struct store *store; /* may be NULL: for what was learnt about hosts (no secrets), and for
				transfers that a later run goes on with */
	bool trace;          /* headers of all requests as details, without secrets */
	/* Where a credential may be when none of the usual places has one (not with authfile): into
	 * `out`, and where from into *where_out; neither: nothing there. Never called twice at a
	 * time. NULL: no such place. */
	bool (*fallback)(void *self, struct credential *out, char **where_out, const char *host,
			 struct err *err);
	void *fallback_self;
	uint64_t chunk_size; /* larger blobs go up in chunks of this; 0: rtbuild decides */
};
MUST_CHECK bool registry_open(struct registry **out, const struct registry_options *opt,
			      struct err *err);
void registry_close(struct registry *r);
DEFINE_AUTO(struct registry, registry_close)

/* Say before the first request that this command will push there, so that its first token already
 * allows it and one token fetch serves all. */
void registry_expect_push(struct registry *r, const struct reference *ref);

/* A fetched document: manifest or index. Owned. */
struct registry_document {
	char *raw;
	size_t len;
	char *content_type;
	struct digest digest;
};
void registry_document_free(struct registry_document *d);
/* By tag or digest (digest wins). Verified; at most LIMIT_MANIFEST. E_NOT_FOUND, E_AUTH, E_NETWORK.
 */
MUST_CHECK bool registry_get_manifest(struct registry_document *out, struct registry *r,
				      const struct reference *ref, struct err *err);
/* HEAD: the digest a tag has now; falls back to GET when the server names none. */
MUST_CHECK bool registry_head_manifest(struct digest *out, struct registry *r,
				       const struct reference *ref, struct err *err);
/* The same, and what it says to be: no bytes unless it fell back. */
MUST_CHECK bool registry_head_document(struct registry_document *out, struct registry *r,
				       const struct reference *ref, struct err *err);
MUST_CHECK bool registry_put_manifest(struct registry *r, const struct reference *ref,
				      const char *media_type, const void *raw, size_t len,
				      struct err *err);

/* Blobs of a repository as a blob_source: GET, verified, resumed by Range after a broken
 * connection. Lives as long as the registry. */
struct blob_source *registry_blobs(struct registry *r, const struct reference *repository);
bool registry_owns_blobs(const struct blob_source *source); /* it is one of those */
/* The same for one of those, when its beginning is here already (`kept`, read to its end; NULL:
 * none): gives the rest, and vouches for the whole. */
MUST_CHECK bool registry_open_blob(struct source **out, struct blob_source *self,
				   const struct descriptor *d, struct source *kept,
				   struct err *err);
/* Whole blob in memory. */
MUST_CHECK bool registry_get_blob(struct buf *out, struct registry *r,
				  const struct reference *repository, const struct descriptor *d,
				  struct err *err);

#endif
