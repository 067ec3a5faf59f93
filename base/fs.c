// SPDX-License-Identifier: Apache-2.0
#include "base/fs.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/env.h"
#include "base/event.h"
#include "base/hash.h"
#include "base/limits.h"
#include "base/mem.h"

/* Files by directory descriptor. Lexical work on paths is in path.c. */

static const uint64_t resolve_flags[] = {
	[FS_IN_ROOT] = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	[FS_BENEATH] = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
	[FS_BENEATH_NOLINK] = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS,
};

/* openat2 answers EAGAIN when a rename elsewhere raced with ".."; the kernel asks to try again. */
enum { OPENAT2_TRIES = 64 };

static int open_in(int root, const char *path, int flags, mode_t mode, enum fs_resolve how)
{
	struct open_how want = { .flags = (uint64_t)(unsigned int)(flags | O_CLOEXEC),
				 .mode = flags & (O_CREAT | O_TMPFILE) ? mode : 0,
				 .resolve = resolve_flags[how] };

	for (int i = 0; i < OPENAT2_TRIES; i++) {
		long fd = syscall(SYS_openat2, root, *path ? path : ".", &want, sizeof(want));

		if (fd >= 0 || (errno != EAGAIN && errno != EINTR))
			return (int)fd;
	}
	return -1;
}

static bool open_failed(struct err *err, const char *path)
{
	switch (errno) {
	case ENOSYS:
		return err_set(err, E_UNSUPPORTED, "this kernel has no openat2 (Linux 5.6)");
	case EXDEV:
		return err_set(err, E_INPUT, "'%s' leads out of its root", path);
	case ELOOP:
		return err_set(err, E_INPUT, "'%s' has too many or forbidden symbolic links", path);
	default:
		return err_set_errno(err, "%s", path);
	}
}

bool fs_open_dir(int *fd_out, const char *path, struct err *err)
{
	*fd_out = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return *fd_out >= 0 || err_set_errno(err, "%s", path);
}

bool fs_open(int *fd_out, int root, const char *path, int flags, mode_t mode, enum fs_resolve how,
	     struct err *err)
{
	*fd_out = open_in(root, path, flags, mode, how);
	return *fd_out >= 0 || open_failed(err, path);
}

bool fs_open_parent(struct fs_parent *out, int root, const char *path, enum fs_resolve how,
		    struct err *err)
{
	AUTO(auto_free) char *copy = mem_strdup(path);
	size_t len = strlen(copy);
	const char *name;
	char *slash;

	out->fd = -1;
	while (len > 1 && copy[len - 1] == '/')
		copy[--len] = '\0';
	slash = strrchr(copy, '/');
	name = slash ? slash + 1 : copy;
	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return err_set(err, E_INPUT, "'%s' does not end in a name", path);
	if (strlen(name) > NAME_MAX)
		return err_set(err, E_INPUT, "'%.64s...' is longer than %d bytes", name, NAME_MAX);
	snprintf(out->name, sizeof(out->name), "%s", name);
	if (slash)
		*slash = '\0';
	return fs_open(&out->fd, root, slash ? (slash == copy ? "/" : copy) : ".",
		       O_PATH | O_DIRECTORY, 0, how, err);
}

void fs_parent_close(struct fs_parent *p)
{
	auto_close(&p->fd);
}

bool fs_stat(struct stat *out, int root, const char *path, enum fs_resolve how, struct err *err)
{
	AUTO(auto_close) int fd = -1;

	if (!fs_open(&fd, root, path, O_PATH | O_NOFOLLOW, 0, how, err))
		return false;
	return fstat(fd, out) == 0 || err_set_errno(err, "%s", path);
}

bool fs_exists(int root, const char *path)
{
	AUTO(auto_close) int fd = open_in(root, path, O_PATH | O_NOFOLLOW, 0, FS_BENEATH);

	return fd >= 0;
}

bool fs_mkdir_p(int root, const char *path, mode_t mode, enum fs_resolve how, struct err *err)
{
	AUTO(auto_free) char *copy = mem_strdup(path);
	AUTO(auto_close) int there = open_in(root, path, O_PATH | O_DIRECTORY, 0, how);

	if (there >= 0)
		return true;
	for (char *at = copy; *at;) {
		AUTO(fs_parent_close) struct fs_parent parent = { .fd = -1 };
		char *end = strchr(at, '/');
		char kept;

		end = end ? end : at + strlen(at);
		kept = *end;
		*end = '\0';
		if (end > at && !str_eq(at, ".")) {
			if (!fs_open_parent(&parent, root, copy, how, err))
				return false;
			if (mkdirat(parent.fd, parent.name, mode) < 0 && errno != EEXIST)
				return err_set_errno(err, "make directory %s", path);
		}
		*end = kept;
		at = kept ? end + 1 : end;
	}
	return fs_open(&there, root, path, O_PATH | O_DIRECTORY, 0, how, err);
}

