// SPDX-License-Identifier: Apache-2.0
#include "layers/tree.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "layers/file_index.h"
#include "layers/tree_node.h"
#include "layers/whiteout.h"

/*
 * A file system of names in memory, built by applying layers one on another. What unpack.c does
 * with inodes this does with nodes, by the same rules.
 */

static size_t hash_child(const struct node *parent, const char *name, size_t len)
{
	uint64_t h = 0xcbf29ce484222325 ^ (uint64_t)(uintptr_t)parent;

	for (size_t i = 0; i < len; i++)
		h = (h ^ (unsigned char)name[i]) * 0x100000001b3;
	return (size_t)(h ^ h >> 31);
}

static struct node *find_child(const struct tree *t, const struct node *parent, const char *name,
			       size_t len)
{
	struct node *n = t->slots[hash_child(parent, name, len) & (t->slot_count - 1)];

	while (n && (n->parent != parent || strncmp(n->name, name, len) != 0 || n->name[len]))
		n = n->next_in_slot;
	return n;
}

static void put_in_slot(struct tree *t, struct node *n)
{
	size_t at = hash_child(n->parent, n->name, strlen(n->name)) & (t->slot_count - 1);

	n->next_in_slot = t->slots[at];
	t->slots[at] = n;
}

/* A node and all below it, parents before children; the caller frees. */
static struct node **gather(size_t *count_out, struct node *top)
{
	struct {
		struct node **items;
		size_t len, cap;
	} all = { 0 };

	for (struct node *n = top; n;) {
		*ARRAY_PUSH(&all) = n;
		if (n->first_child) {
			n = n->first_child;
			continue;
		}
		while (n != top && !n->next_sibling)
			n = n->parent;
		n = n == top ? NULL : n->next_sibling;
	}
	*count_out = all.len;
	return all.items;
}

static void grow_slots(struct tree *t)
{
	size_t count;
	AUTO(auto_free) struct node **all = gather(&count, t->root);

	free(t->slots);
	t->slot_count *= 2;
	t->slots = mem_alloc(t->slot_count * sizeof(struct node *));
	for (size_t i = 1; i < count; i++)
		put_in_slot(t, all[i]);
}

static struct node *add_child(struct tree *t, struct node *parent, const char *name, size_t len)
{
	struct node *n = ARENA_NEW(t->arena, struct node);
	const char *path;

	if (++t->node_count > t->slot_count)
		grow_slots(t);
	path = arena_printf(t->arena, "%s%s%.*s", parent->entry.path,
			    *parent->entry.path ? "/" : "", (int)len, name);
	n->entry.path = path;
	n->name = path + strlen(path) - len;
	n->parent = parent;
	n->next_sibling = parent->first_child;
	if (n->next_sibling)
		n->next_sibling->link = &n->next_sibling;
	n->link = &parent->first_child;
	parent->first_child = n;
	put_in_slot(t, n);
	return n;
}

static void leave_slot(struct tree *t, const struct node *n)
{
	struct node **at =
		&t->slots[hash_child(n->parent, n->name, strlen(n->name)) & (t->slot_count - 1)];

	while (*at != n)
		at = &(*at)->next_in_slot;
	*at = n->next_in_slot;
}

/* A node without children leaves the tree; its memory stays in the arena. */
static void remove_leaf(struct tree *t, struct node *n)
{
	*n->link = n->next_sibling;
	if (n->next_sibling)
		n->next_sibling->link = n->link;
	leave_slot(t, n);
}

static void remove_node(struct tree *t, struct node *top)
{
	size_t count;
	AUTO(auto_free) struct node **all = gather(&count, top);

	while (count-- > 0)
		remove_leaf(t, all[count]);
}

/* A path being resolved: what is left of it, and how many links were followed. */
struct walk {
	const struct tree *t;
	struct node *at; /* the directory reached */
	char *rest;      /* owned */
	size_t offset;   /* of what is left in `rest` */
	int links;
};

static void walk_free(struct walk *w)
{
	free(w->rest);
}

static struct walk walk_start(const struct tree *t, const char *path)
{
	return (struct walk){ .t = t, .at = t->root, .rest = mem_strdup(path) };
}

/* The next component and whether it is the last; false when there is none. */
static bool next_name(struct walk *w, const char **name_out, size_t *len_out, bool *is_last_out)
{
	const char *p = w->rest + w->offset;
	const char *end;

	p += strspn(p, "/");
	end = p + strcspn(p, "/");
	*name_out = p;
	*len_out = (size_t)(end - p);
	*is_last_out = end[strspn(end, "/")] == '\0';
	w->offset = (size_t)(end - w->rest);
	return *len_out > 0;
}

