// SPDX-License-Identifier: Apache-2.0
#include "sandbox/workdir.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

/* Scratch directories that outlive nobody. */

static const char workdirs[] = "cache/work"; /* below the store */

static bool open_parent(int *fd_out, const char *store, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s", store, workdirs);

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
		return err_set_errno(err, "make work directory %s", w->name);
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
			w->path = mem_printf("%s/%s/%s", store, workdirs, w->name);
			return true;
		}
		auto_close(&w->fd);
	}
	return err_set(err, E_IO, "cannot hold a directory in %s/%s", store, workdirs);
}

/* Of each loan: where it is, where it belongs, and the inode that stands there for it; each with a
 * NUL. */
static const char loans[] = "lent";

static bool note_loan(const struct workdir *w, const char *where, const char *path, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(1 * MIB);
	AUTO(auto_close) int fd = -1;
	struct stat st;

	if (!fs_stat(&st, w->fd, where, FS_BENEATH_NOLINK, err))
		return false;
	buf_put_bytes(&text, where, strlen(where) + 1);
	buf_put_bytes(&text, path, strlen(path) + 1);
	buf_putf(&text, "%llu", (unsigned long long)st.st_ino);
	buf_put_byte(&text, '\0');
	return fs_open(&fd, w->fd, loans, O_WRONLY | O_CREAT | O_APPEND, 0600, FS_BENEATH_NOLINK,
		       err) &&
	       fs_write_all(fd, text.ptr, text.len, err);
}

bool workdir_lend(const struct workdir *w, const char *where, const char *path, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent to = { .fd = -1 };

	if (!note_loan(w, where, path, err) ||
	    !fs_open_parent(&to, w->fd, where, FS_BENEATH_NOLINK, err))
		return false;
	return renameat2(AT_FDCWD, path, to.fd, to.name, RENAME_EXCHANGE) == 0 ||
	       err_set_errno(err, "move %s into the root", path);
}

/* The way to a loan leads through a tree a command wrote to: no link is followed. */
static void give_back(int work, const char *where, const char *path, const char *stand_in)
{
	AUTO(fs_parent_close) struct fs_parent from = { .fd = -1 };
	struct err ignored = { 0 };
	struct stat st;
	uint64_t ino;

	/* Never moved, or back already. */
	if (!str_to_u64(&ino, slice_of(stand_in), UINT64_MAX) || stat(path, &st) < 0 ||
	    st.st_ino != ino)
		return;
	if (fs_open_parent(&from, work, where, FS_BENEATH_NOLINK, &ignored))
		renameat2(from.fd, from.name, AT_FDCWD, path, RENAME_EXCHANGE);
}

static void give_all_back(int work)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * MIB);
	struct err ignored = { 0 };
	const char *words[3];
	size_t count = 0;

	if (!fs_read(&text, work, loans, 64 * MIB, FS_BENEATH_NOLINK, &ignored))
		return;
	for (const char *at = text.ptr; at < text.ptr + text.len; at += strlen(at) + 1) {
		words[count++] = at;
		if (count < ARRAY_LEN(words))
			continue;
		give_back(work, words[0], words[1], words[2]);
		count = 0;
	}
}

void workdir_give_back(const struct workdir *w)
{
	give_all_back(w->fd);
}

void workdir_forget(struct workdir *w)
{
	auto_close(&w->fd);
	auto_close(&w->parent);
	free(STEAL(w->path));
}

bool workdir_mkdir(const struct workdir *w, const char *name, mode_t mode, struct err *err)
{
	return mkdirat(w->fd, name, mode) == 0 ||
	       err_set_errno(err, "make directory %s/%s", w->path, name);
}

void workdir_close(struct workdir *w)
{
	struct err ignored = { 0 };

	if (w->fd >= 0)
		give_all_back(w->fd);
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
	give_all_back(fd);
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
