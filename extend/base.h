// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_BASE_H
#define EXTEND_BASE_H

#include "base/event.h"
#include "image/image.h"
#include "image/store.h"
#include "registry/registry.h"

/* The image that is extended: documents only, no layer is read. */
struct base_image {
	struct image image;         /* an earlier extension is taken back already */
	struct platform platform;   /* as the index says it, else the configuration */
	struct digest digest;       /* of the manifest the image began with */
	struct reference_text name; /* the repository that one was in */
	bool is_undone;
	char python[16]; /* "3.11.2" or "3.11"; base_settle_python */
};

struct base {
	struct base_image *items; /* in the order of the index */
	size_t len;
	bool is_index;          /* several platforms: the result is an index too */
	const char *media_type; /* of the index, from media.c's table */
	struct digest root;     /* of what the reference named: the index or the manifest */
	bool is_local;
};

struct base_request {
	struct reference reference;
	const struct platform *platform; /* NULL: every one */
	struct store *store;
	struct registry *registry;
	struct events *events;
};

/*
 * From the local store when the name is there, else from the registry: GET of the manifest and of
 * each configuration the store has not. Attestations and other entries of an index that are no
 * images are left out with a note; an index with one image left counts as that image. E_NOT_FOUND:
 * no such image, or not of that platform (those there are listed). E_INPUT: no container image.
 */
MUST_CHECK bool base_load(struct base *out, const struct base_request *req, struct err *err);
void base_free(struct base *b);

/*
 * Which Python an image has, from its configuration alone: PYTHON_VERSION, which the official
 * images and all that is built on them set; else `asked`, the user's word (NULL: none). What is in
 * the layers is not looked at, since an append must not read them. Told as a note.
 *
 * E_INPUT: it does not say and nobody else does; it has a Python that is no 3. E_USAGE: the user
 * says another one than it has, or what is no version.
 */
MUST_CHECK bool base_settle_python(struct base_image *b, const char *asked, struct events *events,
				   struct err *err);

#endif
