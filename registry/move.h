// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_MOVE_H
#define REGISTRY_MOVE_H

#include "registry/registry.h"
#include "registry/upload.h"

/*
 * One blob on its way into a repository, by the cheapest way that is safe: it is taken to be there
 * (a layer of an image of this very repository: the registry checks on manifest PUT), mounted from
 * another repository of the same registry, found there, or sent. Whether it is there is asked by
 * "mounting" it from the repository itself, whose other answer is an upload session. Where mounts
 * are not known to be made that would send what is there already, so then a blob larger than
 * LIMIT_UNASKED is asked for by HEAD. What went up while it was made (registry/stream.h) is there
 * but for the closing request.
 */
enum moved { MOVED_SKIPPED, MOVED_MOUNTED, MOVED_SENT };

struct move_request {
	const struct reference *to; /* the repository */
	const struct descriptor *d;
	const struct reference *origin; /* a repository that has it; NULL: not known */
	const struct reference *guess;  /* one that may have it, and may be closed to us; NULL */
	bool guess_had_it;              /* it once had: a mount that fails tells of the registry */
	bool fresh;                     /* just made, it cannot be there: no HEAD */
	bool doubt; /* nothing is taken on trust: the registry missed a blob before */
	bool plan;  /* only say what would be done; mounts are taken to succeed */
	/* The bytes, verified; and an upload session opened ahead (may return NULL). */
	bool (*open)(void *arg, struct source **out, const struct descriptor *d, struct err *err);
	struct upload *(*session)(void *arg); /* NULL: none are */
	void *arg;
};

struct move_result {
	enum moved how;
	bool trusted; /* the registry was believed, or not asked: its manifest PUT will tell */
	bool unasked; /* of a plan, which asked by HEAD: the doing itself would not */
};
MUST_CHECK bool move_blob(struct move_result *out, struct registry *r, const struct move_request *q,
			  struct err *err);

/* The same registry, whatever the names of Docker Hub. */
bool move_same_registry(const struct reference *a, const struct reference *b);

#endif
