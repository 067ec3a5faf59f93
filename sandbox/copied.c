// SPDX-License-Identifier: Apache-2.0
#include "sandbox/copied.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/copytree.h"
#include "sandbox/forward.h"
#include "sandbox/trees.h"

/* Mounts without mount(2). */

static bool lies_in(const char *path, const char *dir)
{
	size_t len = strlen(dir);

	return strncmp(path, dir, len) == 0 && path[len] == '/';
}

/* What was put inside a cache must not go back with it. */
static void clear_caches(struct copied *c)
{
	struct err ignored = { 0 };

	for (size_t i = c->targets.len; i-- > 0;)
		for (size_t k = 1; k < c->placed.len; k += 2) {
			AUTO(fs_parent_close) struct fs_parent place = { .fd = -1 };

			if (lies_in(c->targets.items[i], c->placed.items[k] + 1) &&
			    fs_open_parent(&place, c->root, c->targets.items[i], FS_BENEATH_NOLINK,
					   &ignored) &&
			    !fs_remove_tree(place.fd, place.name, &ignored))
				err_clear(&ignored); /* then it is seen next time */
		}
}

void copied_free(struct copied *c)
{
	clear_caches(c);
	/* While the locks are held: whoever waits for one finds the cache where it belongs. */
	if (c->placed.len)
		workdir_give_back(c->work);
	cachedirs_free(&c->caches);
	str_list_free(&c->targets);
	str_list_free(&c->placed);
	manifest_free(&c->manifest);
	auto_close(&c->root);
}

static struct copytree_options options(const struct copied *c, bool whiteouts)
{
	return (struct copytree_options){ .whiteouts = whiteouts,
					  .keep_owner = c->space->mode != SPACE_SINGLE };
}

