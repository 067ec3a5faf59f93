// SPDX-License-Identifier: Apache-2.0
#include "builder/view.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Knowledge of a stage's files. How copies use it is copy.c's business. */

struct usual {
	const char *path;
	mode_t mode;
};

/* clang-format off */
/* Directories of a base that is not read: the Filesystem Hierarchy Standard 3.0, what every distribution has. Sorted. */
static const struct usual usual_dirs[] = {
	{ "dev",               0755 },
	{ "etc",               0755 },
	{ "home",              0755 },
	{ "media",             0755 },
	{ "mnt",               0755 },
	{ "opt",               0755 },
	{ "proc",              0555 },
	{ "root",              0700 },
	{ "run",               0755 },
	{ "srv",               0755 },
	{ "sys",               0555 },
	{ "tmp",               01777 },
	{ "usr",               0755 },
	{ "usr/bin",           0755 },
	{ "usr/include",       0755 },
	{ "usr/lib",           0755 },
	{ "usr/local",         0755 },
	{ "usr/local/bin",     0755 },
	{ "usr/local/etc",     0755 },
	{ "usr/local/include", 0755 },
	{ "usr/local/lib",     0755 },
	{ "usr/local/sbin",    0755 },
	{ "usr/local/share",   0755 },
	{ "usr/local/src",     0755 },
	{ "usr/sbin",          0755 },
	{ "usr/share",         0755 },
	{ "usr/src",           0755 },
	{ "var",               0755 },
	{ "var/cache",         0755 },
	{ "var/lib",           0755 },
	{ "var/log",           0755 },
	{ "var/opt",           0755 },
	{ "var/spool",         0755 },
	{ "var/tmp",           01777 },
};
/* clang-format on */
static const struct entry usual_entry[] = {
	{ .path = "", .kind = ENTRY_DIR, .mode = 0555 },
	{ .path = "", .kind = ENTRY_DIR, .mode = 0700 },
	{ .path = "", .kind = ENTRY_DIR, .mode = 0755 },
	{ .path = "", .kind = ENTRY_DIR, .mode = 01777 },
};

static const struct entry *find_usual(const char *path)
{
	for (size_t i = 0; i < ARRAY_LEN(usual_dirs); i++) {
		if (!str_eq(path, usual_dirs[i].path))
			continue;
		for (size_t k = 0; k < ARRAY_LEN(usual_entry); k++) {
			if (usual_entry[k].mode == usual_dirs[i].mode)
				return &usual_entry[k];
		}
	}
	return NULL;
}

void view_init(struct view *v, enum view_base base, view_load_fn *load, void *load_arg)
{
	*v = (struct view){ .base = base, .load = load, .load_arg = load_arg };
}

static void copy_node(struct view *v, const char *path, const struct entry *e)
{
	struct entry *node = ARENA_NEW(&v->arena, struct entry);

	*node = *e;
	node->path = arena_strdup(&v->arena, path);
	node->link = e->link ? arena_strdup(&v->arena, e->link) : NULL;
	node->xattrs = NULL;
	node->xattr_count = 0;
	node->open = NULL;
	node->data = NULL;
	map_put(&v->nodes, path, node);
}

void view_inherit(struct view *v, const struct view *from, view_load_fn *load, void *load_arg)
{
	view_init(v, from->base, load, load_arg);
	/* what was in a tree is read again when it is asked for */
	v->stale = from->stale || from->tree;
	for (size_t i = 0; !v->stale && i < from->nodes.len; i++)
		copy_node(v, from->nodes.items[i].key, from->nodes.items[i].value);
	for (size_t i = 0; !v->stale && i < from->unlisted.len; i++)
		view_put_layer(v, &from->unlisted.items[i], from->load_layer, from->load_layer_arg);
}

void view_free(struct view *v)
{
	tree_close(v->tree);
	map_free(&v->nodes);
	arena_free(&v->arena);
	free(v->unlisted.items);
	*v = (struct view){ 0 };
}

void view_assume_dir(struct view *v, const char *path)
{
	AUTO(auto_free) char *part = mem_strdup(path);
	struct entry dir = { .kind = ENTRY_DIR, .mode = 0755 };

	for (char *end = part; *end; end++) {
		end = strchrnul(end, '/');
		char kept = *end;

		*end = '\0';
		if (*part && !view_find(v, part))
			copy_node(v, part, &dir);
		*end = kept;
		if (!kept)
			break;
	}
}

void view_forget(struct view *v)
{
	tree_close(v->tree);
	v->tree = NULL;
	map_free(&v->nodes);
	v->unlisted.len = 0;
	v->stale = true;
}

void view_demand(struct view *v)
{
	if (v->base != VIEW_UNREAD)
		return;
	view_forget(v);
	v->base = VIEW_READ;
}

static bool add_node(void *arg, const struct entry *e)
{
	copy_node(arg, e->path, e);
	return true;
}

static bool list_layers(struct view *v, struct err *err)
{
	for (size_t i = 0; i < v->unlisted.len; i++) {
		AUTO(auto_tree_close) struct tree *tree = NULL;

		if (!v->load_layer(v->load_layer_arg, &tree, &v->unlisted.items[i], err))
			return false;
		tree_walk(tree, "", add_node, v);
	}
	v->unlisted.len = 0;
	return true;
}

bool view_is_unlisted(const struct view *v)
{
	return !v->tree && (v->stale || v->base == VIEW_READ || v->unlisted.len);
}

void view_put_layer(struct view *v, const struct layer *layer, view_layer_fn *load, void *arg)
{
	v->load_layer = load;
	v->load_layer_arg = arg;
	if (v->tree || v->stale || v->base == VIEW_READ)
		view_forget(v); /* all layers are listed together */
	else
		*ARRAY_PUSH(&v->unlisted) = *layer;
}

bool view_prepare(struct view *v, struct err *err)
{
	bool wants = v->stale || v->base == VIEW_READ;

	if (v->tree)
		return true;
	if (!wants)
		return list_layers(v, err);
	v->unlisted.len = 0; /* the tree has them */
	v->stale = false;
	return v->load(v->load_arg, &v->tree, err);
}

const struct entry *view_find(const struct view *v, const char *path)
{
	const struct entry *e = *path ? map_get(&v->nodes, path) : &files_root;
	struct err ignored = { 0 };

	if (e)
		return e;
	if (v->tree)
		return tree_find(&e, NULL, v->tree, path, false, &ignored) ? e : NULL;
	return v->base == VIEW_UNREAD ? find_usual(path) : NULL;
}

bool view_is_certain(const struct view *v, const char *path)
{
	return !*path || map_has(&v->nodes, path);
}

void view_put(struct view *v, const struct entry *e)
{
	copy_node(v, e->path, e);
}

bool view_is_linky(const char *path)
{
	static const char *const dirs[] = { "bin",   "sbin",   "lib",     "lib32",
					    "lib64", "libx32", "var/run", "var/lock" };

	for (size_t i = 0; i < ARRAY_LEN(dirs); i++) {
		size_t len = strlen(dirs[i]);

		if (strncmp(path, dirs[i], len) == 0 && (path[len] == '/' || !path[len]))
			return true;
	}
	return false;
}
