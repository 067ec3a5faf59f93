// SPDX-License-Identifier: Apache-2.0
#include "sandbox/stubs.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"

/* Mount points that leave no trace. */

enum { LINKS_MAX = 40 }; /* as the kernel counts them */

/* Where a descriptor is, by the kernel's own word. */
static char *fd_path(int fd)
{
	char link[64], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path));
	return n > 0 && n < (ssize_t)sizeof(path) ? mem_strndup(path, (size_t)n) : NULL;
}

bool stubs_init(struct stubs *s, int root, struct err *err)
{
	*s = (struct stubs){ .root = root, .root_path = fd_path(root) };
	return s->root_path || err_set_errno(err, "find the path of the root tree");
}

void stubs_free(struct stubs *s)
{
	for (size_t i = 0; i < s->len; i++)
		free(s->items[i].path);
	free(STEAL(s->items));
	free(STEAL(s->root_path));
	s->len = s->cap = 0;
}

/* The path inside the root, no leading slash. */
static bool canonical(char **out, const struct stubs *s, int fd, struct err *err)
{
	AUTO(auto_free) char *full = fd_path(fd);
	size_t len = strlen(s->root_path);

	if (!full || strncmp(full, s->root_path, len) != 0 || (full[len] && full[len] != '/'))
		return err_set(err, E_IO, "cannot tell where '%s' is", full ? full : "?");
	*out = mem_strdup(full[len] ? full + len + 1 : "");
	return true;
}

static bool has(const struct stubs *s, const char *path)
{
	for (size_t i = 0; i < s->len; i++)
		if (str_eq(s->items[i].path, path))
			return true;
	return false;
}

static bool push(struct stubs *s, const char *path, bool made, struct err *err)
{
	struct stub *item;

	if (has(s, path))
		return true;
	item = ARRAY_PUSH(s);
	item->path = mem_strdup(path);
	item->made = made;
	return made || fs_stat(&item->before, s->root, path, FS_IN_ROOT, err);
}

/* Making something in the directory `path` copies it and all that lead to it to the upper layer. */
static bool note_parents(struct stubs *s, const char *path, struct err *err)
{
	AUTO(auto_free) char *prefix = mem_strdup(path);

	if (!push(s, "", false, err))
		return false;
	for (char *at = prefix; *at; at++) {
		if (*at != '/')
			continue;
		*at = '\0';
		if (!push(s, prefix, false, err))
			return false;
		*at = '/';
	}
	return push(s, prefix, false, err);
}

static bool create(struct stubs *s, const char *parent, int dir, const char *name, bool is_dir,
		   struct err *err)
{
	AUTO(auto_free) char *path = *parent ? mem_printf("%s/%s", parent, name) : mem_strdup(name);
	AUTO(auto_close) int fd = -1;

	if (!note_parents(s, parent, err))
		return false;
	if (is_dir && mkdirat(dir, name, 0755) < 0)
		return err_set_errno(err, "make directory /%s in the image", path);
	if (!is_dir) {
		fd = openat(dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0644);
		if (fd < 0)
			return err_set_errno(err, "make /%s in the image", path);
	}
	return push(s, path, true, err);
}

static bool check_kind(int fd, const char *path, bool is_dir, struct err *err)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (S_ISDIR(st.st_mode) != is_dir)
		return err_set(err, E_INPUT, "%s is %sa directory in the image", path,
			       is_dir ? "not " : "");
	return true;
}

static bool ensure(int *fd_out, struct stubs *s, const char *path, bool is_dir, int depth,
		   struct err *err);

/* `path` does not resolve: its last component is absent, or a link to what is absent. */
static bool ensure_missing(int *fd_out, struct stubs *s, const char *path, bool is_dir, int depth,
			   struct err *err)
{
	AUTO(auto_free) char *copy = mem_strdup(path);
	AUTO(auto_free) char *parent = NULL;
	AUTO(auto_free) char *next = NULL;
	AUTO(auto_close) int dir = -1;
	char target[PATH_MAX];
	char *slash;
	ssize_t n;

	for (size_t len = strlen(copy); len > 1 && copy[len - 1] == '/'; len--)
		copy[len - 1] = '\0';
	slash = strrchr(copy, '/');
	if (!slash)
		return err_set(err, E_INPUT, "'%s' is not absolute", path);
	*slash = '\0';
	if (!ensure(&dir, s, *copy ? copy : "/", true, depth + 1, err) ||
	    !canonical(&parent, s, dir, err))
		return false;
	n = readlinkat(dir, slash + 1, target, sizeof(target) - 1);
	if (n > 0) {
		target[n] = '\0';
		next = *target == '/' ? mem_strdup(target) : mem_printf("/%s/%s", parent, target);
		return ensure(fd_out, s, next, is_dir, depth + 1, err);
	}
	if (errno == ENOENT && !create(s, parent, dir, slash + 1, is_dir, err))
		return false;
	next = mem_printf("/%s/%s", parent, slash + 1);
	return fs_open(fd_out, s->root, next, O_PATH, 0, FS_IN_ROOT, err) &&
	       check_kind(*fd_out, next, is_dir, err);
}