bool fs_open_dir_p(int *fd_out, const char *path, mode_t mode, struct err *err)
{
	AUTO(auto_free) char *copy = mem_strdup(path);

	for (char *at = copy + 1; *copy && *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (mkdir(copy, mode) < 0 && errno != EEXIST)
			return err_set_errno(err, "make directory %s", copy);
		*at = '/';
	}
	if (mkdir(copy, mode) < 0 && errno != EEXIST)
		return err_set_errno(err, "make directory %s", copy);
	return fs_open_dir(fd_out, path, err);
}

bool fs_read_fd(struct buf *out, int fd, size_t max, struct err *err)
{
	enum { PIECE = 64 * 1024 };
	AUTO(auto_free) char *piece = mem_alloc(PIECE);
	size_t start = out->len;

	for (;;) {
		ssize_t n = read(fd, piece, PIECE);

		if (n < 0 && errno == EINTR && !cancel_requested())
			continue;
		if (n < 0)
			return err_set_errno(err, "read");
		if (n == 0)
			return true;
		if ((size_t)n > max - (out->len - start))
			return err_set(err, E_INPUT, "larger than the limit of %zu bytes", max);
		if (!buf_append(out, piece, (size_t)n, err))
			return false;
	}
}

static bool read_regular(struct buf *out, int fd, const char *path, size_t max, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (S_ISDIR(st.st_mode))
		return err_set(err, E_INPUT, "%s is a directory", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INPUT, "%s is not a regular file", path);
	return fs_read_fd(out, fd, max, err) || err_wrap(err, "%s", path);
}

bool fs_read(struct buf *out, int root, const char *path, size_t max, enum fs_resolve how,
	     struct err *err)
{
	AUTO(auto_close) int fd = -1;

	/* O_NONBLOCK: a FIFO in an image must not hang us. */
	if (!fs_open(&fd, root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, how, err))
		return false;
	return read_regular(out, fd, path, max, err);
}

bool fs_read_path(struct buf *out, const char *path, size_t max, struct err *err)
{
	/* A path the user typed may be a pipe, as in <(command). */
	AUTO(auto_close) int fd = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return err_set_errno(err, "%s", path);
	if (fstat(fd, &st) == 0 && S_ISFIFO(st.st_mode))
		return fs_read_fd(out, fd, max, err) || err_wrap(err, "%s", path);
	return read_regular(out, fd, path, max, err);
}

bool fs_write_all(int fd, const void *data, size_t len, struct err *err)
{
	const char *at = data;

	while (len) {
		ssize_t n = write(fd, at, len);

		if (n < 0 && errno == EINTR) {
			if (!cancel_check(err))
				return false;
			continue;
		}
		if (n < 0)
			return err_set_errno(err, "write");
		at += n;
		len -= (size_t)n;
	}
	return true;
}

#define TMP_PREFIX ".tmp-"

