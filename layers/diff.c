// SPDX-License-Identifier: Apache-2.0
#include "layers/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "layers/whiteout.h"
#include "layers/xattr.h"

/*
 * What a command changed, read off the upper directory of an overlay
 * (Documentation/filesystems/overlayfs.rst). How the overlay was mounted is the sandbox's business;
 * it must be without redirect_dir and metacopy.
 */

/* Another name of a file that has several. */
struct name_of_inode {
	dev_t dev;
	ino_t ino;
	const char *path; /* in the list's arena */
};

struct diff {
	struct entry_list *out;
	int upper;
	const struct str_list *skip;
	struct str_list dirs; /* still to be read; "" is the root */
	struct {
		struct name_of_inode *items;
		size_t len, cap;
	} names;
	char *xattr_names; /* LIMIT_XATTR_TOTAL bytes of room */
	char *xattr_value; /* LIMIT_XATTR_VALUE */
};

static void diff_free(struct diff *d)
{
	str_list_free(&d->dirs);
	free(d->names.items);
	free(d->xattr_names);
	free(d->xattr_value);
}

/* Overlay's own marks: opaque is taken over, those that leave contents elsewhere cannot be. */
static bool read_overlay_xattr(bool *opaque, const char *path, const char *rest, const char *value,
			       size_t len, struct err *err)
{
	if (str_eq(rest, "opaque"))
		*opaque |= len == 1 && value[0] == 'y';
	if (!str_eq(rest, "redirect") && !str_eq(rest, "metacopy"))
		return true;
	err_set(err, E_UNSUPPORTED,
		"%s holds overlay.%s: its contents are not in the upper directory", path, rest);
	return err_hint(err, "mount the overlay with redirect_dir=off,metacopy=off");
}

/* By a path that ends in the name itself, which is not followed; links cannot be opened for this.
 */
static bool read_overlay_xattrs(bool *opaque, struct diff *d, const char *shown, int dir,
				const char *name, struct err *err)
{
	char path[PATH_MAX];
	ssize_t total;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	total = llistxattr(path, d->xattr_names, LIMIT_XATTR_TOTAL);
	if (total < 0)
		return errno == ENOTSUP || err_set_errno(err, "list the attributes of %s", shown);
	for (const char *at = d->xattr_names; at < d->xattr_names + total; at += strlen(at) + 1) {
		const char *rest;
		ssize_t len;

		if (!xattr_is_overlay(at, &rest))
			continue;
		len = lgetxattr(path, at, d->xattr_value, LIMIT_XATTR_VALUE);
		if (len < 0)
			return err_set_errno(err, "read %s of %s", at, shown);
		if (!read_overlay_xattr(opaque, shown, rest, d->xattr_value, (size_t)len, err))
			return false;
	}
	return true;
}

/* "dir/name" with a prefix before the name; the root is "". */
static char *join(const char *dir, const char *prefix, const char *name)
{
	return mem_printf("%s%s%s%s", dir, *dir ? "/" : "", prefix, name);
}

static void add_whiteout(struct diff *d, const char *dir, const char *prefix, const char *name)
{
	AUTO(auto_free) char *path = join(dir, prefix, name);

	entry_add(d->out, ENTRY_FILE, path);
}

static void take_stat(struct entry *e, const struct stat *st)
{
	e->mode = st->st_mode & 07777;
	e->uid = st->st_uid;
	e->gid = st->st_gid;
	e->mtime = st->st_mtim.tv_sec; /* whole seconds, as containerd and BuildKit: no pax header
					  for each */
}

static bool is_skipped(const struct diff *d, const char *path, const struct stat *st)
{
	/* Only the stub itself: a file the command put something into is the command's. */
	return d->skip && S_ISREG(st->st_mode) && st->st_size == 0 && str_list_has(d->skip, path);
}

static bool add_symlink(struct entry *e, struct diff *d, int dir, const char *name, struct err *err)
{
	char target[PATH_MAX];
	ssize_t len = readlinkat(dir, name, target, sizeof(target));

	if (len < 0 || len == sizeof(target))
		return err_set_errno(err, "read link %s", e->path);
	e->link = arena_slice(&d->out->arena, (struct slice){ .ptr = target, .len = (size_t)len });
	return true;
}

static bool kind_of(enum entry_kind *out, mode_t mode)
{
	/* clang-format off */
	static const struct {
		mode_t type;
		enum entry_kind kind;
	} kinds[] = {
		{ S_IFREG, ENTRY_FILE }, { S_IFDIR, ENTRY_DIR },    { S_IFLNK, ENTRY_SYMLINK },
		{ S_IFCHR, ENTRY_CHAR }, { S_IFBLK, ENTRY_BLOCK },  { S_IFIFO, ENTRY_FIFO },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
		if (kinds[i].type != (mode & S_IFMT))
			continue;
		*out = kinds[i].kind;
		return true;
	}
	return false; /* a socket: tar has none */
}