static bool ensure(int *fd_out, struct stubs *s, const char *path, bool is_dir, int depth,
		   struct err *err)
{
	if (depth > LINKS_MAX)
		return err_set(err, E_INPUT, "'%s' has too many levels of links or directories",
			       path);
	if (fs_open(fd_out, s->root, path, O_PATH, 0, FS_IN_ROOT, err))
		return check_kind(*fd_out, path, is_dir, err);
	if (err->code != E_NOT_FOUND) {
		/* A file on the way, links in a circle: the image and the request do not fit. */
		err->code = E_INPUT;
		return false;
	}
	err_clear(err);
	return ensure_missing(fd_out, s, path, is_dir, depth, err);
}

bool stubs_make(char **canonical_out, struct stubs *s, const char *path, bool is_dir,
		struct err *err)
{
	AUTO(auto_close) int fd = -1;
	AUTO(auto_free) char *inside = NULL;

	if (!ensure(&fd, s, path, is_dir, 0, err) || !canonical(&inside, s, fd, err))
		return false;
	*canonical_out = mem_printf("/%s", inside);
	return true;
}

bool stubs_note(struct stubs *s, const char *path, struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO(auto_free) char *parent = mem_strndup(path, slash ? (size_t)(slash - path) : 0);

	return note_parents(s, parent, err);
}

bool stubs_settle(struct stubs *s, struct err *err)
{
	for (size_t i = 0; i < s->len; i++)
		if (!fs_stat(&s->items[i].after, s->root, s->items[i].path, FS_IN_ROOT, err))
			return false;
	return true;
}

static bool same_time(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

static bool is_untouched(const struct stat *now, const struct stat *then)
{
	return same_time(now->st_ctim, then->st_ctim) && same_time(now->st_mtim, then->st_mtim) &&
	       now->st_mode == then->st_mode && now->st_uid == then->st_uid &&
	       now->st_gid == then->st_gid && now->st_size == then->st_size;
}

/* What the command left of one of them. */
struct outcome {
	bool there, untouched, same_mtime;
};

static void judge(struct outcome *out, const struct stub *item, int upper)
{
	struct err ignored = { 0 };
	struct stat now;

	out->there = fs_stat(&now, upper, item->path, FS_BENEATH_NOLINK, &ignored);
	out->untouched = out->there && is_untouched(&now, &item->after);
	out->same_mtime =
		out->there && S_ISDIR(now.st_mode) && same_time(now.st_mtim, item->after.st_mtim);
}

/* Gone from upper, when nothing is in it: then the lower directory of that name shows again, if
 * there is one. */
static bool drop(int upper, const struct stub *item, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent parent = { .fd = -1 };
	int flags = S_ISDIR(item->after.st_mode) ? AT_REMOVEDIR : 0;

	if (!fs_open_parent(&parent, upper, item->path, FS_BENEATH_NOLINK, err))
		return false;
	if (unlinkat(parent.fd, parent.name, flags) == 0 || errno == ENOTEMPTY || errno == EEXIST)
		return true;
	return err_set_errno(err, "remove the mount point /%s", item->path);
}

static bool restore_times(int upper, const struct stub *item, struct err *err)
{
	struct timespec times[2] = { item->before.st_atim, item->before.st_mtim };
	AUTO(auto_close) int fd = -1;

	if (!fs_open(&fd, upper, item->path, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err)) {
		if (err->code != E_NOT_FOUND)
			return false;
		err_clear(err);
		return true;
	}
	return futimens(fd, times) == 0 ||
	       err_set_errno(err, "restore the times of /%s", item->path);
}

bool stubs_remove(const struct stubs *s, int upper, struct err *err)
{
	AUTO(auto_free) struct outcome *found = mem_alloc((s->len + 1) * sizeof(*found));

	/* All are judged before the first is removed: removing changes the parent's times. */
	for (size_t i = 0; i < s->len; i++)
		judge(&found[i], &s->items[i], upper);
	for (size_t i = s->len; i-- > 0;)
		if (found[i].untouched && *s->items[i].path && !drop(upper, &s->items[i], err))
			return false;
	for (size_t i = s->len; i-- > 0;)
		if (!s->items[i].made && found[i].same_mtime &&
		    !restore_times(upper, &s->items[i], err))
			return false;
	return true;
}
