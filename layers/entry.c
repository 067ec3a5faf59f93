// SPDX-License-Identifier: Apache-2.0
#include "layers/entry.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/map.h"
#include "base/mem.h"

/* Members of layers and zips as data, their order, and where their bytes come from. Not how they
 * are written. */

void entry_list_free(struct entry_list *l)
{
	free(l->items);
	arena_free(&l->arena);
	*l = (struct entry_list){ 0 };
}

struct entry *entry_add(struct entry_list *l, enum entry_kind kind, const char *path)
{
	struct entry *e = ARRAY_PUSH(l);

	e->path = arena_strdup(&l->arena, path);
	e->kind = kind;
	e->mode = kind == ENTRY_DIR ? 0755 : 0644;
	e->mtime = CLOCK_EPOCH_1980;
	e->dir = -1;
	return e;
}

struct entry *entry_add_bytes(struct entry_list *l, const char *path, const void *data, size_t len)
{
	struct entry *e = entry_add(l, ENTRY_FILE, path);

	e->data = arena_slice(&l->arena, (struct slice){ .ptr = data, .len = len });
	e->size = (int64_t)len;
	e->open = entry_open_bytes;
	return e;
}

struct entry *entry_add_file(struct entry_list *l, const char *path, int dir, const char *name,
			     int64_t size)
{
	struct entry *e = entry_add(l, ENTRY_FILE, path);

	e->dir = dir;
	e->name = arena_strdup(&l->arena, name);
	e->size = size;
	e->open = entry_open_file;
	return e;
}

bool entry_open_bytes(const struct entry *e, struct source **out, struct err *err)
{
	(void)err;
	*out = source_mem(e->data, (size_t)e->size);
	return true;
}

/* A file that must not change while it is read: its size and times are compared at both ends. */
struct steady_file {
	struct source source;
	int fd;
	int64_t at;
	const struct entry *entry;
	struct stat before;
};

static bool changed(const struct entry *e, struct err *err)
{
	return err_set(err, E_IO, "%s changed while it was read", e->name);
}

static bool same_state(const struct stat *a, const struct stat *b)
{
	return a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec && a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
	       a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

static bool steady_read(struct source *self, void *data, size_t cap, size_t *len_out,
			struct err *err)
{
	struct steady_file *f = (struct steady_file *)self;
	struct stat after;
	ssize_t n;

	do
		n = pread(f->fd, data, cap, f->at);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return err_set_errno(err, "read %s", f->entry->name);
	f->at += n;
	*len_out = (size_t)n;
	if (f->at > f->entry->size || (!n && f->at != f->entry->size))
		return changed(f->entry, err);
	if (f->at < f->entry->size)
		return true;
	if (fstat(f->fd, &after) < 0)
		return err_set_errno(err, "stat %s", f->entry->name);
	return same_state(&f->before, &after) || changed(f->entry, err);
}

static bool steady_rewind(struct source *self, struct err *err)
{
	(void)err;
	((struct steady_file *)self)->at = 0;
	return true;
}

static void steady_close(struct source *self)
{
	struct steady_file *f = (struct steady_file *)self;

	close(f->fd);
	free(f);
}

bool entry_open_file(const struct entry *e, struct source **out, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	struct steady_file *f;
	struct stat st;

	if (!fs_open(&fd, e->dir, e->name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0,
		     FS_BENEATH, err))
		return false;
	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "stat %s", e->name);
	if (!S_ISREG(st.st_mode) || st.st_size != e->size)
		return changed(e, err);
	f = mem_alloc(sizeof(*f));
	*f = (struct steady_file){
		.source = { .read = steady_read, .rewind = steady_rewind, .close = steady_close },
		.fd = steal_fd(&fd),
		.entry = e,
		.before = st
	};
	*out = &f->source;
	return true;
}

/* What a sort compares: a hard link stands behind its target wherever its own path would put it. */
struct place {
	const char *key;
	bool is_link;
	size_t index;
	const struct entry *entry;
};

static struct place place_of(const struct entry *e, size_t index)
{
	bool moved = e->kind == ENTRY_HARDLINK && strcmp(e->link, e->path) > 0;

	return (struct place){ .key = moved ? e->link : e->path,
			       .is_link = e->kind == ENTRY_HARDLINK,
			       .index = index,
			       .entry = e };
}

static int by_path(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = strcmp(x->entry->path, y->entry->path);

	return order ? order : (x->index > y->index) - (x->index < y->index);
}

