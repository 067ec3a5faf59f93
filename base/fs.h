// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_FS_H
#define BASE_FS_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/err.h"
#include "base/str.h"

/*
 * The file system, from directory descriptors only. Every path that comes from
 * outside is resolved by openat2(2) under a root descriptor; there is no
 * fall-back for kernels without it (E_UNSUPPORTED).
 */
enum fs_resolve {
	FS_IN_ROOT,        /* RESOLVE_IN_ROOT: links mean what they mean inside; for image trees */
	FS_BENEATH,        /* RESOLVE_BENEATH: leaving the root is an error; for contexts */
	FS_BENEATH_NOLINK, /* and no symbolic link on the way; for stores and caches */
};

/* A directory named on the command line or by the environment (AT_FDCWD). O_DIRECTORY | O_CLOEXEC.
 */
MUST_CHECK bool fs_open_dir(int *fd_out, const char *path, struct err *err);

/* open(2) of `path` under `root`; O_CLOEXEC is added. `mode` only counts with O_CREAT. */
MUST_CHECK bool fs_open(int *fd_out, int root, const char *path, int flags, mode_t mode,
			enum fs_resolve how, struct err *err);

/*
 * The directory that holds `path`, resolved, and the last component, never
 * resolved: what unlinkat, mkdirat, symlinkat, linkat want. A last component "", "." or ".." is
 * E_INPUT.
 */
struct fs_parent {
	int fd;
	char name[NAME_MAX + 1];
};
MUST_CHECK bool fs_open_parent(struct fs_parent *out, int root, const char *path,
			       enum fs_resolve how, struct err *err);
void fs_parent_close(struct fs_parent *p);

/* lstat under `root`; false with E_NOT_FOUND when absent. */
MUST_CHECK bool fs_stat(struct stat *out, int root, const char *path, enum fs_resolve how,
			struct err *err);
bool fs_exists(int root, const char *path); /* FS_BENEATH, of any type */

/* mkdir -p under `root`; existing directories (and links to them, FS_IN_ROOT) are fine. */
MUST_CHECK bool fs_mkdir_p(int root, const char *path, mode_t mode, enum fs_resolve how,
			   struct err *err);
/* mkdir -p of a path of the host itself, and open it. */
MUST_CHECK bool fs_open_dir_p(int *fd_out, const char *path, mode_t mode, struct err *err);

/* The whole of a regular file of at most `max` bytes, appended to `out`. FIFOs and devices are
 * refused. */
MUST_CHECK bool fs_read(struct buf *out, int root, const char *path, size_t max,
			enum fs_resolve how, struct err *err);
/* A path as the user typed it. "-" is not special here. */
MUST_CHECK bool fs_read_path(struct buf *out, const char *path, size_t max, struct err *err);
MUST_CHECK bool fs_read_fd(struct buf *out, int fd, size_t max, struct err *err);

MUST_CHECK bool fs_write_all(int fd, const void *data, size_t len, struct err *err);

/* Temp file in the same directory, fsync, rename, fsync of the directory: whole or not at all. */
MUST_CHECK bool fs_write_atomic(int dir, const char *name, const void *data, size_t len,
				mode_t mode, struct err *err);
/* The same for a path as the user typed it: a link is followed, and what is no regular file (a
 * FIFO, /dev/stdout, /dev/null) is written to as it is. */
MUST_CHECK bool fs_write_path_atomic(const char *path, const void *data, size_t len, mode_t mode,
				     struct err *err);

/* Temp file and rename, but no fsync, which costs as much as a short command: for what is made
 * again when it is lost. After a power cut the file may be empty, so who reads it takes what does
 * not parse for absent. */
MUST_CHECK bool fs_write_lossy(int dir, const char *name, const void *data, size_t len, mode_t mode,
			       struct err *err);
MUST_CHECK bool fs_write_path_lossy(const char *path, const void *data, size_t len, mode_t mode,
				    struct err *err);

/* A file that is unlinked at the end of its scope, unless it was committed. Opened read-write. */
struct fs_tmp {
	int dir; /* borrowed */
	int fd;
	char name[NAME_MAX + 1];
};
/* clang-format off */
#define FS_TMP_INIT { .dir = -1, .fd = -1 }
/* clang-format on */
MUST_CHECK bool fs_tmp_open(struct fs_tmp *tmp, int dir, struct err *err);
/* fsync, then rename to `name` in `to_dir` (an existing one is replaced), then fsync of to_dir. */
MUST_CHECK bool fs_tmp_commit(struct fs_tmp *tmp, int to_dir, const char *name, mode_t mode,
			      struct err *err);
/* The rename alone: see fs_write_lossy. */
MUST_CHECK bool fs_tmp_commit_lossy(struct fs_tmp *tmp, int to_dir, const char *name, mode_t mode,
				    struct err *err);
void fs_tmp_close(struct fs_tmp *tmp);
/* Whether `name` in `dir` is such a file whose maker died before it committed or removed it. */
bool fs_tmp_is_leftover(int dir, const char *name);

/* The absolute name of an existing host path, links resolved, as the kernel says it; NULL when
 * there is none. The caller frees. */
char *fs_absolute(const char *path);

/* Names in a directory but "." and "..", sorted bytewise. */
MUST_CHECK bool fs_list(struct str_list *out, int root, const char *path, enum fs_resolve how,
			struct err *err);

/* rm -rf of `name` in `dir`; never follows a link, never leaves the device tree it found; absent is
 * success. */
MUST_CHECK bool fs_remove_tree(int dir, const char *name, struct err *err);

/*
 * Locks by flock(2): the death of the holder releases them. fs_lock makes the
 * file when needed and waits (giving up with E_CANCELLED when the user interrupts).
 */
MUST_CHECK bool fs_lock(int *fd_out, int dir, const char *name, bool exclusive, struct err *err);

/* $TMPDIR or /tmp: a fresh 0700 directory, removed with its content by fs_tmpdir_close. */
struct fs_tmpdir {
	int fd;
	char path[PATH_MAX];
};
/* clang-format off */
#define FS_TMPDIR_INIT { .fd = -1 }
/* clang-format on */
MUST_CHECK bool fs_tmpdir_open(struct fs_tmpdir *d, struct err *err);
void fs_tmpdir_close(struct fs_tmpdir *d);

/*
 * A path as archives have it, made canonical: no leading "/" or "./", no empty
 * or "." components, no trailing slash; ".." is refused (E_INTEGRITY), so are NUL,
 * over-long names and depths. The root itself is "". The result is the caller's to free.
 */
MUST_CHECK bool fs_clean_member(char **out, const char *path, size_t len, struct err *err);

/* Join and clean lexically as path.Join of Go: "/a/b" from ("/a/x", "../b"); an absolute `rel`
 * replaces. */
char *fs_join(const char *base, const char *rel);
/* path.Clean: result is absolute when `path` is. */
char *fs_clean(const char *path);
const char *fs_basename(const char *path); /* borrowed from `path`, behind its last '/' */

#endif