static bool follow(struct walk *w, const struct node *link, struct err *err)
{
	char *rest;

	if (++w->links > LIMIT_LINKS_FOLLOWED)
		return err_set(err, E_INPUT,
			       "'%s': more than %d symbolic links (limit LIMIT_LINKS_FOLLOWED)",
			       link->entry.path, LIMIT_LINKS_FOLLOWED);
	rest = mem_printf("%s/%s", link->entry.link, w->rest + w->offset);
	if (strlen(rest) > 4 * LIMIT_PATH) {
		free(rest);
		return err_set(err, E_INPUT, "'%s': its links lead to too long a path",
			       link->entry.path);
	}
	if (*rest == '/')
		w->at = w->t->root;
	free(w->rest);
	w->rest = rest;
	w->offset = 0;
	return true;
}

/*
 * Go as far as nodes exist. True without error; then *name_out/len_out is the first component that
 * does not exist below w->at (len 0: all exist and *node_out is the end), unless w->at is no
 * directory.
 */
static bool resolve(struct walk *w, struct node **node_out, const char **name_out, size_t *len_out,
		    bool follow_last, struct err *err)
{
	bool is_last;

	*node_out = w->at;
	while (next_name(w, name_out, len_out, &is_last)) {
		bool is_dir = w->at->entry.kind == ENTRY_DIR;
		struct node *n;

		if (is_dir && *len_out == 1 && **name_out == '.')
			continue;
		if (is_dir && *len_out == 2 && memcmp(*name_out, "..", 2) == 0) {
			w->at = w->at->parent ? w->at->parent : w->at;
			*node_out = w->at;
			continue;
		}
		n = is_dir ? find_child(w->t, w->at, *name_out, *len_out) : NULL;
		if (!n) {
			*node_out = NULL;
			return true;
		}
		if (n->entry.kind == ENTRY_SYMLINK && (!is_last || follow_last)) {
			if (!follow(w, n, err))
				return false;
			*node_out = w->at;
			continue;
		}
		*node_out = n;
		if (!is_last)
			w->at = n;
		else
			break;
	}
	*len_out = 0;
	return true;
}

/* --- applying layers --- */

/* The directory that a member lies in, made where it is missing. */
static bool make_parent(struct node **out, struct tree *t, const char *path, size_t layer,
			struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO(auto_free) char *dir = mem_strndup(path, slash ? (size_t)(slash - path) : 0);
	AUTO(walk_free) struct walk w = walk_start(t, dir);

	for (;;) {
		const char *name;
		size_t len;

		if (!resolve(&w, out, &name, &len, true, err))
			return false;
		if (*out && (*out)->entry.kind == ENTRY_DIR)
			return true;
		if (*out || w.at->entry.kind != ENTRY_DIR)
			return err_set(err, E_INTEGRITY,
				       "'%s' lies below something that is no directory", path);
		t->is_undecided = t->is_upper; /* it may be a link below */
		*out = add_child(t, w.at, name, len);
		(*out)->entry.kind = ENTRY_DIR;
		(*out)->entry.mode = 0755;
		(*out)->entry.dir = -1;
		(*out)->made_by = layer;
		w.at = *out;
	}
}

/* Remove what lower layers put below `dir`. Their directories that hold something of this layer
 * stay. */
static void hide_lower(struct tree *t, struct node *dir, size_t layer)
{
	size_t count;
	AUTO(auto_free) struct node **all = gather(&count, dir);

	while (count-- > 1)
		if (all[count]->made_by != layer && !all[count]->first_child)
			remove_leaf(t, all[count]);
}

/* `name` NULL: all that the directory holds. */
static void note_hidden(struct tree *t, const struct node *dir, const char *name)
{
	AUTO(auto_free)
	char *path = name ? mem_printf("%s%s%s", dir->entry.path, *dir->entry.path ? "/" : "", name)
			  : mem_strdup(dir->entry.path);

	if (t->is_upper)
		map_put(&t->hidden, path, t);
}

