// SPDX-License-Identifier: Apache-2.0
#include "layers/entry_dir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"
#include "base/parallel.h"

/* Written beside where it belongs, then renamed: rename(2) replaces an empty directory. */

struct writing {
	const struct entry_list *entries;
	int root;
};

/* The directory itself, which lists of files leave out. */
static const struct entry top = { .path = ".", .mtime = CLOCK_EPOCH_1980 };

static bool write_file(const struct writing *w, const struct entry *e, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	AUTO(auto_source_close) struct source *from = NULL;
	struct sink_fd to;
	uint64_t size = 0;

	if (!fs_open(&fd, w->root, e->path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600,
		     FS_BENEATH_NOLINK, err))
		return false;
	to = sink_fd(fd);
	if (e->size && (!e->open(e, &from, err) || !source_copy(from, &to.sink, &size, err)))
		return false;
	if (size != (uint64_t)e->size)
		return err_set(err, E_INTEGRITY, "%s: it has %llu bytes, not %lld", e->path,
			       (unsigned long long)size, (long long)e->size);
	if (fchmod(fd, e->mode) < 0)
		return err_set_errno(err, "%s", e->path);
	return true;
}

static bool set_time(int fd, const struct entry *e, struct err *err)
{
	const struct timespec times[2] = { { .tv_sec = e->mtime, .tv_nsec = e->mtime_ns },
					   { .tv_sec = e->mtime, .tv_nsec = e->mtime_ns } };

	return futimens(fd, times) == 0 || err_set_errno(err, "%s", e->path);
}

static bool write_one(void *arg, size_t job, struct err *err)
{
	const struct writing *w = arg;
	const struct entry *e = &w->entries->items[job];
	AUTO(auto_close) int fd = -1;

	if (e->kind != ENTRY_FILE)
		return true;
	return write_file(w, e, err) &&
	       fs_open(&fd, w->root, e->path, O_RDONLY, 0, FS_BENEATH_NOLINK, err) &&
	       set_time(fd, e, err);
}

static bool make_dirs(const struct writing *w, struct err *err)
{
	for (size_t i = 0; i < w->entries->len; i++) {
		const struct entry *e = &w->entries->items[i];
		AUTO(auto_free) char *dir = mem_strdup(e->path);
		char *slash = strrchr(dir, '/');

		if (e->kind != ENTRY_FILE && e->kind != ENTRY_DIR)
			return err_set(err, E_INPUT, "%s is neither a file nor a directory",
				       e->path);
		if (e->kind == ENTRY_FILE && slash)
			*slash = '\0';
		if ((e->kind == ENTRY_DIR || slash) && *dir &&
		    !fs_mkdir_p(w->root, dir, 0755, FS_BENEATH_NOLINK, err))
			return false;
	}
	return true;
}

/* From the last to the first: what is inside changes a directory's time. */
static bool finish_dirs(const struct writing *w, struct err *err)
{
	for (size_t i = w->entries->len; i-- > 0;) {
		const struct entry *e = &w->entries->items[i];
		AUTO(auto_close) int fd = -1;

		if (e->kind != ENTRY_DIR || !e->path[0])
			continue;
		if (!fs_open(&fd, w->root, e->path, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK,
			     err))
			return false;
		if (fchmod(fd, e->mode) < 0)
			return err_set_errno(err, "%s", e->path);
		if (!set_time(fd, e, err))
			return false;
	}
	return set_time(w->root, &top, err);
}

/* A new directory of a name nobody has; removed at the end of its scope unless it was renamed. */
struct fresh {
	int parent, fd;
	char name[64];
};

static void fresh_close(struct fresh *f)
{
	struct err ignored = { 0 };

	if (f->fd >= 0)
		close(f->fd);
	if (f->name[0] && !fs_remove_tree(f->parent, f->name, &ignored))
		return; /* what is left has a name that says whose it is */
}

static bool fresh_open(struct fresh *f, int parent, struct err *err)
{
	unsigned char random[8];
	char hex[2 * sizeof(random) + 1];

	random_bytes(random, sizeof(random));
	hex_format(hex, random, sizeof(random));
	f->parent = parent;
	snprintf(f->name, sizeof(f->name), ".rtbuild-%s", hex);
	if (mkdirat(parent, f->name, 0755) < 0) {
		f->name[0] = '\0';
		return err_set_errno(err, "make a directory");
	}
	return fs_open(&f->fd, parent, f->name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err);
}

static bool commit(struct fresh *f, const char *name, struct err *err)
{
	if (renameat(f->parent, f->name, f->parent, name) == 0) {
		f->name[0] = '\0';
		return true;
	}
	if (errno != ENOTEMPTY && errno != EEXIST && errno != ENOTDIR)
		return err_set_errno(err, "cannot take its place");
	err_set(err, E_INPUT, "it is there already, and %s",
		errno == ENOTDIR ? "no directory" : "not empty");
	return err_hint(err, "name a directory that is not there yet");
}

bool entry_dir_write(const struct entry_list *entries, const char *path, struct err *err)
{
	AUTO(auto_free) char *clean = fs_clean(path);
	AUTO(auto_free) char *above = fs_join(clean, "..");
	AUTO(auto_close) int parent = -1;
	AUTO(fresh_close) struct fresh fresh = { .fd = -1 };
	struct writing w = { .entries = entries };

	if (!fs_open_dir(&parent, above, err) || !fresh_open(&fresh, parent, err))
		return err_wrap(err, "%s", path);
	w.root = fresh.fd;
	if (!make_dirs(&w, err) ||
	    !parallel_run(entries->len, parallel_cpus(), write_one, &w, err) ||
	    !finish_dirs(&w, err) || !commit(&fresh, fs_basename(clean), err))
		return err_wrap(err, "%s", path);
	return true;
}
