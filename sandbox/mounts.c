// SPDX-License-Identifier: Apache-2.0
#include "sandbox/mounts.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/copytree.h"
#include "sandbox/forward.h"
#include "sandbox/overlay.h"

/* Mounts of a request. That they happen is the engine's. */

void mounts_free(struct mounts *m)
{
	cachedirs_free(&m->caches);
}

bool mounts_in_ours(const char *target)
{
	return str_has_prefix(target, "/dev/") || str_has_prefix(target, "/proc/") ||
	       str_has_prefix(target, "/sys/");
}

/* --- targets --- */

/* The mount that hides the place where `target` would be made, or NULL. */
static const struct point *covering(const struct mounts *m, const char *target)
{
	for (size_t i = m->points->len; i-- > 0;) {
		const struct point *p = &m->points->items[i];
		size_t len = strlen(p->target);

		if (strncmp(target, p->target, len) == 0 && target[len] == '/')
			return p;
	}
	return NULL;
}

static bool make_inside(const struct point *p, const char *rest, bool is_dir, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent parent = { .fd = -1 };
	AUTO(auto_free) char *above = fs_join(rest, "..");
	AUTO(auto_close) int root = -1;
	AUTO(auto_close) int fd = -1;

	if (!fs_open_dir(&root, p->source, err))
		return false;
	if (is_dir)
		return fs_mkdir_p(root, rest, 0755, FS_IN_ROOT, err);
	if (!fs_mkdir_p(root, above, 0755, FS_IN_ROOT, err) ||
	    !fs_open_parent(&parent, root, rest, FS_IN_ROOT, err))
		return false;
	fd = openat(parent.fd, parent.name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
		    0644);
	return fd >= 0 || errno == EEXIST || err_set_errno(err, "make %s", p->target);
}

/* A target inside an earlier mount is made there: in the root it would not be seen. */
static bool make_target(char **real_out, struct mounts *m, const char *target, bool is_dir,
			struct err *err)
{
	const struct point *above;

	if (mounts_in_ours(target)) {
		*real_out = mem_strdup(target);
		return true;
	}
	if (!stubs_make(real_out, m->stubs, target, is_dir, err))
		return err_wrap(err, "mount target");
	above = covering(m, *real_out);
	return !above || !above->ours ||
	       make_inside(above, *real_out + strlen(above->target), is_dir, err) ||
	       err_wrap(err, "mount target %s", target);
}

static bool bind_source(struct mounts *m, const char *source, const char *target, bool read_only,
			bool ours, struct err *err)
{
	AUTO(auto_free) char *real = NULL;
	struct stat st;

	if (stat(source, &st) < 0)
		return err_set_errno(err, "mount source %s", source);
	if (!make_target(&real, m, target, S_ISDIR(st.st_mode), err))
		return false;
	points_add_bind(m->points, source, real, read_only, ours);
	return true;
}

bool mounts_bind(struct mounts *m, const char *source, const char *target, bool read_only,
		 struct err *err)
{
	return bind_source(m, source, target, read_only, false, err);
}

/* --- sources --- */

/* Where `path` leads inside a mounted tree, links followed there; a path of the host. */
static bool find_inside(char **out, const char *root, const char *path, struct err *err)
{
	AUTO(auto_close) int dir = -1;
	AUTO(auto_close) int fd = -1;
	char link[64], real[PATH_MAX];
	ssize_t n;

	if (!fs_open_dir(&dir, root, err))
		return false;
	if (!fs_open(&fd, dir, *path ? path : ".", O_PATH, 0, FS_IN_ROOT, err)) {
		if (err->code != E_NOT_FOUND)
			return false;
		err_clear(err);
		return err_set(err, E_NOT_FOUND, "mount source '%s' is not there", path);
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, real, sizeof(real));
	if (n <= 0 || n == (ssize_t)sizeof(real))
		return err_set_errno(err, "find %s", path);
	*out = mem_strndup(real, (size_t)n);
	return true;
}

/* An overlay of layers in a directory of its own; *root_out is its host path. */
static bool mount_layers(char **root_out, struct mounts *m, const struct sandbox_mount *want,
			 struct err *err)
{
	AUTO(auto_free) char *dir = mem_printf("%s/mount-%zu", m->work->path, m->made++);

	if (mkdir(dir, 0700) < 0)
		return err_set_errno(err, "make directory %s", dir);
	return overlay_mount(root_out, dir, m->request->store, m->space, want->layers,
			     want->layer_count, false, err);
}

static bool add_tree(struct mounts *m, const struct sandbox_mount *want, const char *target,
		     struct err *err)
{
	AUTO(auto_free) char *root = NULL;
	AUTO(auto_free) char *source = NULL;

