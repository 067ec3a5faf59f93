// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_VIEW_H
#define BUILDER_VIEW_H

#include "base/map.h"
#include "builder/files.h"
#include "layers/tree.h"

/*
 * What is known of a stage's file system while it is built: what the build itself put there, on top
 * of
 * - nothing (FROM scratch),
 * - a base that is not read: it is taken to hold the usual directories and its working directory,
 * and nothing else,
 * - or a base that is read, by the file indexes of its layers.
 * Which of these it is depends on Dockerfile and context alone, so that the same input gives the
 * same layers.
 */
enum view_base { VIEW_EMPTY, VIEW_UNREAD, VIEW_READ };

/* Opens a tree of all layers of the stage so far, its base's included unless that is empty. */
typedef bool view_load_fn(void *arg, struct tree **out, struct err *err);

/* The tree of one such layer alone. */
typedef bool view_layer_fn(void *arg, struct tree **out, const struct layer *layer,
			   struct err *err);

struct view {
	enum view_base base;
	struct arena arena;
	struct map nodes; /* canonical path -> const struct entry *, since `tree` was opened */
	struct tree *tree;
	bool stale; /* a RUN changed what nobody has listed yet */
	view_load_fn *load;
	void *load_arg;
	struct {
		struct view_part {
			bool is_layer;
			struct layer layer;
			struct entry_list entries;
		} * items;
		size_t len, cap;
	} parts; /* put since, in order, and not among `nodes` yet: mostly nobody asks */
	view_layer_fn *load_layer;
	void *load_layer_arg;
};
void view_init(struct view *v, enum view_base base, view_load_fn *load, void *load_arg);
/* A stage that goes on from another: knows what that one knew. */
void view_inherit(struct view *v, const struct view *from, view_load_fn *load, void *load_arg);
void view_free(struct view *v);

/* Note a directory that an unread base certainly has: its working directory. */
void view_assume_dir(struct view *v, const char *path);
/* From now on the base is read. Determined by the input alone, see above. */
void view_demand(struct view *v);
/* A RUN ran: everything may have changed. */
void view_forget(struct view *v);
/* Must be called before view_find and after view_demand or view_forget: opens the tree if one is
 * needed. */
MUST_CHECK bool view_prepare(struct view *v, struct err *err);
/* A canonical path whose parents are no links. NULL: absent, as far as is known. */
const struct entry *view_find(const struct view *v, const char *path);
/* Made by the build itself, or assumed to be there: not only usual. */
bool view_is_certain(const struct view *v, const char *path);
/* What a step made; taken. */
void view_put(struct view *v, struct entry_list *entries);
/* A layer whose entries nobody listed: `load` is asked for them when somebody wants to know. */
void view_put_layer(struct view *v, const struct layer *layer, view_layer_fn *load, void *arg);
/* Whether view_prepare would have to look into layers. */
bool view_is_unlisted(const struct view *v);

/* Lies in a directory that is a link in a merged-/usr base (bin, lib, var/run and their kin). */
bool view_is_linky(const char *path);

#endif
