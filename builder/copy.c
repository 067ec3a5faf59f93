// SPDX-License-Identifier: Apache-2.0
#include "builder/copy.h"

#include <stdint.h>
#include <string.h>

#include "base/fs.h"
#include "base/mem.h"
#include "builder/context.h"
#include "builder/glob.h"
#include "builder/spool.h"

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
	/* later steps look through it, when the source is closed */
	e->link = from->link ? arena_strdup(&c->out.arena, from->link) : NULL;
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

#define WAY_OUT "copy to another place, or remove it in a RUN before"

static bool is_dir_there(const char *path, const struct entry *from, struct err *err)
{
	err_set(err, E_INPUT, "/%s is a directory in the image, '%s' is not", path, from->path);
	return err_hint(err, WAY_OUT);
}

static bool at_dest(const struct copy *c, struct err *err)
{
	const struct step_copy *s = &c->step->copy;

	return dockerfile_at(c->step->file, s->dest_place, (int)strlen(s->dest), err);
}

static bool is_no_dir(const struct copy *c, const char *path, const struct entry *e,
		      struct err *err)
{
	err_set(err, E_INPUT, "/%s is %s in the image, not a directory", path,
		e->kind == ENTRY_SYMLINK ? "a link" : "a file");
	if (e->kind == ENTRY_SYMLINK)
		err_hint(err, "it leads to %s: copy to there", e->link);
	else
		err_hint(err, WAY_OUT);
	return at_dest(c, err);
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
		return is_dir_there(path, from, err);
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
		return err_set(err, E_INPUT, "'%s' cannot be the name of a file", name);
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
	return at_dest(c, err);
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

/* The contents of a directory under way, for those copies that leave some of it out. */
struct selection {
	struct copy *c;
	const struct files *from;
	const char *dir, *target;           /* where they are, and where they go */
	const struct dockerignore *include; /* NULL: everything */
	bool include_hit;                   /* something matched it, excluded or not */
	struct map put;                     /* directories dealt with, below dir */
};

/*
 * A directory that was not asked for, but leads to something that was (row 30, and a "!" of
 * --exclude): as it is in the source; one the image has already only takes its mode.
 */
static bool put_parent(struct selection *s, const char *rest, struct err *err)
{
	struct copy *c = s->c;
	AUTO(auto_free)
	char *source = mem_printf("%s%s%s", s->dir, *s->dir ? "/" : "", rest);
	AUTO(auto_free) char *path = mem_printf("%s%s%s", s->target, *s->target ? "/" : "", rest);
	const struct entry *there = find(c, path);
	struct entry dir = *files_find(s->from, source);
	struct entry *e;

	if (map_has(&s->put, rest))
		return true;
	map_put(&s->put, rest, s);
	if (there && there->kind != ENTRY_DIR)
		return is_no_dir(c, path, there, err);
	if (there) {
		dir.uid = there->uid;
		dir.gid = there->gid;
		put(c, &dir, path);
		return true;
	}
	e = put(c, &dir, path);
	set_owner_and_mode(c, e, s->from->keeps_owners);
	return true;
}

static bool put_parents(struct selection *s, const char *rest, struct err *err)
{
	AUTO(auto_free) char *part = mem_strdup(rest);

	for (char *slash = strchr(part, '/'); slash; slash = strchr(slash + 1, '/')) {
		bool ok;

		*slash = '\0';
		ok = put_parent(s, part, err);
		*slash = '/';
		if (!ok)
			return false;
	}
	return true;
}

static bool is_selected(struct selection *s, const char *rest)
{
	if (s->include && !dockerignore_matches(s->include, rest))
		return false;
	s->include_hit = true;
	return !dockerignore_matches(s->c->excludes, rest);
}

/* The contents of a directory (rows 1, 2, 7), or what matches of them below `part`. */
static bool copy_below(struct selection *s, const char *part, struct err *err)
{
	struct copy *c = s->c;
	size_t prefix = *s->dir ? strlen(s->dir) + 1 : 0;
	bool all = !s->include && !c->excludes;
	size_t first, end;

	files_below(s->from, part, &first, &end);
	for (size_t i = first; i < end; i++) {
		const struct entry *e = s->from->items[i];
		const char *rest = e->path + prefix;
		AUTO(auto_free)
		char *path = mem_printf("%s%s%s", s->target, *s->target ? "/" : "", rest);

		if (!all && !is_selected(s, rest))
			continue;
		if (!all && !put_parents(s, rest, err))
			return false;
		if (!all && e->kind == ENTRY_DIR)
			map_put(&s->put, rest, s);
		if (!copy_node(c, e, path, s->from->keeps_owners, err))
			return false;
	}
	return true;
}

static bool open_target(struct copy *c, char **out, struct err *err)
{
	const struct entry *there;

	if (!resolve(c, out, &there, c->step->copy.dest, err))
		return false;
	if (there && there->kind != ENTRY_DIR)
		return is_no_dir(c, *out, there, err);
	return put_dirs(c, *out, true, err);
}

static bool copy_dir(struct copy *c, const struct files *from, const struct entry *dir,
		     struct err *err)
{
	AUTO(auto_free) char *target = NULL;
	struct selection s = { .c = c, .from = from, .dir = dir->path };
	bool ok;

