// SPDX-License-Identifier: Apache-2.0
#include "builder/copy.h"

#include <stdint.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/context.h"
#include "builder/glob.h"

/* Destinations. Each rule names its row of facts/dockerfile.md, section 3. */

void copy_free(struct copy *c)
{
	entry_list_free(&c->out);
	map_free(&c->index);
}

/* --- what is there --- */

static const struct entry *find(void *arg, const char *path)
{
	const struct copy *c = arg;
	size_t i = (size_t)(uintptr_t)map_get(&c->index, path);

	if (i)
		return &c->out.items[i - 1];
	return c->is_linked && *path ? NULL : view_find(c->view, path);
}

/* With --link the links of the stage do not count (row 11). */
static bool resolve(struct copy *c, char **out, const struct entry **at_out, const char *path,
		    struct err *err)
{
	bool exists;

	if (!files_resolve(out, &exists, find, c, path, true, err))
		return false;
	*at_out = exists ? find(c, *out) : NULL;
	if (view_is_linky(*out) && c->view->base == VIEW_UNREAD && !c->is_linked)
		c->needs_base = "the destination may lead through a link of the base";
	return true;
}

/* --- putting entries --- */

static struct entry *put(struct copy *c, const struct entry *from, const char *path)
{
	size_t known = (size_t)(uintptr_t)map_get(&c->index, path);
	struct entry *e;
	const char *kept;

	if (known) {
		e = &c->out.items[known - 1];
	} else {
		e = entry_add(&c->out, from->kind, path);
		map_put(&c->index, path, (void *)(uintptr_t)c->out.len); /* NOLINT */
	}
	kept = e->path;
	*e = *from;
	e->path = kept;
	if (from->kind == ENTRY_FILE && !from->open && from->size)
		e->data = from; /* its bytes are fetched later */
	if (!c->keep_times) {
		e->mtime = c->mtime;
		e->mtime_ns = 0;
	}
	if (view_is_linky(path) && c->view->base == VIEW_UNREAD && !c->is_linked)
		c->needs_base = "a file lies where a base may have a link";
	return e;
}

static void set_owner_and_mode(const struct copy *c, struct entry *e, bool keeps_owner)
{
	if (c->owner.given) {
		e->uid = c->owner.uid;
		e->gid = c->owner.gid;
	} else if (!keeps_owner) {
		e->uid = e->gid = 0;
	}
	if (c->mode.given && e->kind != ENTRY_SYMLINK)
		e->mode = mode_apply(&c->mode, e->mode, e->kind == ENTRY_DIR);
}

/* A directory the image did not have: 0755, --chown's owner and --chmod's octal mode (row 15). */
static void put_new_dir(struct copy *c, const char *path)
{
	struct entry dir = { .kind = ENTRY_DIR, .mode = 0755, .mtime = c->mtime, .dir = -1 };

	if (c->owner.given) {
		dir.uid = c->owner.uid;
		dir.gid = c->owner.gid;
	}
	if (c->mode.given && c->mode.is_octal)
		dir.mode = c->mode.octal;
	put(c, &dir, path);
}

static bool is_no_dir(const struct copy *c, const char *path, const struct entry *e,
		      struct err *err)
{
	err_set(err, E_INPUT, "%s: /%s is %s in the image, not a directory",
		c->step->in->spec->name, path, e->kind == ENTRY_SYMLINK ? "a link" : "a file");
	if (e->kind == ENTRY_SYMLINK)
		err_hint(err, "it leads to %s: copy to there", e->link);
	return false;
}

/* The directories that lead to `path` (resolved), and itself when `whole`. */
static bool put_dirs(struct copy *c, const char *path, bool whole, struct err *err)
{
	AUTO(auto_free) char *part = mem_strdup(path);

	for (char *end = part; *part && end;) {
		const struct entry *e;
		char kept;

		end = strchrnul(end, '/');
		kept = *end;
		if (!kept && !whole)
			break;
		*end = '\0';
		e = find(c, part);
		if (e && e->kind != ENTRY_DIR)
			return is_no_dir(c, part, e, err);
		if (!e)
			put_new_dir(c, part);
		else if (!map_has(&c->index, part))
			put(c,
			    &(struct entry){ .kind = ENTRY_DIR,
					     .mode = e->mode,
					     .uid = e->uid,
					     .gid = e->gid,
					     .mtime = e->mtime,
					     .xattrs = e->xattrs,
					     .xattr_count = e->xattr_count,
					     .dir = -1 },
			    part);
		*end = kept;
		end = kept ? end + 1 : NULL;
	}
	return true;
}

/* One entry that is no directory, at its final path; an existing one that is none either is
 * replaced. */
