// SPDX-License-Identifier: Apache-2.0
#include "sandbox/workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/mem.h"

/* Scratch directories that outlive nobody. */

static bool open_parent(int *fd_out, const char *store, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/cache/work", store);

	return fs_open_dir_p(fd_out, path, 0700, err);
}

/* Locked, and still the directory of that name: a sweeper may have been quicker than our lock. */
static bool hold(int parent, const char *name, int fd)
{
	struct stat held, named;

	return flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &held) == 0 &&
	       fstatat(parent, name, &named, AT_SYMLINK_NOFOLLOW) == 0 &&
	       held.st_ino == named.st_ino && held.st_dev == named.st_dev;
}

static bool make_one(struct workdir *w, struct err *err)
{
	unsigned char random[8];

	random_bytes(random, sizeof(random));
	hex_format(w->name, random, sizeof(random));
	if (mkdirat(w->parent, w->name, 0700) < 0)
		return err_set_errno(err, "make directory cache/work/%s", w->name);
	return fs_open(&w->fd, w->parent, w->name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK,
		       err);
}

bool workdir_open(struct workdir *w, const char *store, struct err *err)
{
	enum { TRIES = 16 };

	if (!open_parent(&w->parent, store, err))
		return false;
	for (int i = 0; i < TRIES; i++) {
		if (!make_one(w, err)) {
			if (err->code != E_NOT_FOUND)
				return false;
			err_clear(err); /* swept between mkdir and open */
		} else if (hold(w->parent, w->name, w->fd)) {
			w->path = mem_printf("%s/cache/work/%s", store, w->name);
			return true;
		}
		auto_close(&w->fd);
	}
	return err_set(err, E_IO, "cannot hold a directory in %s/cache/work", store);
}

void workdir_forget(struct workdir *w)
{
	auto_close(&w->fd);
	auto_close(&w->parent);
	free(STEAL(w->path));
}

void workdir_close(struct workdir *w)
{
	struct err ignored = { 0 };

	/* What resists stays unlocked and is tried again by the next sweep. */
	if (w->fd >= 0 && !fs_remove_tree(w->parent, w->name, &ignored))
		err_clear(&ignored);
	workdir_forget(w);
}

static void sweep_one(int parent, const char *name, void (*gone)(const char *name))
{
	AUTO(auto_close)
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct err ignored = { 0 };

	if (fd < 0 || !hold(parent, name, fd))
		return;
	gone(name);
	if (!fs_remove_tree(parent, name, &ignored))
		err_clear(&ignored); /* the next sweep tries again */
}

void workdir_sweep(const char *store, void (*gone)(const char *name))
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int parent = -1;
	struct err ignored = { 0 };

	if (!open_parent(&parent, store, &ignored) ||
	    !fs_list(&names, parent, ".", FS_BENEATH_NOLINK, &ignored))
		return;
	for (size_t i = 0; i < names.len; i++)
		sweep_one(parent, names.items[i], gone);
}