	return mount_layers(&root, m, want, err) &&
	       find_inside(&source, root, want->source ? want->source : "", err) &&
	       bind_source(m, source, target, want->read_only, true, err);
}

static bool set_owner(const struct mounts *m, int fd, const struct sandbox_mount *want,
		      struct err *err)
{
	if (!space_has_owner(m->space, want->uid, want->gid, err))
		return false;
	return (fchown(fd, want->uid, want->gid) == 0 && fchmod(fd, want->mode) == 0) ||
	       err_set_errno(err, "set owner and mode of %s", want->target);
}

/* A new cache: empty, or a copy of a directory of a tree. */
static bool fill_cache(void *arg, int dir, const struct sandbox_mount *want, struct err *err)
{
	static const struct copytree_options as_it_is = { .keep_owner = true };
	struct mounts *m = arg;
	AUTO(auto_free) char *root = NULL;
	AUTO(auto_free) char *source = NULL;
	AUTO(auto_close) int from = -1;

	if (!want->layers || !want->layer_count)
		return set_owner(m, dir, want, err);
	return mount_layers(&root, m, want, err) &&
	       find_inside(&source, root, want->source ? want->source : "", err) &&
	       fs_open_dir(&from, source, err) && copytree(dir, from, &as_it_is, err);
}

static bool write_file(char **path_out, struct mounts *m, const struct sandbox_mount *want,
		       struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/bundle/file-%zu", m->work->path, m->made++);
	AUTO(auto_close) int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_set_errno(err, "make a file in memory");
	if (!fs_write_all(fd, want->data, want->len, err) || !set_owner(m, fd, want, err))
		return false;
	*path_out = STEAL(path);
	return true;
}

static bool add_file(struct mounts *m, const struct sandbox_mount *want, const char *target,
		     struct err *err)
{
	AUTO(auto_free) char *path = NULL;

	return write_file(&path, m, want, err) && bind_source(m, path, target, true, true, err);
}

static bool add_socket(struct mounts *m, const struct sandbox_mount *want, const char *target,
		       struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/bundle/socket-%zu", m->work->path, m->made);
	AUTO(auto_free) char *name = mem_printf("bundle/socket-%zu", m->made++);

	if (!space_has_owner(m->space, want->uid, want->gid, err))
		return false;
	if (chdir(m->work->path) < 0)
		return err_set_errno(err, "%s", m->work->path);
	return forward_start(name, want, err) && bind_source(m, path, target, false, true, err);
}

/* Mounted here and bound: runc 1.1 would give it the mode of the directory it lies on. */
static bool add_tmpfs(struct mounts *m, const struct sandbox_mount *want, const char *target,
		      struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/mount-%zu", m->work->path, m->made++);
	AUTO(auto_free) char *data = mem_strdup("mode=1777");

	if (want->size) {
		free(data);
		data = mem_printf("mode=1777,size=%llu", (unsigned long long)want->size);
	}
	if (mkdir(path, 0700) < 0 || mount("tmpfs", path, "tmpfs", MS_NOSUID | MS_NODEV, data) < 0)
		return err_set_errno(err, "mount a tmpfs for %s", want->target);
	return bind_source(m, path, target, want->read_only, true, err);
}

static bool add_one(struct mounts *m, const struct sandbox_mount *want, struct err *err)
{
	AUTO(auto_free) char *target = fs_join("/", want->target);

	if (str_eq(target, "/"))
		return err_set(err, E_INPUT, "a mount target cannot be /");
	switch (want->kind) {
	case SANDBOX_BIND:
		return bind_source(m, want->source ? want->source : "", target, want->read_only,
				   false, err);
	case SANDBOX_TMPFS:
		return add_tmpfs(m, want, target, err);
	case SANDBOX_TREE:
		return add_tree(m, want, target, err);
	case SANDBOX_CACHE:
		return bind_source(m, cachedirs_path(&m->caches, want->name), target,
				   want->read_only, true, err);
	case SANDBOX_FILE:
		return add_file(m, want, target, err);
	case SANDBOX_SOCKET:
		return add_socket(m, want, target, err);
	}
	return true;
}

bool mounts_add(struct mounts *m, struct err *err)
{
	const struct request *r = m->request;

	if (!cachedirs_open(&m->caches, r->store, m->space->mode, r->mounts, r->mount_count,
			    fill_cache, m, err))
		return false;
	for (size_t i = 0; i < r->mount_count; i++)
		if (!add_one(m, &r->mounts[i], err))
			return false;
	return true;
}
