// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_EXTENSION_H
#define EXTEND_EXTENSION_H

#include "extend/base.h"
#include "extend/packages.h"
#include "extend/request.h"
#include "extend/tag.h"
#include "registry/upload.h"

/*
 * One extension on its way: every stage fills in what the later ones read. The request and the
 * function first, then the base, then the result, then its place (extend.c has the order).
 */

/* The layer and the configuration: what a push will upload for certain, so that its sessions are
 * opened ahead. */
enum { EXTENSION_SESSIONS = 2 };

/* The layers that one image gets, lowest first: packages when there are any, then the functions. */
enum { EXTENSION_LAYERS = 2 };
struct added {
	struct layer layers[EXTENSION_LAYERS];
	struct digest diff_ids[EXTENSION_LAYERS];
	size_t len;
	struct packages_hash packages; /* when there are any */
};

/* Blobs of the result: the new layers from the store, everything else as the base has it. */
struct result_blobs {
	struct blob_source source;
	struct store *store;
	struct blob_source *base;
	const struct added *added; /* layers the base has not */
	size_t added_count;
};

struct extension {
	const struct extend_env *env;
	const struct extend_request *req;
	struct spec spec;
	char *functions;    /* of the spec */
	struct layer layer; /* of the functions */
	bool has_layer;
	struct reference target; /* where the result goes; its tag may be known last */
	struct base base;
	struct upload *sessions[EXTENSION_SESSIONS]; /* of the target's repository */
	/* the result */
	struct added *added;      /* as many as base.len, in its order */
	struct str_list packages; /* for the report */
	struct image *images;     /* as many as base.len, in its order */
	struct result_blobs blobs;
	struct arena arena; /* of index */
	struct index index;
	char hash[TAG_HASH_LEN + 1];
};
void extension_free(struct extension *x);

bool extension_has_packages(const struct extension *x);
/* What is asked for one platform; `python` as base_settle_python found it, borrowed. */
struct packages_request extension_packages(const struct extension *x,
					   const struct platform *platform, const char *python);
int64_t extension_created(const struct extension *x); /* of the history entries */
/* The base as it is asked for: with a tag. */
struct reference extension_base(const struct extension *x);
/* Writes the layer of the functions to the store; nothing to do when that was done. */
MUST_CHECK bool extension_write_layer(struct extension *x, struct err *err);

#endif