static bool put_file(struct copy *c, const struct entry *from, const char *path, bool keeps_owner,
		     struct err *err)
{
	const struct entry *there = find(c, path);
	struct entry *e;

	if (there && there->kind == ENTRY_DIR)
		return err_set(err, E_INPUT, "%s: /%s is a directory in the image, '%s' is not",
			       c->step->in->spec->name, path, from->path);
	if (!put_dirs(c, path, false, err))
		return false;
	e = put(c, from, path);
	set_owner_and_mode(c, e, keeps_owner);
	return true;
}

/* --- one file --- */

/*
 * The final path of a file called `name` (rows 3, 4, 5, 12). "COPY f /x" on a base that is not read
 * makes a file /x, unless /x is a directory every base has (ADR 0006).
 */
static bool file_target(struct copy *c, char **out, const char *name, struct err *err)
{
	const char *dest = c->step->copy.dest;
	AUTO(auto_free) char *path = NULL;
	const struct entry *there;
	bool is_dir = str_has_suffix(dest, "/");

	if (!resolve(c, &path, &there, dest, err))
		return false;
	is_dir = is_dir || (there && there->kind == ENTRY_DIR);
	if (!is_dir) {
		*out = STEAL(path);
		return true;
	}
	if (there && there->kind != ENTRY_DIR)
		return is_no_dir(c, path, there, err);
	if (!*name || str_eq(name, ".") ||
	    str_eq(name, "..")) /* a here-document may be called so */
		return err_set(err, E_INPUT, "%s: '%s' cannot be the name of a file",
			       c->step->in->spec->name, name);
	if (!put_dirs(c, path, true, err))
		return false;
	*out = mem_printf("%s%s%s", path, *path ? "/" : "", name);
	return true;
}

static bool check_single(struct copy *c, struct err *err)
{
	const char *dest = c->step->copy.dest;
	AUTO(auto_free) char *path = NULL;
	const struct entry *there;

	if (++c->items < 2 || str_has_suffix(dest, "/"))
		return true;
	if (!resolve(c, &path, &there, dest, err))
		return false;
	if (there && there->kind == ENTRY_DIR)
		return true;
	err_set(err, E_INPUT, "%s of several files: the destination '%s' is no directory",
		c->step->in->spec->name, dest);
	err_hint(err, "end it with a slash: %s/", dest);
	return dockerfile_at(c->step->file, c->step->copy.dest_place, 0, err);
}

bool copy_file(struct copy *c, const struct entry *file, const char *name, struct err *err)
{
	AUTO(auto_free) char *path = NULL;

	return check_single(c, err) && file_target(c, &path, name, err) &&
	       put_file(c, file, path, false, err);
}

/* --- trees --- */

static bool copy_node(struct copy *c, const struct entry *from, const char *path, bool keeps_owner,
		      struct err *err)
{
	const struct entry *there = find(c, path);
	struct entry *e;

	if (from->kind != ENTRY_DIR)
		return put_file(c, from, path, keeps_owner, err);
	if (there && there->kind != ENTRY_DIR)
		return is_no_dir(c, path, there, err);
	/* an existing sub-directory takes the source's mode and owner (row 14) */
	e = put(c, from, path);
	set_owner_and_mode(c, e, keeps_owner);
	return true;
}

/* The contents of a directory (rows 1, 2, 7). */
static bool copy_dir(struct copy *c, const struct files *from, const struct entry *dir,
		     struct err *err)
{
	AUTO(auto_free) char *target = NULL;
	const struct entry *there;
	size_t prefix = dir->path[0] ? strlen(dir->path) + 1 : 0;
	size_t first, end;

	if (!resolve(c, &target, &there, c->step->copy.dest, err))
		return false;
	if (there && there->kind != ENTRY_DIR)
		return is_no_dir(c, target, there, err);
	if (!put_dirs(c, target, true, err))
		return false;
	files_below(from, dir->path, &first, &end);
	for (size_t i = first; i < end; i++) {
		const struct entry *e = from->items[i];
		const char *rest = e->path + prefix;
		AUTO(auto_free) char *path = mem_printf("%s%s%s", target, *target ? "/" : "", rest);

		if (dockerignore_matches(c->excludes, rest))
			continue;
		if (!copy_node(c, e, path, from->keeps_owners, err))
			return false;
	}
	return true;
}

