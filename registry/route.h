// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ROUTE_H
#define REGISTRY_ROUTE_H

#include "registry/state.h"

/*
 * Inside registry/: where a request goes, by registries.conf (registry/registries.h).
 *
 * Manifests and blobs that are read may come from mirrors, in the order of the file, and at last
 * from the location itself. Everything else goes where its name says: what is written, HEAD
 * requests (they decide whether something is there or has moved), lists of tags, and all reads of
 * a repository that this command said it would push to. Each has its own credentials.
 */
struct route {
	struct reference at;
	bool insecure; /* plain HTTP and unverified certificates are allowed */
	bool mirror;   /* the next one is tried when it fails */
};
struct routes {
	struct route *items;
	size_t len, cap;
};
void routes_free(struct routes *r);

enum route_use { ROUTE_HOME, ROUTE_PULL_BY_TAG, ROUTE_PULL_BY_DIGEST };

/* At least one, the mirrors that do not answer left out; only the last is no mirror. E_AUTH naming
 * the file when the name is blocked. */
MUST_CHECK bool routes_find(struct routes *out, struct registry *r, const struct reference *ref,
			    enum route_use use, struct err *err);

/* The mirror does not answer: it is left out from now on, with a warning. */
void route_drop(struct registry *r, const struct reference *mirror, const char *why);

/* What registries.conf says, read at the first call. Borrowed from the registry. */
MUST_CHECK bool route_registries(const struct registries **out, struct registry *r,
				 struct err *err);

/* The same with the mirrors that do not answer. */
MUST_CHECK bool routes_all(struct routes *out, struct registry *r, const struct reference *ref,
			   enum route_use use, struct err *err);

#endif
