// SPDX-License-Identifier: Apache-2.0
#include "runtime/contents.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "image/store.h"

/* One face for merged layers and for zips. */

void contents_free(struct contents *c)
{
	tree_close(c->tree);
	entry_list_free(&c->members);
	if (c->tree)
		spool_close(&c->spool);
	*c = (struct contents){ 0 };
}

bool contents_of_image(struct contents *out, const struct image *img, struct blob_source *blobs,
		       struct store *store, struct err *err)
{
	size_t count = img->manifest.layer_count;
	AUTO(auto_free) struct tree_layer *layers = mem_alloc((count + 1) * sizeof(*layers));
	AUTO(auto_close) int indexes = -1;

	*out = (struct contents){ .spool = SPOOL_INIT(store) };
	if (config_diff_id_count(&img->config) != count)
		return err_set(err, E_INPUT, "the image has no file system");
	for (size_t i = 0; i < count; i++)
		layers[i] = (struct tree_layer){ .descriptor = img->manifest.layers[i],
						 .diff_id = config_diff_id(&img->config, i) };
	return store_subdir(&indexes, store, "cache/indexes", err) &&
	       tree_open(&out->tree, blobs, layers, count, indexes, err);
}

bool contents_of_zip(struct contents *out, struct zip *zip, struct err *err)
{
	*out = (struct contents){ .zip = zip };
	for (size_t i = 0; i < zip_count(zip); i++) {
		const struct zip_member *m = zip_at(zip, i);
		AUTO(auto_free) char *path = mem_strdup(m->name);
		struct entry *e;

		if (m->is_dir)
			path[strlen(path) - 1] = '\0';
		e = entry_add(&out->members, m->is_dir ? ENTRY_DIR : ENTRY_FILE, path);
		e->size = m->is_dir ? 0 : (int64_t)m->size;
		if (m->mode)
			e->mode = m->mode & 07777;
		e->data = m;
	}
	return entry_list_add_parents(&out->members, err);
}

/* --- looking --- */

static const struct entry *member_find(const struct contents *c, const char *path)
{
	size_t low = 0, high = c->members.len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(path, c->members.items[middle].path);

		if (!order)
			return &c->members.items[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

static const struct entry root = { .path = "", .kind = ENTRY_DIR, .mode = 0755 };

bool contents_find(const struct entry **out, char **path_out, const struct contents *c,
		   const char *path, struct err *err)
{
	if (c->tree)
		return tree_find(out, path_out, c->tree, path, true, err);
	path += strspn(path, "/");
	*out = *path ? member_find(c, path) : &root;
	if (path_out)
		*path_out = mem_strdup(path);
	return true;
}

bool contents_list(struct str_list *out, const struct contents *c, const char *dir, struct err *err)
{
	size_t len = strlen(dir);
	const struct entry *e;

	if (c->tree) {
		if (!contents_find(&e, NULL, c, dir, err))
			return false;
		return !e || e->kind != ENTRY_DIR || tree_list(out, c->tree, dir, err);
	}
	for (size_t i = 0; i < c->members.len; i++) {
		const char *path = c->members.items[i].path;

		if (len && (strncmp(path, dir, len) != 0 || path[len] != '/'))
			continue;
		path += len ? len + 1 : 0;
		if (*path && !strchr(path, '/'))
			str_list_push(out, path);
	}
	return true;
}

/* tree_walk begins with the directory itself. */
struct below {
	const char *dir;
	bool (*visit)(void *arg, const struct entry *e);
	void *arg;
};

static bool visit_below(void *arg, const struct entry *e)
{
	const struct below *b = arg;

	return str_eq(e->path, b->dir) || b->visit(b->arg, e);
}

void contents_walk(const struct contents *c, const char *dir,
		   bool (*visit)(void *arg, const struct entry *e), void *arg)
{
	size_t len = strlen(dir);

	if (c->tree) {
		tree_walk(c->tree, dir, visit_below, &(struct below){ dir, visit, arg });
		return;
	}
	for (size_t i = 0; i < c->members.len; i++) {
		const char *path = c->members.items[i].path;

		if (*path && (!len || (strncmp(path, dir, len) == 0 && path[len] == '/')) &&
		    !visit(arg, &c->members.items[i]))
			return;
	}
}

/* --- bytes --- */

/* To the end, though only the beginning is kept: sums are told there. */
static bool read_head(struct buf *head, struct source *from, size_t max, struct err *err)
{
	char piece[16 * 1024];
	size_t got;

	do {
		if (!source_read(from, piece, sizeof(piece), &got, err))
			return false;
		if (head->len < max && got &&
		    !buf_append(head, piece, got < max - head->len ? got : max - head->len, err))
			return false;
	} while (got);
	return true;
}

static bool member_head(struct buf *head, const struct contents *c, const struct entry *e,
			size_t max, struct err *err)
{
	AUTO(auto_source_close) struct source *from = NULL;

	return zip_open_member(&from, c->zip, e->data, err) && read_head(head, from, max, err);
}

static bool spooled_heads(struct buf *heads, struct contents *c,
			  const struct entry *const entries[], size_t count, size_t max,
			  struct err *err)
{
	AUTO(auto_free) struct entry *copies = mem_alloc((count + 1) * sizeof(*copies));
	AUTO(auto_free) struct entry **wanted = mem_alloc((count + 1) * sizeof(struct entry *));
	int dir;

	for (size_t i = 0; i < count; i++) {
		copies[i] = *entries[i];
		wanted[i] = &copies[i];
	}
	if (!spool_dir(&dir, &c->spool, err) || !tree_fetch(c->tree, wanted, count, dir, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		AUTO(auto_source_close) struct source *from = NULL;

		if (copies[i].open && (!copies[i].open(&copies[i], &from, err) ||
				       !read_head(&heads[i], from, max, err)))
			return false;
	}
	return true;
}

bool contents_heads(struct buf *heads, struct contents *c, const struct entry *const entries[],
		    size_t count, size_t max, struct err *err)
{
	if (!count)
		return true;
	if (c->tree)
		return spooled_heads(heads, c, entries, count, max, err);
	for (size_t i = 0; i < count; i++)
		if (!member_head(&heads[i], c, entries[i], max, err))
			return false;
	return true;
}

bool contents_read(struct buf *out, struct contents *c, const struct entry *e, size_t max,
		   struct err *err)
{
	if (e->size > (int64_t)max)
		return err_set(err, E_INPUT, "%s is larger than %zu bytes", e->path, max);
	return c->tree ? tree_read(out, c->tree, e->path, max, err)
		       : member_head(out, c, e, max, err);
}