static bool apply_whiteout(struct tree *t, const char *path, const char *name, size_t layer,
			   struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO(auto_free) char *dir = mem_strndup(path, slash ? (size_t)(slash - path) : 0);
	AUTO(walk_free) struct walk w = walk_start(t, dir);
	const char *ignored;
	struct node *n;
	size_t len;

	if (!resolve(&w, &n, &ignored, &len, true, err))
		return false;
	t->is_undecided = t->is_undecided || (t->is_upper && !n);
	if (!n || n->entry.kind != ENTRY_DIR)
		return true;
	note_hidden(t, n, name);
	if (!name) {
		hide_lower(t, n, layer);
		return true;
	}
	n = find_child(t, n, name, strlen(name));
	if (!n)
		return true;
	hide_lower(t, n, layer);
	if (n->made_by != layer && !n->first_child)
		remove_leaf(t, n);
	return true;
}

/* `is_new`: `n` was made for this link just now, so it is no file to link to. */
static bool apply_hardlink(struct node *n, bool is_new, struct tree *t, const struct entry *e,
			   struct err *err)
{
	const char *slash = strrchr(e->link, '/');
	AUTO(auto_free) char *dir = mem_strndup(e->link, slash ? (size_t)(slash - e->link) : 0);
	AUTO(walk_free) struct walk w = walk_start(t, dir);
	const char *name = slash ? slash + 1 : e->link;
	const char *path = n->entry.path;
	const char *ignored;
	struct node *target;
	size_t len;

	if (!resolve(&w, &target, &ignored, &len, true, err))
		return false;
	target = target ? find_child(t, target, name, strlen(name)) : NULL;
	if (t->is_upper && (!target || target == n)) {
		t->is_undecided = true;
		return true;
	}
	if (!target || target->entry.kind == ENTRY_DIR || (is_new && target == n))
		return err_set(err, E_INTEGRITY, "hard link %s: there is no file %s", e->path,
			       e->link);
	n->entry = target->entry;
	n->entry.path = path;
	n->layer = target->layer;
	n->member = target->member;
	return true;
}

static bool apply_member(struct tree *t, const struct entry *e, size_t layer, size_t member,
			 struct err *err)
{
	const char *slash = strrchr(e->path, '/');
	const char *name = slash ? slash + 1 : e->path;
	struct node *parent, *n;
	const char *path;
	bool is_new;

	if (!make_parent(&parent, t, e->path, layer, err))
		return false;
	n = find_child(t, parent, name, strlen(name));
	if (n && (n->entry.kind == ENTRY_DIR) != (e->kind == ENTRY_DIR)) {
		remove_node(t, n);
		n = NULL;
	}
	is_new = !n;
	if (is_new)
		n = add_child(t, parent, name, strlen(name));
	n->made_by = layer;
	if (e->kind == ENTRY_HARDLINK)
		return apply_hardlink(n, is_new, t, e, err);
	path = n->entry.path;
	n->entry = *e;
	n->entry.path = path;
	n->layer = layer;
	n->member = member;
	return true;
}

static bool apply_entry(struct tree *t, const struct entry *e, size_t layer, size_t member,
			struct err *err)
{
	enum whiteout_kind kind;
	const char *name;

	if (!*e->path) {
		t->root->entry = *e;
		t->root->entry.path = "";
		return true;
	}
	if (!whiteout_parse(&kind, &name, e->path, err))
		return false;
	switch (kind) {
	case WHITEOUT_SKIP:
		return true;
	case WHITEOUT_ALL:
	case WHITEOUT_NAME:
		return apply_whiteout(t, e->path, name, layer, err);
	case WHITEOUT_NOT:
		break;
	}
	return apply_member(t, e, layer, member, err);
}

static bool apply_layer(struct tree *t, size_t layer, int cache_dir, struct err *err)
{
	struct entry_list *index = &t->indexes[layer];
	const struct tree_layer *l = &t->layers[layer];

	if (!file_index_open(index, t->blobs, &l->descriptor, &l->diff_id, cache_dir, err))
		return false;
	for (size_t i = 0; i < index->len && !t->is_undecided; i++)
		if (!apply_entry(t, &index->items[i], layer, i, err))
			return err_wrap(err, "layer %s", digest_format(&l->descriptor.digest).text);
	return true;
}

static bool open_layers(struct tree **out, struct blob_source *blobs,
			const struct tree_layer *layers, size_t count, bool is_upper, int cache_dir,
			struct err *err)
{
	AUTO(auto_tree_close) struct tree *t = mem_alloc(sizeof(*t));