static bool copy_match(struct copy *c, const struct files *from, const char *path, struct err *err)
{
	const struct entry *e;
	const char *name = fs_basename(path);
	AUTO(auto_free) char *target = NULL;

	if (!files_follow(&e, from, path, err))
		return false;
	if (!e)
		return err_set(err, E_NOT_FOUND, "'%s' is a link that leads nowhere", path);
	if (dockerignore_matches(c->excludes, *name ? name : "."))
		return true;
	if (!check_single(c, err))
		return false;
	if (e->kind == ENTRY_DIR)
		return copy_dir(c, from, e, err);
	if (c->unpack && e->kind == ENTRY_FILE) {
		bool done = false;

		if (!c->unpack(c->unpack_arg, c, e, &done, err))
			return false;
		if (done)
			return true;
	}
	return file_target(c, &target, name, err) &&
	       put_file(c, e, target, from->keeps_owners, err);
}

bool copy_source(struct copy *c, const struct files *from, const char *source,
		 struct place source_place, struct err *err)
{
	AUTO(str_list_free) struct str_list matches = { 0 };
	bool ok = files_select(&matches, from, source, err);

	for (size_t i = 0; ok && i < matches.len; i++)
		ok = copy_match(c, from, matches.items[i], err);
	if (ok)
		return true;
	err_wrap(err, "%s", c->step->in->spec->name);
	return dockerfile_at(c->step->file, source_place, (int)strlen(source), err);
}

/* Where a member goes: its parents are followed inside the root (row 23), itself is not. */
static bool member_path(struct copy *c, char **out, const char *wanted, struct err *err)
{
	AUTO(auto_free) char *above = mem_strdup(wanted);
	AUTO(auto_free) char *parent = NULL;
	char *slash = strrchr(above, '/');
	const struct entry *there;

	if (slash) {
		*slash = '\0';
		if (!resolve(c, &parent, &there, above, err))
			return false;
	}
	*out = mem_printf("%s%s%s", parent ? parent : "", parent && *parent ? "/" : "",
			  slash ? slash + 1 : wanted);
	return true;
}

bool copy_members(struct copy *c, const struct entry *members, size_t count, struct err *err)
{
	AUTO(auto_free) char *root = NULL;
	const struct entry *there;

	if (!resolve(c, &root, &there, c->step->copy.dest, err))
		return false;
	if (there && there->kind != ENTRY_DIR)
		return is_no_dir(c, root, there, err);
	if (!put_dirs(c, root, true, err))
		return false;
	for (size_t i = 0; i < count; i++) {
		const struct entry *m = &members[i];
		AUTO(auto_free)
		char *wanted = mem_printf("%s%s%s", root, *root && m->path[0] ? "/" : "", m->path);
		AUTO(auto_free) char *path = NULL;
		struct entry copy = *m;

		if (!m->path[0])
			continue;
		if (!member_path(c, &path, wanted, err))
			return false;
		if (m->kind == ENTRY_HARDLINK)
			copy.link = arena_printf(&c->out.arena, "%s%s%s", root, *root ? "/" : "",
						 m->link);
		if (!put_dirs(c, path, false, err) || !copy_node(c, &copy, path, true, err))
			return false;
	}
	return true;
}

bool copy_directory(struct copy *c, const char *path, struct err *err)
{
	AUTO(auto_free) char *target = NULL;
	const struct entry *there;

	if (!resolve(c, &target, &there, path, err))
		return false;
	if (there && there->kind != ENTRY_DIR)
		return is_no_dir(c, target, there, err);
	/* one that exists stays as it is; the usual ones of an unread base may be missing after all
	 */
	if (there && (c->view->base != VIEW_UNREAD || view_is_certain(c->view, target)))
		return true;
	return put_dirs(c, target, true, err);
}

const struct entry *copy_unfetched(const struct entry *e)
{
	return e->kind == ENTRY_FILE && !e->open && e->size ? e->data : NULL;
}

/* What two names of one file have in common; NULL when it has one name only. The caller frees. */
static char *identity(const struct copy *c, const struct entry *e)
{
	if (e->kind != ENTRY_FILE)
		return NULL;
	if (context_is_file(e))
		return context_has_links(e) ? context_identity(e) : NULL;
	return e->open == entry_open_file && e->dir == c->spool && e->name ? mem_strdup(e->name)
									   : NULL;
}

void copy_link(struct copy *c)
{
	AUTO(map_free) struct map first = { 0 };

	for (size_t i = 0; i < c->out.len; i++) {
		struct entry *e = &c->out.items[i];
		AUTO(auto_free) char *key = identity(c, e);
		const struct entry *other = key ? map_get(&first, key) : NULL;

		if (key && !other)
			map_put(&first, key, e);
		if (!other)
			continue;
		e->kind = ENTRY_HARDLINK;
		e->link = other->path;
		e->size = 0;
		e->open = NULL;
		e->data = NULL;
	}
}

bool copy_finish(struct copy *c, struct err *err)
{
	if (!entry_list_sort(&c->out, err))
		return false;
	copy_link(c);
	return true;
}