/* Layers merged into the directory `name` of the work directory. */
static bool merge(int *fd_out, struct copied *c, const char *name,
		  const struct sandbox_layer *layers, size_t count, struct err *err)
{
	struct copytree_options opt = options(c, true);
	AUTO(auto_close) int to = -1;

	if (!workdir_mkdir(c->work, name, 0755, err) ||
	    !fs_open(&to, c->work->fd, name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		AUTO(auto_free)
		char *path = trees_path(c->request->store, c->space->mode,
					digest_hex(&layers[i].diff_id).text);
		AUTO(auto_close) int from = -1;

		if (!fs_open_dir(&from, path, err) || !copytree(to, from, &opt, err))
			return err_wrap(err, "copy the layers");
	}
	*fd_out = steal_fd(&to);
	return true;
}

bool copied_make(int *root_out, struct copied *c, struct err *err)
{
	if (!merge(&c->root, c, "root", c->request->layers, c->request->layer_count, err) ||
	    !workdir_mkdir(c->work, "aside", 0700, err))
		return false;
	*root_out = fcntl(c->root, F_DUPFD_CLOEXEC, 3);
	return *root_out >= 0 || err_set_errno(err, "duplicate a descriptor");
}

/* --- places --- */

/* The place of a target, empty: what was there lies aside. Its parent directory and name. */
static bool make_place(struct fs_parent *out, struct copied *c, const char *target, bool is_dir,
		       struct err *err)
{
	AUTO(auto_free) char *real = NULL;
	AUTO(auto_free) char *aside = mem_printf("aside/%zu", c->made++);

	if (!stubs_make(&real, c->stubs, target, is_dir, err) ||
	    !stubs_note(c->stubs, real + 1, err))
		return err_wrap(err, "mount target");
	str_list_push(&c->targets, real + 1);
	if (!fs_open_parent(out, c->root, real + 1, FS_BENEATH_NOLINK, err))
		return false;
	return renameat(out->fd, out->name, c->work->fd, aside) == 0 ||
	       err_set_errno(err, "put %s aside", target);
}

/* `name` of the work directory to a target. */
static bool move_in(struct copied *c, const char *name, const char *target, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent place = { .fd = -1 };
	struct stat st;

	if (fstatat(c->work->fd, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set_errno(err, "%s", name);
	return make_place(&place, c, target, S_ISDIR(st.st_mode), err) &&
	       (renameat(c->work->fd, name, place.fd, place.name) == 0 ||
		err_set_errno(err, "put %s in its place", target));
}

/* Absolute and relative names of something new in the work directory. */
static char *new_name(struct copied *c)
{
	return mem_printf("new-%zu", c->made++);
}

bool copied_put(struct copied *c, const char *source, const char *target, struct err *err)
{
	struct copytree_options opt = options(c, false);
	AUTO(auto_free) char *name = new_name(c);
	AUTO(auto_free) char *real = fs_absolute(source);
	AUTO(auto_free) char *above = NULL;
	AUTO(auto_close) int from = -1;

	if (!real)
		return err_set_errno(err, "mount source %s", source);
	above = fs_join(real, "..");
	return fs_open_dir(&from, above, err) &&
	       copytree_one(c->work->fd, name, from, fs_basename(real), &opt, err) &&
	       move_in(c, name, target, err);
}

/* --- /dev --- */

static const struct {
	const char *name;
	unsigned int major, minor;
} nodes[] = {
	{ "null", 1, 3 },   { "zero", 1, 5 },    { "full", 1, 7 },
	{ "random", 1, 8 }, { "urandom", 1, 9 }, { "tty", 5, 0 },
};

/* Without the right to make it, or on a file system whose nodes do not open, there is none; but
 * /dev/null takes what is written to it also as a file. */
static bool make_node(int dev, size_t i, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	bool made = mknodat(dev, nodes[i].name, S_IFCHR | 0666,
			    makedev(nodes[i].major, nodes[i].minor)) == 0;

	if (made && fchmodat(dev, nodes[i].name, 0666, 0) < 0)
		return err_set_errno(err, "make /dev/%s", nodes[i].name);
	if (made)
		fd = openat(dev, nodes[i].name, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd >= 0 || (made && errno == ENXIO))
		return true;
	if (made)
		unlinkat(dev, nodes[i].name, 0);
	if (i > 0)
		return true;
	fd = openat(dev, "null", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	return (fd >= 0 && fchmod(fd, 0666) == 0) || err_set_errno(err, "make /dev/null");
}

static bool make_dev(struct copied *c, struct err *err)
{
	AUTO(auto_free) char *name = new_name(c);
	AUTO(auto_close) int dev = -1;

	if (mkdirat(c->work->fd, name, 0755) < 0)
		return err_set_errno(err, "make a /dev");
	if (!fs_open(&dev, c->work->fd, name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(nodes); i++)
		if (!make_node(dev, i, err))
			return false;
	if (mkdirat(dev, "shm", 01777) < 0 || fchmodat(dev, "shm", 01777, 0) < 0)
		return err_set_errno(err, "make /dev/shm");
	return move_in(c, name, "/dev", err);
}

/* --- the kinds --- */

static bool cannot(const struct sandbox_mount *m, const char *what, const char *cure,
		   struct err *err)
{
	err_set(err, E_UNSUPPORTED, "%s: %s cannot be had where nothing can be mounted", m->target,
		what);
	return err_hint(err, "%s", cure);
}

static bool put_bind(struct copied *c, const struct sandbox_mount *m, struct err *err)
{
	if (!m->read_only)
		return cannot(m, "a directory of the host that is written to",
			      "bind it read-only (:ro): then it is copied", err);
	return copied_put(c, m->source ? m->source : "", m->target, err);
}

static bool put_tmpfs(struct copied *c, const struct sandbox_mount *m, struct err *err)
{
	AUTO(auto_free) char *name = new_name(c);

	if (m->size)
		return cannot(m, "a tmpfs of a certain size",
			      "leave size= out: then it is a directory", err);
	if (mkdirat(c->work->fd, name, 01777) < 0 || fchmodat(c->work->fd, name, 01777, 0) < 0)
		return err_set_errno(err, "make a directory for %s", m->target);
	return move_in(c, name, m->target, err);
}

/* What `path` names in a merged tree, moved to a name of its own. */
static bool take_inside(const char *name, struct copied *c, int tree, const char *path,
			struct err *err)
{
	struct copytree_options opt = options(c, false);
	AUTO(auto_free) char *real = NULL;
	AUTO(auto_close) int fd = -1;
	AUTO(auto_close) int above = -1;
	char link[64];
	ssize_t n;
	AUTO(auto_free) char *full = mem_alloc(PATH_MAX);

	if (!fs_open(&fd, tree, *path ? path : ".", O_PATH, 0, FS_IN_ROOT, err)) {
		if (err->code != E_NOT_FOUND)
			return false;
		err_clear(err);
		return err_set(err, E_NOT_FOUND, "mount source '%s' is not there", path);
	}
	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, full, PATH_MAX - 1);
	if (n <= 0)
		return err_set_errno(err, "find %s", path);
	full[n] = '\0';
	real = fs_join(full, "..");
	return fs_open_dir(&above, real, err) &&
	       copytree_one(c->work->fd, name, above, fs_basename(full), &opt, err);
}

static bool merge_source(const char *name, struct copied *c, const struct sandbox_mount *m,
			 struct err *err)
{
	AUTO(auto_free) char *whole = new_name(c);
	AUTO(auto_close) int tree = -1;

	return merge(&tree, c, whole, m->layers, m->layer_count, err) &&
	       take_inside(name, c, tree, m->source ? m->source : "", err);
}

static bool put_tree(struct copied *c, const struct sandbox_mount *m, struct err *err)
{
	AUTO(auto_free) char *name = new_name(c);

	return merge_source(name, c, m, err) && move_in(c, name, m->target, err);
}

static bool set_owner(struct copied *c, int fd, const struct sandbox_mount *m, struct err *err)
{
	if (!space_has_owner(c->space, m->uid, m->gid, err))
		return false;
	return (fchown(fd, m->uid, m->gid) == 0 && fchmod(fd, m->mode) == 0) ||
	       err_set_errno(err, "set owner and mode of %s", m->target);
}

/* A new cache: empty, or a copy of a directory of a tree. */
static bool fill_cache(void *arg, int dir, const struct sandbox_mount *m, struct err *err)
{
	struct copied *c = arg;
	struct copytree_options opt = options(c, false);
	AUTO(auto_free) char *name = new_name(c);
	AUTO(auto_close) int from = -1;

	if (!m->layer_count)
		return set_owner(c, dir, m, err);
	return merge_source(name, c, m, err) &&
	       fs_open(&from, c->work->fd, name, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK,
		       err) &&
	       copytree(dir, from, &opt, err);
}

/* Where a mount of the same cache before this one put it; NULL: nowhere. */
static const char *placed_before(const struct copied *c, const struct sandbox_mount *m)
{
	for (size_t i = 0; i < c->placed.len; i += 2)
		if (str_eq(c->placed.items[i], m->name))
			return c->placed.items[i + 1];
	return NULL;
}

/* The one directory cannot be in two places: a second target leads to the first. */
static bool put_link(struct copied *c, const char *to, const char *target, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent place = { .fd = -1 };

	return make_place(&place, c, target, true, err) &&
	       (symlinkat(to, place.fd, place.name) == 0 ||
		err_set_errno(err, "link %s to %s", target, to));
}

/* One that is only read is copied: what is written to it is thrown away. */
static bool put_cache(struct copied *c, const struct sandbox_mount *m, struct err *err)
{
	const char *path = cachedirs_path(&c->caches, m->name);
	const char *before = placed_before(c, m);
	AUTO(fs_parent_close) struct fs_parent place = { .fd = -1 };
	AUTO(auto_free) char *where = NULL;

	if (before)
		return put_link(c, before, m->target, err);
	if (m->read_only)
		return copied_put(c, path, m->target, err);
	if (!make_place(&place, c, m->target, true, err))
		return false;
	if (mkdirat(place.fd, place.name, 0755) < 0)
		return err_set_errno(err, "make %s", m->target);
	str_list_push(&c->placed, m->name);
	str_list_push_take(&c->placed, mem_printf("/%s", c->targets.items[c->targets.len - 1]));
	where = mem_printf("root/%s", c->targets.items[c->targets.len - 1]);
	return workdir_lend(c->work, where, path, err) || err_wrap(err, "cache '%s'", m->name);
}

static bool in_memory(const struct copied *c)
{
	struct statfs fs;

	return fstatfs(c->work->fd, &fs) == 0 &&
	       (fs.f_type == TMPFS_MAGIC || fs.f_type == RAMFS_MAGIC);
}

static bool put_file(struct copied *c, const struct sandbox_mount *m, struct err *err)
{
	AUTO(auto_free) char *name = new_name(c);
	AUTO(auto_close) int fd = -1;

	if (m->secret && !in_memory(c))
		return cannot(m, "a secret as a file",
			      "take it as a variable, --mount=type=secret,env=NAME, or keep the "
			      "store in memory: --store /dev/shm/...",
			      err);
	fd = openat(c->work->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_set_errno(err, "make a file for %s", m->target);
	return fs_write_all(fd, m->data, m->len, err) && set_owner(c, fd, m, err) &&
	       move_in(c, name, m->target, err);
}

static bool put_socket(struct copied *c, const struct sandbox_mount *m, struct err *err)
{
	AUTO(auto_free) char *name = new_name(c);

	if (!space_has_owner(c->space, m->uid, m->gid, err))
		return false;
	if (fchdir(c->work->fd) < 0)
		return err_set_errno(err, "enter %s", c->work->path);
	return forward_start(name, m, err) && move_in(c, name, m->target, err);
}

static bool put_one(struct copied *c, const struct sandbox_mount *m, struct err *err)
{
	AUTO(auto_free) char *target = fs_join("/", m->target);
	struct sandbox_mount clean = *m;

	if (str_eq(target, "/"))
		return err_set(err, E_INPUT, "a mount target cannot be /");
	clean.target = target;
	switch (m->kind) {
	case SANDBOX_BIND:
		return put_bind(c, &clean, err);
	case SANDBOX_TMPFS:
		return put_tmpfs(c, &clean, err);
	case SANDBOX_TREE:
		return put_tree(c, &clean, err);
	case SANDBOX_CACHE:
		return put_cache(c, &clean, err);
	case SANDBOX_FILE:
		return put_file(c, &clean, err);
	case SANDBOX_SOCKET:
		return put_socket(c, &clean, err);
	}
	return true;
}

bool copied_mount(struct copied *c, struct err *err)
{
	const struct request *r = c->request;

	/* It is moved: nobody else can have it meanwhile. */
	for (size_t i = 0; i < r->mount_count; i++)
		if (r->mounts[i].sharing == SHARING_SHARED)
			r->mounts[i].sharing = SHARING_LOCKED;
	if (r->shm_size) {
		err_set(err, E_UNSUPPORTED,
			"/dev/shm has no size of its own where nothing can be mounted");
		return err_hint(err, "leave --shm-size out: it is as large as the disk");
	}
	if (!make_dev(c, err) || !cachedirs_open(&c->caches, r->store, c->space->mode, r->mounts,
						 r->mount_count, fill_cache, c, err))
		return false;
	for (size_t i = 0; i < r->mount_count; i++)
		if (!put_one(c, &r->mounts[i], err))
			return false;
	return true;
}

/* --- changes --- */

bool copied_settle(struct copied *c, struct err *err)
{
	return manifest_take(&c->manifest, c->root, &c->targets, err);
}

bool copied_upper(int *upper_out, struct copied *c, struct err *err)
{
	AUTO(auto_close) int upper = -1;

	if (!workdir_mkdir(c->work, "upper", 0755, err) ||
	    !fs_open(&upper, c->work->fd, "upper", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK,
		     err) ||
	    !manifest_upper(&c->manifest, upper, c->root, c->stubs, c->space->mode != SPACE_SINGLE,
			    err))
		return false;
	*upper_out = steal_fd(&upper);
	return true;
}