	t->is_upper = is_upper;
	t->blobs = blobs;
	t->layers = mem_dup(layers, count * sizeof(*layers));
	t->count = count;
	t->indexes = mem_alloc(count * sizeof(*t->indexes));
	t->arena = mem_alloc(sizeof(*t->arena));
	t->naming = mem_alloc(sizeof(*t->naming));
	lock_init(t->naming);
	t->slot_count = 1024;
	t->slots = mem_alloc(t->slot_count * sizeof(struct node *));
	t->root = ARENA_NEW(t->arena, struct node);
	t->root->entry = (struct entry){ .path = "", .kind = ENTRY_DIR, .mode = 0755, .dir = -1 };
	t->root->name = "";
	for (size_t i = 0; i < count && !t->is_undecided; i++)
		if (!apply_layer(t, i, cache_dir, err))
			return false;
	*out = t->is_undecided ? NULL : STEAL(t);
	return true;
}

bool tree_open(struct tree **out, struct blob_source *blobs, const struct tree_layer *layers,
	       size_t count, int cache_dir, struct err *err)
{
	return open_layers(out, blobs, layers, count, false, cache_dir, err);
}

bool tree_open_upper(struct tree **out, struct blob_source *blobs, const struct tree_layer *layers,
		     size_t count, int cache_dir, struct err *err)
{
	return open_layers(out, blobs, layers, count, true, cache_dir, err);
}

void tree_close(struct tree *t)
{
	if (!t)
		return;
	for (size_t i = 0; i < t->count; i++)
		entry_list_free(&t->indexes[i]);
	arena_free(t->arena);
	free(t->arena);
	lock_free(t->naming);
	free(t->naming);
	free(t->indexes);
	free(t->layers);
	free(t->slots);
	map_free(&t->hidden);
	free(t);
}

/* --- looking --- */

/* The path that `w` leads to when what is left of it does not exist. */
static char *absent_path(const struct walk *w, const char *name)
{
	AUTO(auto_free) char *joined = mem_printf("/%s/%s", w->at->entry.path, name);
	AUTO(auto_free) char *clean = fs_clean(joined);

	return mem_strdup(clean + 1);
}

bool tree_find(const struct entry **out, char **path_out, const struct tree *t, const char *path,
	       bool follow_last, struct err *err)
{
	AUTO(walk_free) struct walk w = walk_start(t, path);
	const char *name;
	struct node *n;
	size_t len;

	if (!resolve(&w, &n, &name, &len, follow_last, err))
		return false;
	*out = n ? &n->entry : NULL;
	if (path_out)
		*path_out = n ? mem_strdup(n->entry.path) : absent_path(&w, name);
	return true;
}

bool tree_hides_lower(const struct tree *t, const char *path)
{
	AUTO(auto_free) char *part = mem_strdup(path);

	for (;;) {
		const struct entry *e = NULL;
		struct err ignored = { 0 };
		char *slash = strrchr(part, '/');

		if (map_has(&t->hidden, part) ||
		    (tree_find(&e, NULL, t, part, false, &ignored) && e && e->kind != ENTRY_DIR))
			return true;
		if (!*part)
			return false;
		*(slash ? slash : part) = '\0';
	}
}

bool tree_same_file(const struct entry *a, const struct entry *b)
{
	const struct node *x = (const struct node *)a, *y = (const struct node *)b;

	return a->kind != ENTRY_DIR && b->kind != ENTRY_DIR && x->layer == y->layer &&
	       x->member == y->member;
}

bool tree_list(struct str_list *out, const struct tree *t, const char *dir, struct err *err)
{
	const struct entry *e;

	if (!tree_find(&e, NULL, t, dir, true, err))
		return false;
	if (!e)
		return err_set(err, E_NOT_FOUND, "there is no directory '%s'", dir);
	if (e->kind != ENTRY_DIR)
		return err_set(err, E_INPUT, "'%s' is not a directory", dir);
	for (const struct node *n = ((const struct node *)e)->first_child; n; n = n->next_sibling)
		str_list_push(out, n->name);
	str_list_sort(out);
	return true;
}

static int by_path(const void *a, const void *b)
{
	const struct node *const *x = a, *const *y = b;

	return strcmp((*x)->entry.path, (*y)->entry.path);
}

void tree_walk(const struct tree *t, const char *dir,
	       bool (*visit)(void *arg, const struct entry *e), void *arg)
{
	AUTO(auto_free) struct node **all = NULL;
	AUTO(walk_free) struct walk w = walk_start(t, dir);
	struct err ignored = { 0 };
	const char *name;
	struct node *top;
	size_t len, count;

	if (!resolve(&w, &top, &name, &len, false, &ignored) || !top)
		return;
	all = gather(&count, top);
	qsort(all, count, sizeof(struct node *), by_path);
	for (size_t i = 0; i < count; i++)
		if (all[i] != t->root && !visit(arg, &all[i]->entry))
			return;
}