static bool add_node(struct diff *d, const char *path, int dir, const char *name,
		     const struct stat *st, struct err *err)
{
	enum entry_kind kind;
	bool opaque = false;
	struct entry *e;

	if (!kind_of(&kind, st->st_mode))
		return true;
	e = kind == ENTRY_FILE ? entry_add_file(d->out, path, d->upper, path, st->st_size)
			       : entry_add(d->out, kind, path);
	take_stat(e, st);
	e->dev_major = major(st->st_rdev);
	e->dev_minor = minor(st->st_rdev);
	if (kind == ENTRY_SYMLINK && !add_symlink(e, d, dir, name, err))
		return false;
	if (!read_overlay_xattrs(&opaque, d, e->path, dir, name, err) ||
	    !xattr_read(e, &d->out->arena, dir, name, err))
		return false;
	if (st->st_nlink > 1 && kind != ENTRY_DIR)
		*ARRAY_PUSH(&d->names) = (struct name_of_inode){ .dev = st->st_dev,
								 .ino = st->st_ino,
								 .path = e->path };
	if (kind == ENTRY_DIR)
		str_list_push(&d->dirs, path);
	if (opaque)
		add_whiteout(d, path, "", WHITEOUT_OPAQUE);
	return true;
}

static bool add_name(struct diff *d, const char *dir_path, int dir, const char *name,
		     struct err *err)
{
	AUTO(auto_free) char *path = join(dir_path, "", name);
	struct stat st;

	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return err_set_errno(err, "look at %s", path);
	if (S_ISCHR(st.st_mode) && st.st_rdev == 0) {
		add_whiteout(d, dir_path, WHITEOUT_PREFIX, name);
		return true;
	}
	if (str_has_prefix(name, WHITEOUT_PREFIX)) {
		err_set(err, E_INPUT, "'%s' cannot be in a layer: its name means a deletion", path);
		return err_hint(err, "remove the file in the same RUN step");
	}
	if (strlen(path) > LIMIT_PATH)
		return err_set(err, E_INPUT, "'%.128s...' is longer than %d bytes", path,
			       LIMIT_PATH);
	return is_skipped(d, path, &st) || add_node(d, path, dir, name, &st, err);
}

static bool read_dir(struct diff *d, const char *path, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;

	if (!cancel_check(err) ||
	    !fs_open(&dir, d->upper, path, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err) ||
	    !fs_list(&names, dir, "", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++)
		if (!add_name(d, path, dir, names.items[i], err))
			return false;
	return true;
}

static int by_inode(const void *a, const void *b)
{
	const struct name_of_inode *x = a, *y = b;

	if (x->dev != y->dev)
		return x->dev < y->dev ? -1 : 1;
	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return strcmp(x->path, y->path);
}

static int path_against_entry(const void *path, const void *entry)
{
	return strcmp(path, ((const struct entry *)entry)->path);
}

/* Of the names of one file the first stays the file; the others become links to it. The list is
 * sorted. */
static void make_hardlinks(struct diff *d)
{
	const struct name_of_inode *first = NULL;

	if (d->names.len)
		qsort(d->names.items, d->names.len, sizeof(*d->names.items), by_inode);
	for (size_t i = 0; i < d->names.len; i++) {
		const struct name_of_inode *n = &d->names.items[i];
		struct entry *e;

		if (!first || first->dev != n->dev || first->ino != n->ino) {
			first = n;
			continue;
		}
		e = bsearch(n->path, d->out->items, d->out->len, sizeof(*e), path_against_entry);
		if (!e)
			continue;
		e->kind = ENTRY_HARDLINK;
		e->link = first->path;
		e->size = 0;
		e->open = NULL;
		e->xattrs = NULL;
		e->xattr_count = 0;
	}
}

/* Directories made as mount points only: listed, and with nothing in them. Deepest first, since the
 * list is sorted. */
static void drop_stub_dirs(struct diff *d)
{
	struct entry_list *l = d->out;

	for (size_t i = l->len; d->skip && i-- > 0;) {
		const struct entry *e = &l->items[i];
		const struct entry *next = i + 1 < l->len ? e + 1 : NULL;
		size_t len = strlen(e->path);
		bool is_empty = true;

		if (e->kind != ENTRY_DIR || !str_list_has(d->skip, e->path))
			continue;
		/* "a-b" sorts between "a" and "a/b". */
		for (; is_empty && next && next < l->items + l->len; next++) {
			if (strncmp(next->path, e->path, len) != 0)
				break;
			is_empty = next->path[len] != '/';
		}
		if (!is_empty)
			continue;
		memmove(&l->items[i], &l->items[i + 1], (l->len - i - 1) * sizeof(*e));
		l->len--;
	}
}

bool diff_overlay(struct entry_list *out, int upper, const struct str_list *skip, struct err *err)
{
	AUTO(diff_free) struct diff d = { .out = out, .upper = upper, .skip = skip };

	d.xattr_names = mem_alloc(LIMIT_XATTR_TOTAL);
	d.xattr_value = mem_alloc(LIMIT_XATTR_VALUE);
	str_list_push(&d.dirs, "");
	while (d.dirs.len) {
		AUTO(auto_free) char *path = d.dirs.items[--d.dirs.len];

		d.dirs.items[d.dirs.len] = NULL;
		if (!read_dir(&d, path, err))
			return false;
	}
	if (!entry_list_sort(out, err))
		return false;
	make_hardlinks(&d);
	drop_stub_dirs(&d);
	return true;
}
