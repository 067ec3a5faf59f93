// SPDX-License-Identifier: Apache-2.0
#include "sandbox/manifest.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "sandbox/copytree.h"

/* Changes without an overlay: two walks and a comparison. */

struct seen {
	struct statx st;
	bool found; /* by the second walk */
};

void manifest_free(struct manifest *m)
{
	m->files.free_value = free;
	map_free(&m->files);
}

/* --- walking --- */

typedef bool visit_fn(void *arg, int dir, const char *path, const char *name,
		      const struct statx *st, struct err *err);

static bool look(struct statx *out, int dir, const char *name, struct err *err)
{
	return statx(dir, name, AT_SYMLINK_NOFOLLOW, STATX_BASIC_STATS | STATX_BTIME, out) == 0 ||
	       err_set_errno(err, "%s", name);
}

static bool walk_dir(struct str_list *dirs, const struct manifest *m, int root, const char *path,
		     visit_fn *visit, void *arg, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;

	if (!cancel_check(err) ||
	    !fs_open(&dir, root, *path ? path : ".", O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK,
		     err) ||
	    !fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free)
		char *full = *path ? mem_printf("%s/%s", path, names.items[i])
				   : mem_strdup(names.items[i]);
		struct statx st;

		if (str_list_has(m->skip, full))
			continue;
		if (!look(&st, dir, names.items[i], err) ||
		    !visit(arg, dir, full, names.items[i], &st, err))
			return false;
		if (S_ISDIR(st.stx_mode))
			str_list_push(dirs, full);
	}
	return true;
}

/* Parents before what is in them. */
static bool walk(const struct manifest *m, int root, visit_fn *visit, void *arg, struct err *err)
{
	AUTO(str_list_free) struct str_list dirs = { 0 };

	str_list_push(&dirs, "");
	for (size_t i = 0; i < dirs.len; i++) {
		AUTO(auto_free) char *path = mem_strdup(dirs.items[i]);

		if (!walk_dir(&dirs, m, root, path, visit, arg, err))
			return false;
	}
	return true;
}

static bool note(void *arg, int dir, const char *path, const char *name, const struct statx *st,
		 struct err *err)
{
	struct manifest *m = arg;
	struct seen *seen = mem_alloc(sizeof(*seen));

	(void)dir;
	(void)name;
	(void)err;
	seen->st = *st;
	map_put(&m->files, path, seen);
	return true;
}

bool manifest_take(struct manifest *m, int root, const struct str_list *skip, struct err *err)
{
	struct seen *top = mem_alloc(sizeof(*top));

	m->files.free_value = free;
	m->skip = skip;
	map_put(&m->files, "", top);
	return look(&top->st, root, ".", err) && walk(m, root, note, m, err);
}

/* --- comparing --- */

enum change { CHANGE_PARENT, CHANGE_FILE, CHANGE_DIR, CHANGE_OPAQUE, CHANGE_GONE };

struct changes {
	struct manifest *manifest;
	const struct stubs *stubs;
	struct map items; /* path -> struct changed, sorted before use */
};
struct changed {
	enum change kind;
	struct statx st; /* of a directory */
};

