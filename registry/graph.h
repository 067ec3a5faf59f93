// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_GRAPH_H
#define REGISTRY_GRAPH_H

#include "base/arena.h"
#include "base/map.h"
#include "image/manifest.h"
#include "registry/reader.h"

/*
 * Everything an image consists of, as a list: documents with their bytes, in an order in which they
 * can be put (children before parents), and blobs, each once. And what speaks of them: referrers
 * and cosign's tags.
 */
struct graph_node {
	struct registry_document document;
	const char *media_type;
	enum media_kind kind;
	struct platform platform;  /* as its index lists it; os "" when not said */
	const char *artifact_type; /* NULL: none */
	struct json_pairs annotations;
	char *tag;                    /* cosign's, to be put under it; NULL: by digest */
	const struct digest *subject; /* of a referrer; NULL */
	size_t depth;                 /* of referrers: 1 for those of the image */
};

struct graph {
	struct {
		struct graph_node **items;
		size_t len, cap;
	} nodes; /* the image's own, its root last; then what speaks of them */
	struct {
		struct descriptor *items; /* texts in the arena */
		size_t len, cap;
	} blobs;
	size_t image_nodes, image_blobs; /* how many of each are the image's own */
	size_t signatures, referrers;    /* nodes of either kind */
	struct map seen_nodes, seen_blobs;
	struct arena arena;
};
void graph_free(struct graph *g);

/* From a root (taken over) down. E_INTEGRITY for what manifest_parse refuses, indexes too deep. */
MUST_CHECK bool graph_add_root(struct graph *g, struct reader *from, struct registry_document *root,
			       size_t jobs, struct err *err);
/* Referrers, their referrers, and cosign's tags of every document so far. To be called once.
 * `names`: all that the reader has, when they are known; NULL: they are asked for. */
MUST_CHECK bool graph_add_signatures(struct graph *g, struct reader *from,
				     const struct str_list *names, size_t jobs, struct err *err);

const struct graph_node *graph_root(const struct graph *g);
struct descriptor graph_descriptor(const struct graph_node *n);

#endif
