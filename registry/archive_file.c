// SPDX-License-Identifier: Apache-2.0
#include "registry/archive_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Getting at an archive. */

enum { PIECE = 128 * KIB };

static bool copy_all(int to, int from, struct err *err)
{
	AUTO(auto_free) char *piece = mem_alloc(PIECE);

	for (;;) {
		ssize_t n = read(from, piece, PIECE);

		if (n < 0 && errno != EINTR)
			return err_set_errno(err, "read");
		if (!cancel_check(err) || (n > 0 && !fs_write_all(to, piece, (size_t)n, err)))
			return false;
		if (n == 0)
			return true;
	}
}

/* A pipe's bytes in an unnamed file of the store's file system. */
static bool spool(int *fd_out, int from, struct store *store, struct err *err)
{
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int fd = -1;
	AUTO(fs_tmp_close) struct fs_tmp tmp = FS_TMP_INIT;

	if (!store_subdir(&dir, store, "tmp", err) || !fs_tmp_open(&tmp, dir, err))
		return false;
	fd = fcntl(tmp.fd, F_DUPFD_CLOEXEC, 3);
	if (fd < 0)
		return err_set_errno(err, "dup");
	if (!copy_all(fd, from, err))
		return false;
	*fd_out = steal_fd(&fd);
	return true;
}

static bool open_input(int *fd_out, struct store *store, struct err *err)
{
	AUTO(auto_close) int fd = fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3);
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set_errno(err, "standard input");
	if (isatty(fd)) {
		err_set(err, E_USAGE, "standard input is a terminal, not an archive");
		return err_hint(err, "name a file, or send an archive into a pipe");
	}
	if (!S_ISREG(st.st_mode))
		return spool(fd_out, fd, store, err) || err_wrap(err, "standard input");
	*fd_out = steal_fd(&fd);
	return true;
}

bool archive_file_open(struct tar_file **out, const char *path, struct store *store,
		       struct err *err)
{
	AUTO(auto_close) int fd = -1;

	if (str_eq(path, "-")) {
		if (!open_input(&fd, store, err))
			return false;
	} else {
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
		if (fd < 0)
			return err_set_errno(err, "open");
	}
	return tar_file_open(out, steal_fd(&fd), err);
}

bool archive_file_kind(enum place_kind *out, const struct tar_file *f, struct err *err)
{
	/* clang-format off */
	static const struct {
		const char *member;
		enum place_kind kind;
	} marks[] = {
		{ "oci-layout",    PLACE_OCI_ARCHIVE },
		{ "manifest.json", PLACE_DOCKER_ARCHIVE },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(marks); i++)
		if (tar_file_find(f, marks[i].member)) {
			*out = marks[i].kind;
			return true;
		}
	if (tar_file_find(f, "repositories")) {
		err_set(err, E_UNSUPPORTED, "the archive was written by docker before 1.10");
		return err_hint(err, "load and save it again with a newer one");
	}
	err_set(err, E_INPUT,
		"it is a tar, but no image archive: neither oci-layout nor "
		"manifest.json is in it");
	return err_hint(err, "a tar of a root file system becomes an image by ADD in a Dockerfile");
}
