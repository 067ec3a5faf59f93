// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PLACE_H
#define REGISTRY_PLACE_H

#include "image/reference.h"
#include "image/store.h"

/*
 * Where an image is or goes to, as people write it (containers-transports(5), and the aliases of
 * buildx and regctl):
 *
 *	HOST/NAME[:TAG][@DIGEST]            a registry; "docker://" in front says so in any case
 *	store:NAME[:TAG][@DIGEST]           the content store
 *	oci:DIR[:NAME | @DIGEST]            an OCI image layout; also oci-layout://DIR,
 *					    ocidir://DIR, and a path that begins with
 *					    "/", "./" or "../"
 *	oci-archive:FILE[:NAME | @DIGEST]   the same in a tar file
 *	docker-archive:FILE[:NAME]          what `docker save` writes
 *
 * A name without a host is the store's when the store has it, else Docker Hub's.
 */
enum place_kind {
	PLACE_REGISTRY,
	PLACE_STORE,
	PLACE_LAYOUT,
	PLACE_OCI_ARCHIVE,
	PLACE_DOCKER_ARCHIVE,
};

struct place {
	enum place_kind kind;
	bool is_explicit;           /* its kind was written */
	bool is_short;              /* a name without a host */
	struct reference reference; /* of registries and the store */
	char *path;                 /* of layouts and archives; "-": a stream */
	char *name;      /* of layouts and archives: as it is listed there; NULL: none given */
	bool has_digest; /* of layouts and archives */
	struct digest digest;
};
void place_free(struct place *p);

/* E_USAGE for an unknown transport or a missing path, E_INPUT for a bad name. */
MUST_CHECK bool place_parse(struct place *out, const char *text, struct err *err);
/* A short name that the store has becomes the store's. */
void place_settle(struct place *p, struct store *store);

/* "oci:DIR:NAME", as it could have been written; references in their familiar form. */
char *place_text(const struct place *p);
/* The transport in words, for messages: "registry", "layout". */
const char *place_kind_name(enum place_kind kind);

#endif
