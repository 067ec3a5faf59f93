// SPDX-License-Identifier: Apache-2.0
#include "sandbox/copytree.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "layers/xattr.h"
#include "sandbox/trees.h"

/* Trees of ours, copied. Nothing in them is trusted: only names under open directories are used. */

struct copying {
	const struct copytree_options *opt;
	int to, from;         /* the roots */
	struct str_list dirs; /* relative, parents first: their times are set last */
	struct map links;     /* "dev:ino" of files with several names -> where the first went */
};

static void copying_free(struct copying *c)
{
	str_list_free(&c->dirs);
	map_free(&c->links);
}

/* FICLONE shares extents; copy_file_range copies in the kernel; both may be refused between file
 * systems. */
static bool copy_bytes(int to, int from, const char *shown, struct err *err)
{
	enum { PIECE = 128 * 1024 };
	AUTO(auto_free) char *piece = NULL;
	ssize_t n;

	if (ioctl(to, FICLONE, from) == 0)
		return true;
	do {
		n = copy_file_range(from, NULL, to, NULL, SSIZE_MAX / 2, 0);
		if (n == 0)
			break;
	} while (n > 0 || errno == EINTR);
	if (n < 0 && errno != EXDEV && errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP &&
	    errno != EPERM)
		return err_set_errno(err, "copy %s", shown);
	/* From where it stopped: also the end of files the kernel calls empty. */
	piece = mem_alloc(PIECE);
	while ((n = read(from, piece, PIECE)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return err_set_errno(err, "read %s", shown);
		if (!fs_write_all(to, piece, (size_t)n, err))
			return err_wrap(err, "%s", shown);
	}
	return true;
}

/* What belongs to a file whoever looks: overlay's marks stay behind, an owner beside a file comes
 * along. */
static bool is_copied(const char *name)
{
	return xattr_is_kept(name);
}

static bool copy_xattrs(int to, int from, const char *shown, struct err *err)
{
	AUTO(auto_free) char *names = NULL;
	AUTO(auto_free) char *value = NULL;
	ssize_t total = flistxattr(from, NULL, 0);

	if (total <= 0)
		return total == 0 || errno == ENOTSUP ||
		       err_set_errno(err, "list the attributes of %s", shown);
	names = mem_alloc((size_t)total + 1);
	value = mem_alloc(LIMIT_XATTR_VALUE);
	total = flistxattr(from, names, (size_t)total);
	for (const char *at = names; at < names + total; at += strlen(at) + 1) {
		const char *rest;
		ssize_t len;

		if (xattr_is_overlay(at, &rest) || !is_copied(at))
			continue;
		len = fgetxattr(from, at, value, LIMIT_XATTR_VALUE);
		if (len < 0 || fsetxattr(to, at, value, (size_t)len, 0) < 0)
			return errno == ENOTSUP ||
			       err_set_errno(err, "copy attribute %s of %s", at, shown);
	}
	return true;
}

/* Owner, mode, attributes, times: chown clears capabilities and setuid bits, so in this order. */
static bool copy_metadata(struct copying *c, int to, int from, const struct stat *st,
			  const char *shown, struct err *err)
{
	if (c->opt->keep_owner && fchown(to, st->st_uid, st->st_gid) < 0)
		return err_set_errno(err, "set the owner of %s", shown);
	if (fchmod(to, st->st_mode & 07777) < 0)
		return err_set_errno(err, "set the mode of %s", shown);
	if (!copy_xattrs(to, from, shown, err))
		return false;
	return futimens(to, (struct timespec[2]){ st->st_atim, st->st_mtim }) == 0 ||
	       err_set_errno(err, "set the times of %s", shown);
}

static bool copy_file(struct copying *c, int to, const char *name, int from, const char *from_name,
		      const struct stat *st, const char *shown, struct err *err)
{
	AUTO(auto_close) int in = -1;
	AUTO(auto_close) int out = -1;

	in = openat(from, from_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (in < 0)
		return err_set_errno(err, "open %s", shown);
	out = openat(to, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (out < 0)
		return err_set_errno(err, "make %s", shown);
	return copy_bytes(out, in, shown, err) && copy_metadata(c, out, in, st, shown, err);
}

static bool copy_link(struct copying *c, int to, const char *name, int from, const char *from_name,
		      const struct stat *st, const char *shown, struct err *err)
{
	char target[PATH_MAX];
	ssize_t n = readlinkat(from, from_name, target, sizeof(target) - 1);

	if (n < 0)
		return err_set_errno(err, "read link %s", shown);
	target[n] = '\0';
	if (symlinkat(target, to, name) < 0)
		return err_set_errno(err, "make link %s", shown);
	if (c->opt->keep_owner &&
	    fchownat(to, name, st->st_uid, st->st_gid, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set_errno(err, "set the owner of %s", shown);
	return utimensat(to, name, (struct timespec[2]){ st->st_atim, st->st_mtim },
			 AT_SYMLINK_NOFOLLOW) == 0 ||
	       err_set_errno(err, "set the times of %s", shown);
}

/* FIFOs, and devices where we may make them. */
static bool copy_node(struct copying *c, int to, const char *name, const struct stat *st,
		      const char *shown, struct err *err)
{
	if (S_ISSOCK(st->st_mode))
		return true;
	if (mknodat(to, name, st->st_mode, st->st_rdev) < 0)
		return errno == EPERM || err_set_errno(err, "make node %s", shown);
	if (c->opt->keep_owner && fchownat(to, name, st->st_uid, st->st_gid, 0) < 0)
		return err_set_errno(err, "set the owner of %s", shown);
	return fchmodat(to, name, st->st_mode & 07777, 0) == 0 ||
	       err_set_errno(err, "set the mode of %s", shown);
}

static bool make_dir(int to, const char *name, const char *shown, struct err *err)
{
	struct stat st;

	if (mkdirat(to, name, 0700) == 0)
		return true;
	if (errno != EEXIST)
		return err_set_errno(err, "make directory %s", shown);
	if (fstatat(to, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set_errno(err, "%s", shown);
	if (S_ISDIR(st.st_mode))
		return true;
	return (unlinkat(to, name, 0) == 0 && mkdirat(to, name, 0700) == 0) ||
	       err_set_errno(err, "replace %s by a directory", shown);
}

/* Another name of a file that was copied already. */
static bool link_known(bool *done_out, struct copying *c, int to, const char *name,
		       const struct stat *st, const char *shown, struct err *err)
{
	AUTO(auto_free)
	char *key = mem_printf("%llu:%llu", (unsigned long long)st->st_dev,
			       (unsigned long long)st->st_ino);
	const char *first = map_text(&c->links, key);

	*done_out = first != NULL;
	if (!first) {
		map_put_text(&c->links, key, shown);
		return true;
	}
	return linkat(c->to, first, to, name, 0) == 0 ||
	       err_set_errno(err, "link %s to %s", shown, first);
}

static bool copy_name(struct copying *c, int to, int from, const char *dir, const char *name,
		      struct err *err)
{
	AUTO(auto_free) char *path = *dir ? mem_printf("%s/%s", dir, name) : mem_strdup(name);
	struct stat st;
	bool done = false;

	if (fstatat(from, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set_errno(err, "%s", path);
	if (S_ISDIR(st.st_mode)) {
		str_list_push(&c->dirs, path);
		return make_dir(to, name, path, err);
	}
	if (!fs_remove_tree(to, name, err))
		return false;
	if (c->opt->whiteouts && S_ISCHR(st.st_mode) && st.st_rdev == 0)
		return true;
	if (st.st_nlink > 1 && !link_known(&done, c, to, name, &st, path, err))
		return false;
	if (done)
		return true;
	if (S_ISREG(st.st_mode))
		return copy_file(c, to, name, from, name, &st, path, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(c, to, name, from, name, &st, path, err);
	return copy_node(c, to, name, &st, path, err);
}

static bool is_opaque(int dir)
{
	static const char *const names[] = { "trusted.overlay.opaque", "user.overlay.opaque" };
	char value;

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		if (fgetxattr(dir, names[i], &value, 1) == 1 && value == 'y')
			return true;
	return false;
}

static bool clear_dir(int dir, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (!fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++)
		if (!fs_remove_tree(dir, names.items[i], err))
			return false;
	return true;
}

static bool open_dir(int *fd_out, int root, const char *path, struct err *err)
{
	return fs_open(fd_out, root, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0,
		       FS_BENEATH_NOLINK, err);
}

static bool copy_dir(struct copying *c, const char *dir, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int from = -1;
	AUTO(auto_close) int to = -1;

	if (!cancel_check(err) || !open_dir(&from, c->from, dir, err) ||
	    !open_dir(&to, c->to, dir, err))
		return false;
	if (c->opt->whiteouts && is_opaque(from) && !clear_dir(to, err))
		return false;
	if (!fs_list(&names, from, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++)
		if (!copy_name(c, to, from, dir, names.items[i], err))
			return false;
	return true;
}

static bool finish_dir(struct copying *c, const char *dir, struct err *err)
{
	AUTO(auto_close) int from = -1;
	AUTO(auto_close) int to = -1;
	struct stat st;

	if (!open_dir(&from, c->from, dir, err) || !open_dir(&to, c->to, dir, err))
		return false;
	if (fstat(from, &st) < 0)
		return err_set_errno(err, "%s", dir);
	return copy_metadata(c, to, from, &st, dir, err);
}

bool copytree(int to, int from, const struct copytree_options *opt, struct err *err)
{
	AUTO(copying_free) struct copying c = { .opt = opt, .to = to, .from = from };

	c.links = (struct map)MAP_TEXT;
	str_list_push(&c.dirs, "");
	/* The list grows while it is read: what is found in a directory comes behind it. */
	for (size_t i = 0; i < c.dirs.len; i++) {
		AUTO(auto_free) char *dir = mem_strdup(c.dirs.items[i]);

		if (!copy_dir(&c, dir, err))
			return false;
	}
	for (size_t i = c.dirs.len; i-- > 0;)
		if (!finish_dir(&c, c.dirs.items[i], err))
			return false;
	return true;
}

bool copytree_metadata(int to, int from, const struct stat *st, bool keep_owner, struct err *err)
{
	const struct copytree_options opt = { .keep_owner = keep_owner };
	struct copying c = { .opt = &opt };

	return copy_metadata(&c, to, from, st, "a directory", err);
}

bool copytree_one(int to, const char *name, int from, const char *from_name,
		  const struct copytree_options *opt, struct err *err)
{
	AUTO(copying_free) struct copying c = { .opt = opt, .to = to, .from = from };
	AUTO(auto_close) int in = -1;
	AUTO(auto_close) int out = -1;
	struct stat st;

	c.links = (struct map)MAP_TEXT;
	if (fstatat(from, from_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set_errno(err, "%s", from_name);
	if (S_ISREG(st.st_mode))
		return copy_file(&c, to, name, from, from_name, &st, name, err);
	if (S_ISLNK(st.st_mode))
		return copy_link(&c, to, name, from, from_name, &st, name, err);
	if (!S_ISDIR(st.st_mode))
		return copy_node(&c, to, name, &st, name, err);
	return make_dir(to, name, name, err) && open_dir(&out, to, name, err) &&
	       open_dir(&in, from, from_name, err) && copytree(out, in, opt, err);
}
