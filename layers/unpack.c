// SPDX-License-Identifier: Apache-2.0
#include "layers/unpack.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/tar.h"
#include "layers/whiteout.h"

/*
 * A layer onto a directory. Every step works on the descriptor of a parent that openat2 resolved
 * inside the root just before, and on one name that is never followed; no path is kept and believed
 * later. What a member may say at all is layers/tar_reader.c's business.
 */

/* A directory whose mode, owner and times are set when nothing more is put into it. */
struct late_dir {
	char *path;
	dev_t dev;
	ino_t ino;
	mode_t mode;
	int64_t uid, gid;
	struct timespec mtime;
};

/* Names this layer made, by the directory they are in: what an opaque marker must leave alone. */
struct own_name {
	ino_t parent;
	uint64_t name; /* hash; 0 marks a free slot, so it is made odd */
};

struct unpack {
	int root;
	const struct unpack_options *opt;
	struct tar_reader *tar;
	struct {
		struct late_dir *items;
		size_t len, cap;
	} late;
	struct own_name *own;
	size_t own_count, own_slots;
};

static void unpack_free(struct unpack *u)
{
	for (size_t i = 0; i < u->late.len; i++)
		free(u->late.items[i].path);
	free(u->late.items);
	free(u->own);
	tar_reader_close(u->tar);
}

static uint64_t hash_name(const char *name)
{
	uint64_t h = 0xcbf29ce484222325; /* FNV-1a: a collision only makes a layer's own marker miss
					    a name */

	for (; *name; name++)
		h = (h ^ (unsigned char)*name) * 0x100000001b3;
	return h | 1;
}

static struct own_name *own_slot(const struct unpack *u, ino_t parent, uint64_t name)
{
	size_t at = (size_t)((name ^ parent * 0x9e3779b97f4a7c15) >> 7) & (u->own_slots - 1);

	while (u->own[at].name && (u->own[at].name != name || u->own[at].parent != parent))
		at = (at + 1) & (u->own_slots - 1);
	return &u->own[at];
}

static void own_grow(struct unpack *u)
{
	AUTO(auto_free) struct own_name *old = u->own;
	size_t old_slots = u->own_slots;

	u->own_slots = old_slots ? old_slots * 2 : 1024;
	u->own = mem_alloc(u->own_slots * sizeof(*u->own));
	for (size_t i = 0; i < old_slots; i++)
		if (old[i].name)
			*own_slot(u, old[i].parent, old[i].name) = old[i];
}

static bool is_own(const struct unpack *u, ino_t parent, const char *name)
{
	return u->own_slots && own_slot(u, parent, hash_name(name))->name;
}

static bool note_own(struct unpack *u, const struct fs_parent *at, struct err *err)
{
	struct own_name *slot;
	struct stat st;

	if (fstat(at->fd, &st) < 0)
		return err_set_errno(err, "stat the directory of %s", at->name);
	if ((u->own_count + 1) * 2 > u->own_slots)
		own_grow(u);
	slot = own_slot(u, st.st_ino, hash_name(at->name));
	u->own_count += !slot->name;
	*slot = (struct own_name){ .parent = st.st_ino, .name = hash_name(at->name) };
	return true;
}

static bool set_opaque(const struct unpack *u, int dir, const char *path, struct err *err)
{
	const char *name = u->opt->whiteouts == UNPACK_OVERLAY ? "trusted.overlay.opaque"
							       : "user.overlay.opaque";

	return fsetxattr(dir, name, "y", 1, 0) == 0 ||
	       err_set_errno(err, "make directory %s opaque", path);
}

/* A directory on the way to a member: 0755 whatever the umask. A whiteout that stands there becomes
 * its opaqueness. */
static bool make_parent(const struct unpack *u, const struct fs_parent *at, const char *path,
			struct err *err)
{
	AUTO(auto_close) int fd = -1;
	bool hides = false;
	struct stat st;