bool fs_tmp_open(struct fs_tmp *tmp, int dir, struct err *err)
{
	for (int i = 0; i < 16; i++) {
		uint64_t random;

		random_bytes(&random, sizeof(random));
		snprintf(tmp->name, sizeof(tmp->name), TMP_PREFIX "%d-%016llx", (int)getpid(),
			 (unsigned long long)random);
		tmp->dir = dir;
		tmp->fd = openat(dir, tmp->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
		if (tmp->fd >= 0) {
			flock(tmp->fd, LOCK_EX | LOCK_NB); /* see fs_tmp_is_leftover */
			return true;
		}
		if (errno != EEXIST)
			break;
	}
	tmp->name[0] = '\0';
	return err_set_errno(err, "make a temporary file");
}

static bool commit(struct fs_tmp *tmp, int to_dir, const char *name, mode_t mode, bool durable,
		   struct err *err)
{
	if (fchmod(tmp->fd, mode) < 0 || (durable && fsync(tmp->fd) < 0) ||
	    renameat(tmp->dir, tmp->name, to_dir, name) < 0)
		return err_set_errno(err, "write %s", name);
	tmp->name[0] = '\0'; /* committed: there is nothing left to unlink */
	return !durable || fsync(to_dir) == 0 || err_set_errno(err, "write %s", name);
}

bool fs_tmp_commit(struct fs_tmp *tmp, int to_dir, const char *name, mode_t mode, struct err *err)
{
	return commit(tmp, to_dir, name, mode, true, err);
}

bool fs_tmp_commit_lossy(struct fs_tmp *tmp, int to_dir, const char *name, mode_t mode,
			 struct err *err)
{
	return commit(tmp, to_dir, name, mode, false, err);
}

void fs_tmp_close(struct fs_tmp *tmp)
{
	auto_close(&tmp->fd);
	if (tmp->name[0])
		unlinkat(tmp->dir, tmp->name, 0);
	tmp->name[0] = '\0';
}

/*
 * Its maker's number is in the name and its maker's lock on the file: the lock alone would take one
 * that was made this very moment, the number alone one of another pid namespace.
 */
bool fs_tmp_is_leftover(int dir, const char *name)
{
	AUTO(auto_close) int fd = -1;
	struct slice rest, pid;
	uint64_t number;

	if (!str_has_prefix(name, TMP_PREFIX))
		return false;
	pid = slice_cut(slice_of(name + strlen(TMP_PREFIX)), '-', &rest);
	if (!str_to_u64(&number, pid, INT_MAX) || !number || kill((pid_t)number, 0) == 0 ||
	    errno != ESRCH)
		return false;
	fd = openat(dir, name, O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC);
	return fd >= 0 && flock(fd, LOCK_EX | LOCK_NB) == 0;
}

static bool write_file(int dir, const char *name, const void *data, size_t len, mode_t mode,
		       bool durable, struct err *err)
{
	AUTO(fs_tmp_close) struct fs_tmp tmp = FS_TMP_INIT;

	if (!fs_tmp_open(&tmp, dir, err) || !fs_write_all(tmp.fd, data, len, err))
		return err_wrap(err, "%s", name);
	return commit(&tmp, dir, name, mode, durable, err);
}

char *fs_absolute(const char *path)
{
	AUTO(auto_close) int fd = open(path, O_PATH | O_CLOEXEC);
	char self[32], target[PATH_MAX];
	ssize_t len;

	if (fd < 0)
		return NULL;
	snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	len = readlink(self, target, sizeof(target));
	return len > 0 && (size_t)len < sizeof(target) && target[0] == '/'
		       ? mem_strndup(target, (size_t)len)
		       : NULL;
}

/* A device or a FIFO must stay what it is: a rename would put a file in /dev/null's place. */
static bool write_special(const char *path, const void *data, size_t len, struct err *err)
{
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);

	return (fd >= 0 || err_set_errno(err, "%s", path)) &&
	       (fs_write_all(fd, data, len, err) || err_wrap(err, "%s", path));
}

static bool write_path(const char *path, const void *data, size_t len, mode_t mode, bool durable,
		       struct err *err)
{
	AUTO(auto_free) char *real = fs_absolute(path);
	AUTO(auto_free) char *copy = mem_strdup(real ? real : path);
	AUTO(auto_close) int dir = -1;
	char *slash = strrchr(copy, '/');
	const char *name = slash ? slash + 1 : copy;
	struct stat st;

	if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
		return write_special(path, data, len, err);
	if (!*name)
		return err_set(err, E_INPUT, "'%s' names a directory, not a file", path);
	if (slash)
		*slash = '\0';
	if (!fs_open_dir(&dir, slash ? (*copy ? copy : "/") : ".", err))
		return false;
	return write_file(dir, name, data, len, mode, durable, err);
}

bool fs_write_atomic(int dir, const char *name, const void *data, size_t len, mode_t mode,
		     struct err *err)
{
	return write_file(dir, name, data, len, mode, true, err);
}

bool fs_write_lossy(int dir, const char *name, const void *data, size_t len, mode_t mode,
		    struct err *err)
{
	return write_file(dir, name, data, len, mode, false, err);
}

bool fs_write_path_atomic(const char *path, const void *data, size_t len, mode_t mode,
			  struct err *err)
{
	return write_path(path, data, len, mode, true, err);
}

bool fs_write_path_lossy(const char *path, const void *data, size_t len, mode_t mode,
			 struct err *err)
{
	return write_path(path, data, len, mode, false, err);
}

static void close_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

bool fs_list(struct str_list *out, int root, const char *path, enum fs_resolve how, struct err *err)
{
	AUTO(close_dir) DIR *dir = NULL;
	struct dirent *item;
	int fd;

	if (!fs_open(&fd, root, path, O_RDONLY | O_DIRECTORY, 0, how, err))
		return false;
	dir = fdopendir(fd);
	if (!dir) {
		close(fd);
		return err_set_errno(err, "%s", path);
	}
	errno = 0;
	while ((item = readdir(dir)))
		if (!str_eq(item->d_name, ".") && !str_eq(item->d_name, ".."))
			str_list_push(out, item->d_name);
	if (errno)
		return err_set_errno(err, "%s", path);
	str_list_sort(out);
	return true;
}

