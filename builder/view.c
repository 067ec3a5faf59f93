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

static void drop_parts(struct view *v)
{
	for (size_t i = 0; i < v->parts.len; i++)
		entry_list_free(&v->parts.items[i].entries);
	v->parts.len = 0;
}

/* As much of entries as a view is asked for. */
static void copy_entries(struct entry_list *out, const struct entry_list *from)
{
	for (size_t i = 0; i < from->len; i++) {
		const struct entry *e = &from->items[i];
		struct entry *copy = entry_add(out, e->kind, e->path);

		copy->mode = e->mode;
		copy->uid = e->uid;
		copy->gid = e->gid;
		copy->mtime = e->mtime;
		copy->mtime_ns = e->mtime_ns;
		copy->size = e->size;
		copy->dev_major = e->dev_major;
		copy->dev_minor = e->dev_minor;
		copy->link = e->link ? arena_strdup(&out->arena, e->link) : NULL;
	}
}

void view_inherit(struct view *v, const struct view *from, view_load_fn *load, void *load_arg)
{
	view_init(v, from->base, load, load_arg);
	v->load_layer = from->load_layer;
	v->load_layer_arg = from->load_layer_arg;
	/* what was in a tree is read again when it is asked for */
	v->stale = from->stale || from->tree;
	for (size_t i = 0; !v->stale && i < from->nodes.len; i++)
		copy_node(v, from->nodes.items[i].key, from->nodes.items[i].value);
	for (size_t i = 0; !v->stale && i < from->parts.len; i++) {
		const struct view_part *part = &from->parts.items[i];
		struct view_part *copy = ARRAY_PUSH(&v->parts);

		copy->is_layer = part->is_layer;
		copy->layer = part->layer;
		copy_entries(&copy->entries, &part->entries);
	}
}

void view_free(struct view *v)
{
	tree_close(v->tree);
	map_free(&v->nodes);
	arena_free(&v->arena);
	drop_parts(v);
	free(v->parts.items);
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
	drop_parts(v);
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

static bool list_part(struct view *v, const struct view_part *part, struct err *err)
{
	AUTO(auto_tree_close) struct tree *tree = NULL;

	for (size_t i = 0; i < part->entries.len; i++)
		copy_node(v, part->entries.items[i].path, &part->entries.items[i]);
	if (!part->is_layer)
		return true;
	if (!v->load_layer(v->load_layer_arg, &tree, &part->layer, err))
		return false;
	tree_walk(tree, "", add_node, v);
	return true;
}

static bool list_parts(struct view *v, struct err *err)
{
	for (size_t i = 0; i < v->parts.len; i++)
		if (!list_part(v, &v->parts.items[i], err))
			return false;
	drop_parts(v);
	return true;
}

bool view_is_unlisted(const struct view *v)
{
	bool layers = false;

	for (size_t i = 0; i < v->parts.len; i++)
		layers = layers || v->parts.items[i].is_layer;
	return !v->tree && (v->stale || v->base == VIEW_READ || layers);
}

void view_put_layer(struct view *v, const struct layer *layer, view_layer_fn *load, void *arg)
{
	v->load_layer = load;
	v->load_layer_arg = arg;
	if (v->tree || v->stale || v->base == VIEW_READ)
		view_forget(v); /* all layers are listed together */
	else
		*ARRAY_PUSH(&v->parts) = (struct view_part){ .is_layer = true, .layer = *layer };
}

bool view_prepare(struct view *v, struct err *err)
{
	bool wants = v->stale || v->base == VIEW_READ;

	if (v->tree || !wants)
		return list_parts(v, err);
	drop_parts(v); /* the tree has them */
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

void view_put(struct view *v, struct entry_list *entries)
{
	ARRAY_PUSH(&v->parts)->entries = *entries;
	*entries = (struct entry_list){ 0 };
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