	if (fstatat(at->fd, at->name, &st, AT_SYMLINK_NOFOLLOW) == 0) {
		hides = u->opt->whiteouts != UNPACK_APPLY && S_ISCHR(st.st_mode) && !st.st_rdev;
		if (!hides)
			return true;
		if (unlinkat(at->fd, at->name, 0) < 0)
			return err_set_errno(err, "remove %s", path);
	}
	if (mkdirat(at->fd, at->name, 0755) < 0)
		return err_set_errno(err, "make directory %s", path);
	fd = openat(at->fd, at->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fchmod(fd, 0755) < 0)
		return err_set_errno(err, "open directory %s", path);
	return !hides || set_opaque(u, fd, path, err);
}

static bool make_dirs(const struct unpack *u, const char *path, int links, struct err *err);

/* What the link `at` would lead to; `path` is the link's own. */
static bool make_target(const struct unpack *u, const struct fs_parent *at, const char *path,
			int links, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(at->fd, at->name, target, sizeof(target) - 1);
	AUTO(auto_free) char *whole = NULL;

	if (len < 0)
		return err_set_errno(err, "read link %s", path);
	target[len] = '\0';
	if (links == LIMIT_LINKS_FOLLOWED)
		return err_set(err, E_INTEGRITY,
			       "'%s': more than %d symbolic links (limit LIMIT_LINKS_FOLLOWED)",
			       path, LIMIT_LINKS_FOLLOWED);
	whole = mem_printf("%.*s%s", target[0] == '/' ? 0 : (int)(fs_basename(path) - path), path,
			   target);
	return make_dirs(u, whole, links + 1, err);
}

static bool make_dir(const struct unpack *u, const char *path, int links, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent at = { .fd = -1 };
	AUTO(auto_close) int there = -1;
	struct err missing = { 0 };
	struct stat st;

	if (!*path || fs_open(&there, u->root, path, O_PATH | O_DIRECTORY, 0, FS_IN_ROOT, &missing))
		return true;
	if (!fs_open_parent(&at, u->root, path, FS_IN_ROOT, err))
		return false;
	if (fstatat(at.fd, at.name, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode))
		return make_target(u, &at, path, links, err);
	return make_parent(u, &at, path, err);
}

/* A directory and those above it, where they are missing; links lead inside the root, also to what
 * is not there yet. */