	if (!open_target(c, &target, err))
		return false;
	s.target = target;
	ok = copy_below(&s, dir->path, err);
	map_free(&s.put);
	return ok;
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

static bool copy_matches(struct copy *c, const struct files *from, const char *source,
			 struct err *err)
{
	AUTO(str_list_free) struct str_list matches = { 0 };

	if (!files_select(&matches, from, source, err))
		return false;
	for (size_t i = 0; i < matches.len; i++) {
		if (!copy_match(c, from, matches.items[i], err))
			return false;
	}
	return true;
}

/* --- --parents --- */

/* The part of a pattern before its first component with wildcards: nothing else can match. */
static char *plain_part(const char *dir, const char *pattern)
{
	size_t end = 0;

	for (size_t at = 0; pattern[at]; at++) {
		if (strchr("*?[\\", pattern[at]))
			break;
		if (pattern[at] == '/')
			end = at;
	}
	return mem_printf("%s%s%.*s", dir, *dir && end ? "/" : "", (int)end, pattern);
}

/* What `pattern` names below `pivot`, with the directories between. */
static bool copy_pivot(struct copy *c, const struct files *from, const char *pivot,
		       const char *pattern, bool *found, struct err *err)
{
	AUTO(auto_dockerignore_free) struct dockerignore *include = NULL;
	AUTO(auto_free) char *target = NULL;
	AUTO(auto_free) char *part = NULL;
	struct selection s = { .c = c, .from = from };
	const struct entry *dir;
	bool ok;

	if (!files_follow(&dir, from, pivot, err))
		return false;
	if (!dir || dir->kind != ENTRY_DIR)
		return copy_match(c, from, pivot, err);
	if (!dockerignore_make(&include, &pattern, 1, err) || !open_target(c, &target, err))
		return false;
	part = plain_part(dir->path, pattern);
	s.dir = dir->path;
	s.target = target;
	s.include = *pattern ? include : NULL; /* "a/./" is all of a */
	ok = copy_below(&s, part, err);
	*found = *found || s.include_hit || !s.include;
	map_free(&s.put);
	return ok;
}

/* "a/./b/c" lands in dest/b/c (row 30); without a pivot it is all of the path that is kept. */
static bool copy_parents(struct copy *c, const struct files *from, const char *source,
			 struct err *err)
{
	const char *dot = strstr(source, "/./");
	AUTO(auto_free) char *pivot = mem_strndup(source, dot ? (size_t)(dot - source) : 0);
	AUTO(auto_free) char *pattern = fs_join("/", dot ? dot + 3 : source);
	AUTO(str_list_free) struct str_list pivots = { 0 };

	AUTO(str_list_free) struct str_list named = { 0 };
	bool required = !glob_has_wildcards(pivot) && !glob_has_wildcards(pattern);
	bool found = false;

	if (required && !files_select(&named, from, source, err))
		return false;
	if (!files_select(&pivots, from, pivot, err))
		return false;
	for (size_t i = 0; i < pivots.len; i++) {
		if (!copy_pivot(c, from, pivots.items[i], pattern + 1, &found, err))
			return false;
	}
	if (found || !required)
		return true;
	err_set(err, E_NOT_FOUND, "'%s' is behind a link", source);
	return err_hint(err,
			"--parents follows links before the \"/./\" only: name where it leads");
}

bool copy_source(struct copy *c, const struct files *from, const char *source,
		 struct place source_place, struct err *err)
{
	bool keep_times = c->keep_times;
	bool ok;

	c->keep_times = keep_times || from->keeps_times;
	c->has_own_times = c->has_own_times || from->keeps_times;
	ok = c->step->copy.parents ? copy_parents(c, from, source, err)
				   : copy_matches(c, from, source, err);
	c->keep_times = keep_times;
	return ok || dockerfile_at(c->step->file, source_place, (int)strlen(source), err);
}

/* Where a member goes: its parents are followed inside the root (row 23), itself only as a
 * directory. */
static bool member_path(struct copy *c, char **out, const char *wanted, bool is_dir,
			struct err *err)
{
	AUTO(auto_free) char *above = mem_strdup(wanted);
	AUTO(auto_free) char *parent = NULL;
	char *slash = strrchr(above, '/');
	const struct entry *there;

	if (is_dir)
		return resolve(c, out, &there, wanted, err);
	if (slash) {
		*slash = '\0';
		if (!resolve(c, &parent, &there, above, err))
			return false;
	}
	*out = mem_printf("%s%s%s", parent ? parent : "", parent && *parent ? "/" : "",
			  slash ? slash + 1 : wanted);
	return true;
}

/* A member replaces what is there, unless both are directories. Of what this archive has below a
 * directory nothing is taken back. */
static bool put_member(struct copy *c, const struct entry *m, const char *path, struct err *err)
{
	const struct entry *there = find(c, path);

	if (m->kind != ENTRY_DIR && there && there->kind == ENTRY_DIR && map_has(&c->index, path))
		return is_dir_there(path, m, err);
	if (!put_dirs(c, path, false, err))
		return false;
	set_owner_and_mode(c, put(c, m, path), true);
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
		if (!member_path(c, &path, wanted, m->kind == ENTRY_DIR, err))
			return false;
		if (m->kind == ENTRY_HARDLINK)
			copy.link = arena_printf(&c->out.arena, "%s%s%s", root, *root ? "/" : "",
						 m->link);
		if (!put_member(c, &copy, path, err))
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
	if (e->open == spool_open_range)
		return spool_identity(e->data);
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
