// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_TREE_NODE_H
#define LAYERS_TREE_NODE_H

#include "base/map.h"
#include "base/parallel.h"
#include "image/blob_source.h"
#include "layers/entry.h"

/* What a tree is made of: for tree.c, which builds and looks it up, and tree_contents.c, which
 * reads what its nodes name. */
struct node {
	struct entry entry; /* first: entries that are handed out lead back to their node */
	struct node *parent;
	struct node *next_sibling, *first_child;
	struct node **link; /* what points here: the parent or the sibling in front */
	struct node *next_in_slot;
	const char *name;
	size_t layer, member; /* where the contents are: the member's number in that layer's tar */
	size_t made_by;       /* layer that named it last; what an opaque marker compares */
};

struct tree_layer; /* tree.h */

struct tree {
	struct blob_source *blobs;
	struct tree_layer *layers;
	size_t count;
	struct entry_list *indexes; /* one a layer: texts of entries live there */
	struct arena *arena;        /* nodes, and names given by tree_fetch, which takes `naming` */
	struct lock *naming;
	struct node *root;
	struct node **slots; /* children by parent and name */
	size_t slot_count, node_count;
	bool is_upper;     /* there are layers below that are not looked at */
	bool is_undecided; /* and they decide what these ones mean */
	struct map hidden; /* then: paths below which a whiteout hid what they have */
};

#endif