/* A directory that is empty already, or a file: gone. 1 done, 0 not empty, -1 failed. */
static int remove_one(int dir, const char *name)
{
	if (unlinkat(dir, name, 0) == 0 || errno == ENOENT)
		return 1;
	if (errno != EISDIR && errno != EPERM)
		return -1;
	if (unlinkat(dir, name, AT_REMOVEDIR) == 0)
		return 1;
	return errno == ENOTEMPTY || errno == EEXIST ? 0 : -1;
}

/* How many directories of a tree are open at once: a command may nest more than there are
 * descriptors. */
enum { REMOVE_DEPTH = 64 };

static bool open_to_empty(int *fd_out, int dir, const char *name, struct err *err)
{
	struct stat st;

	if (!fs_open(fd_out, dir, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, FS_BENEATH_NOLINK,
		     err))
		return false;
	/* A directory we may not write into can still be emptied when it is ours. */
	if (fstat(*fd_out, &st) == 0 && (st.st_mode & 0700) != 0700)
		fchmod(*fd_out, 0700);
	return true;
}

/* To the top of the tree that is removed, whose turn comes again. */
static bool move_up(int top, int dir, const char *name, struct err *err)
{
	unsigned char random[8];
	char fresh[2 * sizeof(random) + 1];

	random_bytes(random, sizeof(random));
	hex_format(fresh, random, sizeof(random));
	return renameat(dir, name, top, fresh) == 0 || err_set_errno(err, "remove %s", name);
}

static bool remove_below(int top, int dir, const char *name, int depth, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int fd = -1;
	int done = remove_one(dir, name);

	if (done == 1)
		return true;
	if (done < 0)
		return err_set_errno(err, "remove %s", name);
	if (!open_to_empty(&fd, dir, name, err))
		return false;
	if (depth == REMOVE_DEPTH)
		return move_up(top, dir, name, err);
	if (!fs_list(&names, fd, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++)
		if (!remove_below(top, fd, names.items[i], depth + 1, err))
			return err_wrap(err, "%s", name);
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 || err_set_errno(err, "remove %s", name);
}

bool fs_remove_tree(int dir, const char *name, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	int done = remove_one(dir, name);
	bool empty = false;

	if (done == 1)
		return true;
	if (done < 0)
		return err_set_errno(err, "remove %s", name);
	if (!open_to_empty(&fd, dir, name, err))
		return false;
	while (!empty) {
		AUTO(str_list_free) struct str_list names = { 0 };

		if (!fs_list(&names, fd, ".", FS_BENEATH_NOLINK, err))
			return false;
		for (size_t i = 0; i < names.len; i++)
			if (!remove_below(fd, fd, names.items[i], 1, err))
				return err_wrap(err, "%s", name);
		empty = !names.len;
	}
	return unlinkat(dir, name, AT_REMOVEDIR) == 0 || err_set_errno(err, "remove %s", name);
}

bool fs_lock(int *fd_out, int dir, const char *name, bool exclusive, struct err *err)
{
	AUTO(auto_close)
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err_set_errno(err, "lock %s", name);
	while (flock(fd, exclusive ? LOCK_EX : LOCK_SH) < 0) {
		if (errno != EINTR)
			return err_set_errno(err, "lock %s", name);
		if (!cancel_check(err))
			return false;
	}
	*fd_out = steal_fd(&fd);
	return true;
}

bool fs_tmpdir_open(struct fs_tmpdir *d, struct err *err)
{
	const char *base = env_get("TMPDIR");

	snprintf(d->path, sizeof(d->path), "%s/rtbuild-XXXXXX", base ? base : "/tmp");
	if (!mkdtemp(d->path)) {
		err_set_errno(err, "make a directory %s", d->path);
		d->path[0] = '\0';
		return false;
	}
	return fs_open_dir(&d->fd, d->path, err);
}

void fs_tmpdir_close(struct fs_tmpdir *d)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct err ignored = {
		0
	}; /* what cannot be removed is left for the system's cleaning of /tmp */
	bool ok = d->fd >= 0 && fs_list(&names, d->fd, ".", FS_BENEATH_NOLINK, &ignored);

	for (size_t i = 0; ok && i < names.len; i++)
		ok = fs_remove_tree(d->fd, names.items[i], &ignored);
	auto_close(&d->fd);
	if (d->path[0])
		rmdir(d->path);
	d->path[0] = '\0';
}