static bool same_time(struct statx_timestamp a, struct statx_timestamp b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

/* Another file of that name. Numbers of inodes are given again at once, birth times are not. */
static bool is_other(const struct statx *a, const struct statx *b)
{
	bool births = a->stx_mask & b->stx_mask & STATX_BTIME;

	return a->stx_ino != b->stx_ino || (a->stx_mode & S_IFMT) != (b->stx_mode & S_IFMT) ||
	       (births && !same_time(a->stx_btime, b->stx_btime));
}

static void put(struct changes *c, const char *path, enum change kind, const struct statx *st)
{
	struct changed *item = map_get(&c->items, path);

	if (!item) {
		item = mem_alloc(sizeof(*item));
		map_put(&c->items, path, item);
	} else if (item->kind != CHANGE_PARENT) {
		return;
	}
	item->kind = kind;
	if (st)
		item->st = *st;
}

static void put_parents(struct changes *c, const char *path)
{
	AUTO(auto_free) char *prefix = mem_strdup(path);

	for (char *slash = strchr(prefix, '/'); slash; slash = strchr(slash + 1, '/')) {
		const struct seen *seen;

		*slash = '\0';
		seen = map_get(&c->manifest->files, prefix);
		if (!map_has(&c->items, prefix))
			put(c, prefix, CHANGE_PARENT, seen ? &seen->st : NULL);
		*slash = '/';
	}
}

static bool compare(void *arg, int dir, const char *path, const char *name, const struct statx *st,
		    struct err *err)
{
	struct changes *c = arg;
	struct seen *old = map_get(&c->manifest->files, path);

	(void)dir;
	(void)name;
	(void)err;
	if (old)
		old->found = true;
	if (old && !is_other(&old->st, st) && same_time(old->st.stx_ctime, st->stx_ctime))
		return true;
	put_parents(c, path);
	put(c, path,
	    !S_ISDIR(st->stx_mode)          ? CHANGE_FILE
	    : old && is_other(&old->st, st) ? CHANGE_OPAQUE
					    : CHANGE_DIR,
	    st);
	return true;
}

static const struct stub *find_stub(const struct stubs *stubs, const char *path)
{
	for (size_t i = 0; i < stubs->len; i++)
		if (str_eq(stubs->items[i].path, path))
			return &stubs->items[i];
	return NULL;
}

/* Whether a whiteout is needed: the directory it was in is still that directory. */
static bool is_gone(const struct changes *c, const char *path, const struct seen *old)
{
	const char *slash = strrchr(path, '/');
	AUTO(auto_free) char *parent = slash ? mem_strndup(path, (size_t)(slash - path)) : NULL;
	const struct stub *stub = find_stub(c->stubs, path);
	const struct changed *above;
	const struct seen *before;

	if (old->found || !*path || (stub && stub->made))
		return false;
	if (!parent)
		return true;
	above = map_get(&c->items, parent);
	before = map_get(&c->manifest->files, parent);
	return before && before->found &&
	       (!above || above->kind == CHANGE_DIR || above->kind == CHANGE_PARENT);
}

static void find_gone(struct changes *c)
{
	const struct map *files = &c->manifest->files;

	for (size_t i = 0; i < files->len; i++) {
		const char *path = files->items[i].key;

		if (!is_gone(c, path, files->items[i].value))
			continue;
		put_parents(c, path);
		put(c, path, CHANGE_GONE, NULL);
	}
}

/* --- the upper directory --- */

static bool make_upper_dir(int upper, const char *path, const struct changed *item, struct err *err)
{
	AUTO(auto_close) int dir = -1;

	if (mkdirat(upper, path, 0700) < 0)
		return err_set_errno(err, "make directory %s", path);
	if (item->kind != CHANGE_OPAQUE)
		return true;
	return fs_open(&dir, upper, path, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err) &&
	       (fsetxattr(dir, "user.overlay.opaque", "y", 1, 0) == 0 ||
		err_set_errno(err, "mark %s as replaced", path));
}

static bool make_upper(int upper, int root, const char *path, const struct changed *item,
		       struct err *err)
{
	switch (item->kind) {
	case CHANGE_FILE:
		return renameat(root, path, upper, path) == 0 ||
		       err_set_errno(err, "take %s", path);
	case CHANGE_GONE:
		return mknodat(upper, path, S_IFCHR, makedev(0, 0)) == 0 ||
		       err_set_errno(err, "make a whiteout for %s", path);
	case CHANGE_PARENT:
	case CHANGE_DIR:
	case CHANGE_OPAQUE:
		break;
	}
	return make_upper_dir(upper, path, item, err);
}

/* What mounting did to a directory is not the command's doing. */
static void restore_mtime(struct statx *st, const struct changes *c, const char *path)
{
	const struct stub *stub = find_stub(c->stubs, path);
	const struct seen *old = map_get(&c->manifest->files, path);

	if (!stub || stub->made || !old || !same_time(old->st.stx_mtime, st->stx_mtime))
		return;
	st->stx_mtime.tv_sec = stub->before.st_mtim.tv_sec;
	st->stx_mtime.tv_nsec = (uint32_t)stub->before.st_mtim.tv_nsec;
}

static bool finish_dir(const struct changes *c, int upper, int root, const char *path,
		       const struct changed *item, bool keep_owner, struct err *err)
{
	struct statx now = item->st;
	struct stat st = { 0 };
	AUTO(auto_close) int to = -1;
	AUTO(auto_close) int from = -1;

	restore_mtime(&now, c, path);
	st.st_mode = now.stx_mode;
	st.st_uid = now.stx_uid;
	st.st_gid = now.stx_gid;
	st.st_atim = (struct timespec){ now.stx_atime.tv_sec, now.stx_atime.tv_nsec };
	st.st_mtim = (struct timespec){ now.stx_mtime.tv_sec, now.stx_mtime.tv_nsec };
	return fs_open(&to, upper, path, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err) &&
	       fs_open(&from, root, path, O_RDONLY | O_DIRECTORY, 0, FS_BENEATH_NOLINK, err) &&
	       copytree_metadata(to, from, &st, keep_owner, err);
}

static bool write_upper(const struct changes *c, int upper, int root, bool keep_owner,
			struct err *err)
{
	const struct map *items = &c->items;

	for (size_t i = 0; i < items->len; i++)
		if (!make_upper(upper, root, items->items[i].key, items->items[i].value, err))
			return false;
	for (size_t i = items->len; i-- > 0;) {
		const struct changed *item = items->items[i].value;

		if (item->kind != CHANGE_FILE && item->kind != CHANGE_GONE &&
		    !finish_dir(c, upper, root, items->items[i].key, item, keep_owner, err))
			return false;
	}
	return true;
}

static void changes_free(struct changes *c)
{
	map_free(&c->items);
}

bool manifest_upper(struct manifest *m, int upper, int root, const struct stubs *stubs,
		    bool keep_owner, struct err *err)
{
	AUTO(changes_free)
	struct changes c = { .manifest = m, .stubs = stubs, .items = { .free_value = free } };
	struct seen *top = map_get(&m->files, "");

	top->found = true;
	if (!walk(m, root, compare, &c, err))
		return false;
	find_gone(&c);
	map_sort(&c.items); /* parents first */
	return write_upper(&c, upper, root, keep_owner, err);
}