static int by_place(const void *a, const void *b)
{
	const struct place *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	if (!order)
		order = x->is_link - y->is_link;
	return order ? order : strcmp(x->entry->path, y->entry->path);
}

/* Of equal paths the last stays; places are sorted by path and index. */
static bool drop_equal(struct place *places, size_t *count, struct err *err)
{
	size_t kept = 0;

	for (size_t i = 0; i < *count; i++) {
		const struct entry *e = places[i].entry;
		const struct entry *before = kept ? places[kept - 1].entry : NULL;

		if (!before || !str_eq(before->path, e->path))
			kept++;
		else if ((before->kind == ENTRY_DIR) != (e->kind == ENTRY_DIR))
			return err_set(err, E_INPUT, "%s is a directory and a file at once",
				       e->path);
		places[kept - 1] = places[i];
	}
	*count = kept;
	return true;
}

static const struct entry *find_path(const struct place *places, size_t count, const char *path,
				     size_t len)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const char *have = places[mid].entry->path;
		int order = strncmp(have, path, len);

		if (!order)
			order = have[len] != '\0';
		if (!order)
			return places[mid].entry;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* A chain of hard links becomes links to the file itself; places are sorted by path. */
static bool settle_links(struct entry *items, struct place *places, size_t count, struct err *err)
{
	enum { CHAIN_MAX = 64 };

	for (size_t i = 0; i < count; i++) {
		struct entry *e = &items[places[i].index];
		const struct entry *target = e;

		for (int step = 0; target && target->kind == ENTRY_HARDLINK; step++) {
			if (step == CHAIN_MAX)
				return err_set(err, E_INPUT, "%s is a hard link to itself",
					       e->path);
			e->link = target->link;
			target = find_path(places, count, e->link, strlen(e->link));
		}
		if (target && target->kind == ENTRY_DIR && e->kind == ENTRY_HARDLINK)
			return err_set(err, E_INPUT, "%s is a hard link to the directory %s",
				       e->path, e->link);
	}
	return true;
}

bool entry_list_sort(struct entry_list *l, struct err *err)
{
	AUTO(auto_free) struct place *places = mem_alloc(l->len * sizeof(*places) + 1);
	AUTO(auto_free) struct entry *sorted = NULL;
	size_t count = l->len;

	for (size_t i = 0; i < count; i++)
		places[i] = place_of(&l->items[i], i);
	qsort(places, count, sizeof(*places), by_path);
	if (!drop_equal(places, &count, err) || !settle_links(l->items, places, count, err))
		return false;
	for (size_t i = 0; i < count; i++)
		places[i] = place_of(places[i].entry, places[i].index);
	qsort(places, count, sizeof(*places), by_place);
	sorted = mem_alloc(count * sizeof(*sorted) + 1);
	for (size_t i = 0; i < count; i++)
		sorted[i] = *places[i].entry;
	if (count)
		memcpy(l->items, sorted, count * sizeof(*sorted));
	l->len = count;
	return true;
}

static mode_t standard_mode(const char *path)
{
	/* clang-format off */
	static const struct {
		const char *path;
		mode_t mode;
	} standard_dirs[] = {
		{ "tmp",     01777 },
		{ "var/tmp", 01777 },
		{ "root",    00700 },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(standard_dirs); i++)
		if (str_eq(path, standard_dirs[i].path))
			return standard_dirs[i].mode;
	return 0755;
}

bool entry_list_add_parents(struct entry_list *l, struct err *err)
{
	AUTO(map_free) struct map kinds = { 0 }; /* path -> non-NULL for directories */
	static char yes;
	size_t count = l->len;

	for (size_t i = 0; i < count; i++)
		map_put(&kinds, l->items[i].path, l->items[i].kind == ENTRY_DIR ? &yes : NULL);
	for (size_t i = 0; i < count; i++) {
		AUTO(auto_free) char *parent = mem_strdup(l->items[i].path);
		char *slash;

		while ((slash = strrchr(parent, '/'))) {
			*slash = '\0';
			if (map_get(&kinds, parent))
				break;
			if (map_has(&kinds, parent))
				return err_set(err, E_INPUT,
					       "%s lies below %s, which is not a directory",
					       l->items[i].path, parent);
			map_put(&kinds, parent, &yes);
			entry_add(l, ENTRY_DIR, parent)->mode = standard_mode(parent);
		}
	}
	return entry_list_sort(l, err);
}
