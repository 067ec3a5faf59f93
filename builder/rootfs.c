// SPDX-License-Identifier: Apache-2.0
#include "builder/rootfs.h"

#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "builder/spool.h"
#include "layers/tar.h"
#include "layers/tree.h"
#include "layers/unpack.h"

/* Merged trees as tars and directories. */

struct listing {
	struct entry *items; /* copies of the tree's, sorted */
	size_t len, cap;
	struct arena arena; /* of paths with a prefix */
};

static void listing_free(struct listing *l)
{
	free(l->items);
	arena_free(&l->arena);
}

static bool list_entry(void *arg, const struct entry *e)
{
	struct listing *l = arg;

	*ARRAY_PUSH(l) = *e;
	return true;
}

static bool open_tree(struct tree **out, struct store *s, const struct image *img, struct err *err)
{
	size_t count = img->manifest.layer_count;
	AUTO(auto_free) struct tree_layer *layers = mem_alloc((count + 1) * sizeof(*layers));
	AUTO(auto_close) int indexes = -1;

	if (config_diff_id_count(&img->config) != count)
		return err_set(err, E_INPUT,
			       "the image has no file system: %zu layers, %zu of them "
			       "known to its configuration",
			       count, config_diff_id_count(&img->config));
	for (size_t i = 0; i < count; i++)
		layers[i] = (struct tree_layer){ .descriptor = img->manifest.layers[i],
						 .diff_id = config_diff_id(&img->config, i) };
	return store_subdir(&indexes, s, "cache/indexes", err) &&
	       tree_open(out, store_blobs(s), layers, count, indexes, err);
}

static bool fetch(struct listing *l, const struct tree *tree, struct spool *spool, struct err *err)
{
	AUTO(auto_free) struct entry **wanted = mem_alloc((l->len + 1) * sizeof(*wanted));
	size_t count = 0;
	int dir;

	for (size_t i = 0; i < l->len; i++)
		if (l->items[i].kind == ENTRY_FILE)
			wanted[count++] = &l->items[i];
	return !count || (spool_dir(&dir, spool, err) && tree_fetch(tree, wanted, count, dir, err));
}

/* Names of one file share a spool file: all but the first become links to the first. */
static void link_names(struct listing *l)
{
	AUTO(map_free) struct map first = { 0 };

	for (size_t i = 0; i < l->len; i++) {
		struct entry *e = &l->items[i];
		const char *target;

		if (e->kind != ENTRY_FILE || !e->open)
			continue;
		target = map_get(&first, e->name);
		if (!target) {
			char *path = arena_strdup(&l->arena, e->path);

			map_put(&first, e->name, path);
			continue;
		}
		e->kind = ENTRY_HARDLINK;
		e->link = target;
		e->size = 0;
		e->open = NULL;
	}
}

static void set_prefix(struct listing *l, const char *prefix)
{
	for (size_t i = 0; *prefix && i < l->len; i++) {
		struct entry *e = &l->items[i];

		e->path = arena_printf(&l->arena, "%s/%s", prefix, e->path);
		if (e->kind == ENTRY_HARDLINK)
			e->link = arena_printf(&l->arena, "%s/%s", prefix, e->link);
	}
}

static bool add_prefix(struct tar_writer *tar, const char *prefix, struct err *err)
{
	AUTO(entry_list_free) struct entry_list list = { 0 };

	return !*prefix || tar_writer_add(tar, entry_add(&list, ENTRY_DIR, prefix), err);
}

static bool add_part(struct tar_writer *tar, struct store *s, const struct rootfs_part *part,
		     struct err *err)
{
	AUTO(auto_tree_close) struct tree *tree = NULL;
	AUTO(spool_close) struct spool spool = SPOOL_INIT(s);
	AUTO(listing_free) struct listing list = { 0 };

	if (!open_tree(&tree, s, part->image, err))
		return false;
	tree_walk(tree, "", list_entry, &list);
	if (!fetch(&list, tree, &spool, err) || !add_prefix(tar, part->prefix, err))
		return false;
	link_names(&list);
	set_prefix(&list, part->prefix);
	for (size_t i = 0; i < list.len; i++)
		if (!tar_writer_add(tar, &list.items[i], err))
			return false;
	return true;
}

bool rootfs_write_tar(struct sink *to, struct store *s, const struct rootfs_part *parts,
		      size_t count, struct err *err)
{
	AUTO(auto_tar_writer_close) struct tar_writer *tar = NULL;

	if (!tar_writer_open(&tar, to, err))
		return false;
	for (size_t i = 0; i < count; i++)
		if (!add_part(tar, s, &parts[i], err))
			return false;
	return tar_writer_finish(tar, err);
}

/* --- a directory: the tar's two ends in one process --- */

struct pump {
	struct store *store;
	const struct rootfs_part *parts;
	size_t count;
	int root, in, out;
	bool written;
	struct err why; /* of the writing end: what the reading one makes of it says less */
};

static void pump_close(struct pump *p)
{
	auto_close(&p->root);
	auto_close(&p->in);
	auto_close(&p->out);
}

/* Reads what is left, so that the other end is never stuck in a full pipe. */
static void drain(int fd)
{
	char piece[4096];

	while (read(fd, piece, sizeof(piece)) > 0)
		continue;
}

struct pipe_source {
	struct source source;
	int fd; /* borrowed */
};

static bool pipe_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	ssize_t len = read(((struct pipe_source *)self)->fd, data, cap);

	if (len < 0)
		return err_set_errno(err, "read a pipe");
	*len_out = (size_t)len;
	return true;
}

static void pipe_close(struct source *self)
{
	(void)self;
}

static bool unpack(struct pump *p, struct err *err)
{
	struct pipe_source from = { .source = { .read = pipe_read, .close = pipe_close },
				    .fd = p->in };
	const struct unpack_options opt = { .whiteouts = UNPACK_APPLY,
					    .keep_owner = geteuid() == 0 };
	bool ok = unpack_tar(p->root, &from.source, &opt, err);

	drain(p->in);
	return ok;
}

static void write_end(void *arg)
{
	struct pump *p = arg;
	struct sink_fd to = sink_fd(p->out);

	p->written = rootfs_write_tar(&to.sink, p->store, p->parts, p->count, &p->why);
	auto_close(&p->out);
	p->out = -1;
}

bool rootfs_write_dir(const char *path, struct store *s, const struct rootfs_part *parts,
		      size_t count, struct err *err)
{
	AUTO(pump_close)
	struct pump p = {
		.store = s, .parts = parts, .count = count, .root = -1, .in = -1, .out = -1
	};
	struct thread *writer;
	int ends[2];
	bool ok;

	if (!fs_open_dir_p(&p.root, path, 0755, err))
		return false;
	if (pipe2(ends, O_CLOEXEC) < 0)
		return err_set_errno(err, "make a pipe");
	p.in = ends[0];
	p.out = ends[1];
	if (!thread_start(&writer, write_end, &p, err))
		return false;
	ok = unpack(&p, err);
	thread_join(writer);
	if (!p.written)
		*err = p.why;
	return (ok && p.written) || err_wrap(err, "%s", path);
}