static bool make_dirs(const struct unpack *u, const char *path, int links, struct err *err)
{
	AUTO(auto_free) char *copy = mem_strdup(path);

	for (char *slash = strchr(copy, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (!make_dir(u, copy, links, err))
			return false;
		*slash = '/';
	}
	return make_dir(u, copy, links, err);
}

/* The directory that `path` lies in, made where it is missing. */
static bool open_parent(struct fs_parent *out, const struct unpack *u, const char *path,
			struct err *err)
{
	const char *slash = strrchr(path, '/');
	AUTO(auto_free) char *dir = mem_strndup(path, slash ? (size_t)(slash - path) : 0);
	struct err missing = { 0 };

	if (fs_open_parent(out, u->root, path, FS_IN_ROOT, &missing))
		return true;
	return make_dirs(u, dir, 0, err) && fs_open_parent(out, u->root, path, FS_IN_ROOT, err);
}

/* Set attributes by descriptor where there is one, else by a name that is not followed. */
struct target {
	int fd; /* -1: a link or node */
	const struct fs_parent *at;
};

static const char *magic_path(char out[PATH_MAX], const struct target *t)
{
	snprintf(out, PATH_MAX, "/proc/self/fd/%d/%s", t->at->fd, t->at->name);
	return out;
}

static bool is_wanted_xattr(const struct unpack *u, const char *name)
{
	/* Overlay's own, of either form, would change what the tree means (whiteouts, redirects).
	 */
	if (str_has_prefix(name, "trusted.") || str_has_prefix(name, "user.overlay."))
		return false;
	if (str_eq(name, "security.capability"))
		return u->opt->keep_owner;
	return str_has_prefix(name, "user.");
}

static bool set_xattrs(const struct unpack *u, const struct target *t, const struct entry *e,
		       struct err *err)
{
	char path[PATH_MAX];

	for (size_t i = 0; i < e->xattr_count; i++) {
		const struct entry_xattr *x = &e->xattrs[i];
		int status;

		if (!is_wanted_xattr(u, x->name))
			continue;
		status = t->fd >= 0 ? fsetxattr(t->fd, x->name, x->value, x->len, 0)
				    : lsetxattr(magic_path(path, t), x->name, x->value, x->len, 0);
		/* A file system without them, or user.* on a link, is no reason to fail. */
		if (status < 0 && errno != ENOTSUP && (u->opt->keep_owner || errno != EPERM) &&
		    !(errno == EPERM && e->kind != ENTRY_FILE && e->kind != ENTRY_DIR))
			return err_set_errno(err, "set %s of %s", x->name, e->path);
	}
	return true;
}

static bool set_owner(const struct unpack *u, const struct target *t, int64_t uid, int64_t gid,
		      const char *path, struct err *err)
{
	int status;

	if (!u->opt->keep_owner)
		return true;
	status = t->fd >= 0 ? fchown(t->fd, (uid_t)uid, (gid_t)gid)
			    : fchownat(t->at->fd, t->at->name, (uid_t)uid, (gid_t)gid,
				       AT_SYMLINK_NOFOLLOW);
	if (status == 0)
		return true;
	err_set_errno(err, "give %s to %lld:%lld", path, (long long)uid, (long long)gid);
	if (errno == EINVAL)
		err_hint(err, "this id is outside the subordinate range of the user namespace");
	return false;
}

static bool set_times(const struct target *t, struct timespec mtime, const char *path,
		      struct err *err)
{
	struct timespec times[2] = { mtime, mtime };
	int status = t->fd >= 0 ? futimens(t->fd, times)
				: utimensat(t->at->fd, t->at->name, times, AT_SYMLINK_NOFOLLOW);

	return status == 0 || err_set_errno(err, "set the time of %s", path);
}

static struct timespec mtime_of(const struct entry *e)
{
	return (struct timespec){ .tv_sec = e->mtime, .tv_nsec = e->mtime_ns };
}

/* Owner, mode, attributes, times, in this order: chown clears setuid bits and capabilities. */
static bool set_metadata(const struct unpack *u, const struct target *t, const struct entry *e,
			 struct err *err)
{
	if (!set_owner(u, t, e->uid, e->gid, e->path, err))
		return false;
	if (t->fd >= 0 && fchmod(t->fd, e->mode) < 0)
		return err_set_errno(err, "set the mode of %s", e->path);
	return set_xattrs(u, t, e, err) && set_times(t, mtime_of(e), e->path, err);
}

/* Make room for a member: whatever is there goes, but a directory stays for a directory. */
static bool clear_place(bool *is_dir_out, bool *was_whiteout_out, const struct fs_parent *at,
			bool want_dir, struct err *err)
{
	struct stat st;

	*is_dir_out = false;
	*was_whiteout_out = false;
	if (fstatat(at->fd, at->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT || err_set_errno(err, "look at %s", at->name);
	*was_whiteout_out = S_ISCHR(st.st_mode) && st.st_rdev == 0;
	if (S_ISDIR(st.st_mode)) {
		*is_dir_out = want_dir;
		return want_dir || fs_remove_tree(at->fd, at->name, err);
	}
	return unlinkat(at->fd, at->name, 0) == 0 || err_set_errno(err, "remove %s", at->name);
}

static bool unpack_dir(struct unpack *u, const struct fs_parent *at, const struct entry *e,
		       struct err *err)
{
	AUTO(auto_close) int fd = -1;
	struct late_dir *late;
	bool is_there, hides;
	struct stat st;

	if (!clear_place(&is_there, &hides, at, true, err))
		return false;
	if (!is_there && mkdirat(at->fd, at->name, 0700) < 0)
		return err_set_errno(err, "make directory %s", e->path);
	fd = openat(at->fd, at->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &st) < 0)
		return err_set_errno(err, "open directory %s", e->path);
	/* A whiteout and a new directory of one name: what lies below must not shine through. */
	if (hides && u->opt->whiteouts != UNPACK_APPLY && !set_opaque(u, fd, e->path, err))
		return false;
	if (!set_xattrs(u, &(struct target){ .fd = fd, .at = at }, e, err))
		return false;
	late = ARRAY_PUSH(&u->late);
	*late = (struct late_dir){ .path = mem_strdup(e->path),
				   .dev = st.st_dev,
				   .ino = st.st_ino,
				   .mode = u->opt->keep_owner ? e->mode : e->mode | 0700,
				   .uid = e->uid,
				   .gid = e->gid,
				   .mtime = mtime_of(e) };
	return true;
}

static bool fill_file(struct unpack *u, int fd, const struct entry *e, struct err *err)
{
	const void *data;
	size_t len;

	do {
		if (!tar_reader_data(u->tar, &data, &len, err))
			return false;
		if (len && !fs_write_all(fd, data, len, err))
			return err_wrap(err, "%s", e->path);
	} while (len);
	return true;
}

static bool unpack_file(struct unpack *u, const struct fs_parent *at, const struct entry *e,
			struct err *err)
{
	AUTO(auto_close)
	int fd = openat(at->fd, at->name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
			0600);

	if (fd < 0)
		return err_set_errno(err, "make %s", e->path);
	if (fill_file(u, fd, e, err))
		return set_metadata(u, &(struct target){ .fd = fd, .at = at }, e, err);
	unlinkat(at->fd, at->name, 0); /* a half of it is worse than none */
	return false;
}

static bool unpack_symlink(struct unpack *u, const struct fs_parent *at, const struct entry *e,
			   struct err *err)
{
	struct target t = { .fd = -1, .at = at };

	if (symlinkat(e->link, at->fd, at->name) < 0)
		return err_set_errno(err, "make link %s", e->path);
	return set_owner(u, &t, e->uid, e->gid, e->path, err) && set_xattrs(u, &t, e, err) &&
	       set_times(&t, mtime_of(e), e->path, err);
}

static bool unpack_node(struct unpack *u, const struct fs_parent *at, const struct entry *e,
			mode_t type, struct err *err)
{
	struct target t = { .fd = -1, .at = at };

	if (e->kind == ENTRY_CHAR && e->dev_major == 0 && e->dev_minor == 0)
		return err_set(err, E_INTEGRITY,
			       "%s: a device 0:0, which overlayfs takes for a deletion", e->path);
	if (mknodat(at->fd, at->name, type | 0600, makedev(e->dev_major, e->dev_minor)) < 0)
		return err_set_errno(err, "make node %s", e->path);
	if (!set_owner(u, &t, e->uid, e->gid, e->path, err))
		return false;
	/* Made just now in a directory we hold: not a link, and fchmodat cannot refuse links here
	 * anyway. */
	if (fchmodat(at->fd, at->name, e->mode, 0) < 0)
		return err_set_errno(err, "set the mode of %s", e->path);
	return set_xattrs(u, &t, e, err) && set_times(&t, mtime_of(e), e->path, err);
}

static bool unpack_hardlink(struct unpack *u, const struct fs_parent *at, const struct entry *e,
			    struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent from = { .fd = -1 };
	struct stat source, dir, from_dir;
	bool ignored;

	if (!fs_open_parent(&from, u->root, e->link, FS_IN_ROOT, err)) {
		err->code = E_INTEGRITY;
		return err_wrap(err, "hard link %s", e->path);
	}
	if (fstatat(from.fd, from.name, &source, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fstat(at->fd, &dir) < 0 || fstat(from.fd, &from_dir) < 0)
		return err_set(err, E_INTEGRITY, "hard link %s: there is no %s", e->path, e->link);
	if (S_ISDIR(source.st_mode))
		return err_set(err, E_INTEGRITY, "hard link %s: %s is a directory", e->path,
			       e->link);
	if (dir.st_ino == from_dir.st_ino && dir.st_dev == from_dir.st_dev &&
	    str_eq(at->name, from.name))
		return true; /* to itself */
	if (!clear_place(&ignored, &ignored, at, false, err))
		return false;
	/* No AT_SYMLINK_FOLLOW: a link to a symbolic link is one to the link itself. */
	return linkat(from.fd, from.name, at->fd, at->name, 0) == 0 ||
	       err_set_errno(err, "hard link %s to %s", e->path, e->link);
}

static bool unpack_member(struct unpack *u, const struct fs_parent *at, const struct entry *e,
			  struct err *err)
{
	bool ignored;

	if (e->kind == ENTRY_HARDLINK)
		return unpack_hardlink(u, at, e, err);
	if (e->kind == ENTRY_DIR)
		return unpack_dir(u, at, e, err);
	if ((e->kind == ENTRY_CHAR || e->kind == ENTRY_BLOCK) && !u->opt->keep_devices)
		return true;
	if (!clear_place(&ignored, &ignored, at, false, err))
		return false;
	switch (e->kind) {
	case ENTRY_FILE:
		return unpack_file(u, at, e, err);
	case ENTRY_SYMLINK:
		return unpack_symlink(u, at, e, err);
	case ENTRY_CHAR:
		return unpack_node(u, at, e, S_IFCHR, err);
	case ENTRY_BLOCK:
		return unpack_node(u, at, e, S_IFBLK, err);
	case ENTRY_FIFO:
		return unpack_node(u, at, e, S_IFIFO, err);
	case ENTRY_DIR:
	case ENTRY_HARDLINK:
		break;
	}
	abort();
}

/*
 * Remove what lower layers put into a directory. Directories of theirs that hold something
 * of this layer stay as its parents. `depth` bounds the recursion as it bounds paths.
 */
static bool remove_lower(const struct unpack *u, int dir_fd, int depth, bool *empty_out,
			 struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	struct stat here;

	*empty_out = true;
	if (fstat(dir_fd, &here) < 0)
		return err_set_errno(err, "stat an opaque directory");
	if (depth > LIMIT_PATH_DEPTH)
		return err_set(err, E_INTEGRITY, "directories nest deeper than %d",
			       LIMIT_PATH_DEPTH);
	if (!cancel_check(err) || !fs_list(&names, dir_fd, "", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_close)
		int sub = openat(dir_fd, names.items[i],
				 O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
		bool own = is_own(u, here.st_ino, names.items[i]);
		bool empty = true;

		if (sub >= 0 && !remove_lower(u, sub, depth + 1, &empty, err))
			return false;
		if (own || !empty)
			*empty_out = false;
		else if (unlinkat(dir_fd, names.items[i], sub >= 0 ? AT_REMOVEDIR : 0) < 0)
			return err_set_errno(err, "remove %s", names.items[i]);
	}
	return true;
}

/* "" opens the root itself. */
static bool open_dir_of(int *fd_out, const struct unpack *u, const char *path, size_t len,
			struct err *err)
{
	AUTO(auto_free) char *dir = mem_strndup(path, len);

	return fs_open(fd_out, u->root, dir, O_RDONLY | O_DIRECTORY, 0, FS_IN_ROOT, err);
}

/* ".wh..wh..opq" in a directory. */
static bool apply_opaque(struct unpack *u, const char *path, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent at = { .fd = -1 };
	AUTO(auto_close) int dir = -1;
	const char *slash = strrchr(path, '/');
	bool empty;

	if (u->opt->whiteouts != UNPACK_APPLY && !open_parent(&at, u, path, err))
		return false;
	if (!open_dir_of(&dir, u, path, slash ? (size_t)(slash - path) : 0, err)) {
		if (err->code != E_NOT_FOUND && errno != ENOTDIR)
			return false;
		err_clear(err); /* nothing there, nothing to hide */
		return true;
	}
	if (u->opt->whiteouts == UNPACK_APPLY)
		return remove_lower(u, dir, 0, &empty, err);
	/* The root of a layer cannot hide what is below: overlayfs looks at merged directories
	 * only. */
	return !slash || set_opaque(u, dir, path, err);
}

/* What lower layers have under this name goes; what this layer put there already stays, with its
 * parents. */
static bool apply_to_tree(struct unpack *u, const struct fs_parent *at, struct err *err)
{
	AUTO(auto_close)
	int dir = openat(at->fd, at->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool is_dir = dir >= 0, is_empty = true;
	struct stat st;

	if (fstat(at->fd, &st) < 0)
		return err_set_errno(err, "stat the directory of %s", at->name);
	if (is_dir && !remove_lower(u, dir, 0, &is_empty, err))
		return false;
	if (!is_empty || is_own(u, st.st_ino, at->name))
		return true;
	return unlinkat(at->fd, at->name, is_dir ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT ||
	       err_set_errno(err, "remove %s", at->name);
}

static bool apply_to_overlay(struct unpack *u, const struct fs_parent *at, const char *path,
			     struct err *err)
{
	AUTO(auto_close) int dir = -1;
	struct stat st;

	if (fstatat(at->fd, at->name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return mknodat(at->fd, at->name, S_IFCHR, 0) == 0 ||
		       err_set_errno(err, "make whiteout %s", path);
	if (!S_ISDIR(st.st_mode))
		return true; /* the layer's own file hides it already */
	dir = openat(at->fd, at->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (dir < 0)
		return err_set_errno(err, "open directory %s", at->name);
	return set_opaque(u, dir, path, err);
}

/* ".wh.NAME" */
static bool apply_whiteout(struct unpack *u, const char *path, const char *name, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent at = { .fd = -1 };
	bool applies = u->opt->whiteouts == UNPACK_APPLY;

	if (applies ? !fs_open_parent(&at, u->root, path, FS_IN_ROOT, err)
		    : !open_parent(&at, u, path, err)) {
		if (!applies || (err->code != E_NOT_FOUND && errno != ENOTDIR))
			return false;
		err_clear(err);
		return true;
	}
	snprintf(at.name, sizeof(at.name), "%s", name);
	return applies ? apply_to_tree(u, &at, err) : apply_to_overlay(u, &at, path, err);
}

static bool set_root(struct unpack *u, const struct entry *e, struct err *err)
{
	struct stat st;

	if (fstat(u->root, &st) < 0)
		return err_set_errno(err, "stat the root");
	*ARRAY_PUSH(&u->late) = (struct late_dir){
		.path = mem_strdup(""),
		.dev = st.st_dev,
		.ino = st.st_ino,
		.mode = u->opt->keep_owner ? e->mode : e->mode | 0700,
		.uid = e->uid,
		.gid = e->gid,
		.mtime = mtime_of(e),
	};
	return true;
}

static bool unpack_entry(struct unpack *u, const struct entry *e, struct err *err)
{
	AUTO(fs_parent_close) struct fs_parent at = { .fd = -1 };
	enum whiteout_kind kind;
	const char *name;

	if (!*e->path)
		return set_root(u, e, err);
	if (!whiteout_parse(&kind, &name, e->path, err))
		return false;
	switch (kind) {
	case WHITEOUT_SKIP:
		return true;
	case WHITEOUT_ALL:
		return apply_opaque(u, e->path, err);
	case WHITEOUT_NAME:
		return apply_whiteout(u, e->path, name, err);
	case WHITEOUT_NOT:
		break;
	}
	return open_parent(&at, u, e->path, err) && unpack_member(u, &at, e, err) &&
	       note_own(u, &at, err);
}

static bool finish_dir(struct unpack *u, const struct late_dir *d, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	struct err gone = { 0 };
	struct target t = { .fd = -1 };
	struct stat st;

	/* Whatever took its place since is not ours to change. */
	if (!fs_open(&fd, u->root, d->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, FS_IN_ROOT,
		     &gone))
		return true;
	if (fstat(fd, &st) < 0 || st.st_dev != d->dev || st.st_ino != d->ino)
		return true;
	t.fd = fd;
	if (!set_owner(u, &t, d->uid, d->gid, d->path, err))
		return false;
	if (fchmod(fd, d->mode) < 0)
		return err_set_errno(err, "set the mode of %s", d->path);
	return set_times(&t, d->mtime, d->path, err);
}

bool unpack_tar(int root, struct source *tar, const struct unpack_options *opt, struct err *err)
{
	AUTO(unpack_free) struct unpack u = { .root = root, .opt = opt };
	struct entry e;
	bool more;

	if (!tar_reader_open(&u.tar, tar, err))
		return false;
	for (;;) {
		if (!tar_reader_next(&e, &more, u.tar, err))
			return false;
		if (!more)
			break;
		if (!unpack_entry(&u, &e, err))
			return false;
	}
	for (size_t i = 0; i < u.late.len; i++)
		if (!finish_dir(&u, &u.late.items[i], err))
			return false;
	return true;
}
