// SPDX-License-Identifier: Apache-2.0
#include "git/files.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"
#include "git/dotgit.h"
#include "git/modules.h"
#include "git/repository.h"

/* Trees as lists of files. Where objects come from is repository.c's business. */

enum { MODE_LINK = 0120000, MODE_MODULE = 0160000 };

struct walk {
	struct git_files *files;
	const struct git_options *opt;
	bool no_submodules;
	const char *subdir; /* NULL: all */
	bool found_subdir;
	size_t modules; /* so far */
};

/* The repository whose tree is walked, and where its root lies. */
struct place {
	const struct git_location *at;
	const struct git_repo *repo;
	const char *root; /* path of its root; "" for the main one */
	const git_oid *tree;
	struct dotgit *git; /* NULL: no .git is wanted */
	struct map modules; /* .gitmodules, read when a submodule is met: URLs, and */
	struct map names;
	bool has_modules;
	int depth;
};

void git_files_close(struct git_files *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->repos.len; i++)
		git_repo_close(f->repos.items[i]);
	free(f->repos.items);
	free(f->items);
	arena_free(&f->arena);
	free(f);
}

static bool missing(const struct git_repo *r, const char *path, struct err *err)
{
	git_repo_distrust(r);
	return libgit2_failed(r->lib, E_INTEGRITY, path, err);
}

/* --- reading objects --- */

static bool read_blob(git_odb_object **out, const struct git_repo *r, const git_oid *id,
		      const char *path, size_t max, struct err *err)
{
	git_object_t type;
	size_t size;

	if (r->lib->git_odb_read_header(&size, &type, r->odb, id) < 0)
		return missing(r, path, err);
	if (type != GIT_OBJECT_BLOB)
		return err_set(err, E_INTEGRITY, "%s: its object is no file", path);
	if (size > max)
		return err_set(err, E_INPUT, "%s: more than %zu bytes (limit %s)", path, max,
			       max == LIMIT_GIT_BLOB ? "LIMIT_GIT_BLOB" : "for files of its kind");
	return r->lib->git_odb_read(out, r->odb, id) == 0 || missing(r, path, err);
}

struct object_source {
	struct source source;
	const struct libgit2 *lib;
	git_odb_object *object;
	const char *data;
	size_t len, at;
};

static bool blob_read(struct source *self, void *data, size_t cap, size_t *len_out, struct err *err)
{
	struct object_source *b = (struct object_source *)self;
	size_t left = b->len - b->at;

	(void)err;
	*len_out = left < cap ? left : cap;
	if (*len_out)
		memcpy(data, b->data + b->at, *len_out);
	b->at += *len_out;
	return true;
}

static void blob_close(struct source *self)
{
	struct object_source *b = (struct object_source *)self;

	b->lib->git_odb_object_free(b->object);
	free(b);
}

bool git_file_open(struct source **out, const struct git_file *f, struct err *err)
{
	const struct libgit2 *lib = f->repo->lib;
	git_odb_object *object;
	struct object_source *b;
	git_oid id;

	memcpy(id.id, f->id, sizeof(f->id));
	if (f->is_loose) {
		if (lib->git_odb_read(&object, f->repo->odb, &id) < 0)
			return missing(f->repo, f->path, err);
		*out = dotgit_open_loose(lib, object);
		return true;
	}
	if (!read_blob(&object, f->repo, &id, f->path, LIMIT_GIT_BLOB, err))
		return false;
	b = mem_alloc(sizeof(*b));
	*b = (struct object_source){ .source = { .read = blob_read, .close = blob_close },
				     .lib = lib,
				     .object = object,
				     .data = lib->git_odb_object_data(object),
				     .len = lib->git_odb_object_size(object) };
	*out = &b->source;
	return true;
}

/* --- submodules --- */

static bool find_root_entry(git_oid *out, bool *found, const struct place *p, const char *name,
			    struct err *err)
{
	const struct libgit2 *lib = p->repo->lib;
	git_tree *tree = NULL;

	*found = false;
	if (lib->git_tree_lookup(&tree, p->repo->raw, p->tree) < 0)
		return missing(p->repo, name, err);
	for (size_t i = 0; i < lib->git_tree_entrycount(tree); i++) {
		const git_tree_entry *e = lib->git_tree_entry_byindex(tree, i);

		/* one that is a link could lead anywhere */
		if (str_eq(lib->git_tree_entry_name(e), name) &&
		    S_ISREG(lib->git_tree_entry_filemode_raw(e))) {
			*out = *lib->git_tree_entry_id(e);
			*found = true;
		}
	}
	lib->git_tree_free(tree);
	return true;
}

static bool read_modules(struct place *p, struct err *err)
{
	git_odb_object *object;
	git_oid id;
	bool found, ok;

	if (p->has_modules)
		return true;
	p->has_modules = true;
	if (!find_root_entry(&id, &found, p, ".gitmodules", err) || !found)
		return err->code == E_NONE;
	if (!read_blob(&object, p->repo, &id, ".gitmodules", LIMIT_GIT_MODULES, err))
		return false;
	ok = modules_parse(&p->modules, &p->names, p->repo->lib->git_odb_object_data(object),
			   p->repo->lib->git_odb_object_size(object), err);
	p->repo->lib->git_odb_object_free(object);
	return ok;
}

static bool walk_commit(struct walk *w, struct git_repo *repo, const struct git_location *at,
			const char *root, int depth, struct dotgit *git, struct err *err);
static bool add_dotgit(struct git_files *f, struct dotgit *d, const struct git_repo *repo,
		       const struct git_location *at, struct err *err);

/* Its own .git, noted in its parent's. */
static bool begin_dotgit(struct dotgit *out, struct walk *w, struct place *p, const char *path,
			 const char *url, struct err *err)
{
	const char *name = map_text(&p->names, path + (p->root[0] ? strlen(p->root) + 1 : 0));

	out->work = arena_strdup(&w->files->arena, path);
	out->dir = arena_printf(&w->files->arena, "%s/modules/%s", p->git->dir, name);
	return dotgit_add_module(p->git, &w->files->arena, name, url, err);
}

static bool module_location(struct git_location *out, struct walk *w, struct place *p,
			    const char *path, const char *commit, struct err *err)
{
	const char *below = path + (p->root[0] ? strlen(p->root) + 1 : 0);
	const char *url;

	if (!read_modules(p, err))
		return false;
	url = map_text(&p->modules, below);
	if (!url) {
		err_set(err, E_INPUT, "the submodule %s has no URL in .gitmodules", path);
		return err_hint(err, "?submodules=false leaves submodules out");
	}
	if (!git_location_resolve(out, p->at, url, err))
		return err_wrap(err, "the submodule %s", path);
	free(out->ref);
	out->ref = mem_strdup(commit);
	if (git_location_same_host(out, p->at) || git_is_allowed(w->opt, out->remote))
		return true;
	err_set(err, E_INPUT, "the submodule %s is at %s, another host than its parent's", path,
		out->remote);
	err_hint(err, "--git-allow %s, or ?submodules=false", out->remote);
	git_location_free(out);
	return false;
}

static bool walk_module(struct walk *w, struct place *p, const char *path, const git_oid *commit,
			struct err *err)
{
	AUTO(git_location_free) struct git_location at = { 0 };
	AUTO(dotgit_free) struct dotgit git = { 0 };
	struct git_repo *repo;
	char id[41] = "";

	p->repo->lib->git_oid_nfmt(id, sizeof(id), commit);
	if (p->depth >= LIMIT_GIT_MODULES_DEPTH || ++w->modules > LIMIT_GIT_MODULES_COUNT)
		return err_set(err, E_INPUT, "%s: submodules more than %d deep or %d altogether",
			       path, LIMIT_GIT_MODULES_DEPTH, LIMIT_GIT_MODULES_COUNT);
	if (!module_location(&at, w, p, path, id, err))
		return false;
	if (!git_repo_open(&repo, w->opt, &at, err))
		return err_wrap(err, "the submodule %s", path);
	*ARRAY_PUSH(&w->files->repos) = repo;
	if (!p->git)
		return walk_commit(w, repo, &at, path, p->depth + 1, NULL, err);
	return begin_dotgit(&git, w, p, path, at.remote, err) &&
	       walk_commit(w, repo, &at, path, p->depth + 1, &git, err) &&
	       add_dotgit(w->files, &git, repo, &at, err);
}

/* --- the walk --- */

/* Below the wanted directory, or that itself. */
static bool is_wanted(const struct walk *w, const char *path)
{
	size_t len = w->subdir ? strlen(w->subdir) : 0;

	return !len || (strncmp(path, w->subdir, len) == 0 && (!path[len] || path[len] == '/'));
}

/* On the way to it. */
static bool leads_there(const struct walk *w, const char *path)
{
	size_t len = strlen(path);

	return w->subdir && strncmp(w->subdir, path, len) == 0 && w->subdir[len] == '/';
}

static struct git_file *add(struct walk *w, const struct place *p, const char *path,
			    enum git_kind kind, const git_oid *id, struct err *err)
{
	size_t skip = w->subdir ? strlen(w->subdir) + 1 : 0;
	struct git_file *f;

	if (w->files->len == LIMIT_CONTEXT_FILES) {
		err_set(err, E_INPUT, "more than %d files (limit LIMIT_CONTEXT_FILES)",
			LIMIT_CONTEXT_FILES);
		return NULL;
	}
	f = ARRAY_PUSH(w->files);
	*f = (struct git_file){ .path = arena_strdup(&w->files->arena, path + skip),
				.kind = kind,
				.repo = p->repo };
	memcpy(f->id, id->id, sizeof(f->id));
	return f;
}

static bool add_link(struct walk *w, const struct place *p, const char *path, const git_oid *id,
		     struct err *err)
{
	const struct libgit2 *lib = p->repo->lib;
	struct git_file *f = add(w, p, path, GIT_KIND_LINK, id, err);
	git_odb_object *object;
	struct slice target;

	if (!f || !read_blob(&object, p->repo, id, path, LIMIT_PATH, err))
		return false;
	target = (struct slice){ lib->git_odb_object_data(object),
				 lib->git_odb_object_size(object) };
	f->link = arena_slice(&w->files->arena, target);
	lib->git_odb_object_free(object);
	return (target.len && strlen(f->link) == target.len) ||
	       err_set(err, E_INTEGRITY, "%s: a link that leads nowhere", path);
}

static bool add_blob(struct walk *w, const struct place *p, const char *path, unsigned mode,
		     const git_oid *id, struct err *err)
{
	struct git_file *f =
		add(w, p, path, mode & 0100 ? GIT_KIND_PROGRAM : GIT_KIND_FILE, id, err);
	git_object_t type;
	size_t size;

	if (!f)
		return false;
	if (p->repo->lib->git_odb_read_header(&size, &type, p->repo->odb, id) < 0)
		return missing(p->repo, path, err);
	f->size = (int64_t)size;
	if (type != GIT_OBJECT_BLOB)
		return err_set(err, E_INTEGRITY, "%s: its object is no file", path);
	return size <= LIMIT_GIT_BLOB ||
	       err_set(err, E_INPUT, "%s: %zu bytes are more than %d (limit LIMIT_GIT_BLOB)", path,
		       size, LIMIT_GIT_BLOB);
}

static bool check_name(const char *name, const char *path, struct err *err)
{
	if (*name && !strchr(name, '/') && !str_eq(name, ".") && !str_eq(name, "..") &&
	    strcasecmp(name, ".git") != 0 && strlen(name) <= LIMIT_COMPONENT &&
	    strlen(path) <= LIMIT_PATH)
		return true;
	return err_set(err, E_INTEGRITY,
		       "the repository has a file called '%s', which git refuses too", path);
}

static bool walk_tree(struct walk *w, struct place *p, const git_oid *id, const char *prefix,
		      size_t depth, struct err *err);

static bool walk_dir(struct walk *w, struct place *p, const git_oid *id, const char *path,
		     bool is_module, size_t depth, struct err *err)
{
	bool is_root = w->subdir && str_eq(path, w->subdir);

	w->found_subdir = w->found_subdir || is_root;
	if (is_wanted(w, path) && !is_root && !add(w, p, path, GIT_KIND_DIR, id, err))
		return false;
	if (is_module)
		return w->no_submodules || walk_module(w, p, path, id, err);
	return walk_tree(w, p, id, path, depth + 1, err);
}

static bool visit(struct walk *w, struct place *p, const git_tree_entry *e, const char *prefix,
		  size_t depth, struct err *err)
{
	const struct libgit2 *lib = p->repo->lib;
	const char *name = lib->git_tree_entry_name(e);
	const git_oid *id = lib->git_tree_entry_id(e);
	unsigned mode = (unsigned)lib->git_tree_entry_filemode_raw(e);
	AUTO(auto_free) char *path = *prefix ? mem_printf("%s/%s", prefix, name) : mem_strdup(name);

	if (!check_name(name, path, err))
		return false;
	if (p->git && !S_ISDIR(mode) && (mode & S_IFMT) != MODE_MODULE)
		dotgit_add_object(p->git, id);
	if (p->git && !S_ISDIR(mode))
		dotgit_add_entry(
			p->git,
			arena_strdup(&w->files->arena, path + (*p->root ? strlen(p->root) + 1 : 0)),
			mode, id);
	if (!is_wanted(w, path) && !leads_there(w, path))
		return true;
	if (S_ISDIR(mode) || (mode & S_IFMT) == MODE_MODULE)
		return walk_dir(w, p, id, path, !S_ISDIR(mode), depth, err);
	if (w->subdir && strlen(path) <= strlen(w->subdir))
		return err_set(err, E_INPUT, "%s is %s, no directory", path,
			       (mode & S_IFMT) == MODE_LINK ? "a link" : "a file");
	if ((mode & S_IFMT) == MODE_LINK)
		return add_link(w, p, path, id, err);
	return S_ISREG(mode) ? add_blob(w, p, path, mode, id, err)
			     : err_set(err, E_INTEGRITY, "%s: the mode %o", path, mode);
}

static bool walk_tree(struct walk *w, struct place *p, const git_oid *id, const char *prefix,
		      size_t depth, struct err *err)
{
	const struct libgit2 *lib = p->repo->lib;
	git_tree *tree = NULL;
	bool ok = true;

	if (depth > LIMIT_PATH_DEPTH)
		return err_set(err, E_INPUT, "%s: deeper than %d directories", prefix,
			       LIMIT_PATH_DEPTH);
	if (!cancel_check(err))
		return false;
	if (p->git)
		dotgit_add_object(p->git, id);
	if (lib->git_tree_lookup(&tree, p->repo->raw, id) < 0)
		return missing(p->repo, *prefix ? prefix : "the tree", err);
	for (size_t i = 0; ok && i < lib->git_tree_entrycount(tree); i++)
		ok = visit(w, p, lib->git_tree_entry_byindex(tree, i), prefix, depth, err);
	lib->git_tree_free(tree);
	return ok;
}

static bool walk_commit(struct walk *w, struct git_repo *repo, const struct git_location *at,
			const char *root, int depth, struct dotgit *git, struct err *err)
{
	const struct libgit2 *lib = repo->lib;
	struct place p = { .at = at, .repo = repo, .root = root, .depth = depth, .git = git };
	git_commit *commit = NULL;
	git_oid id, tree;
	bool ok;

	if (lib->git_oid_fromstrn(&id, repo->commit, 40) < 0 ||
	    lib->git_commit_lookup(&commit, repo->raw, &id) < 0)
		return missing(repo, repo->commit, err);
	tree = *lib->git_commit_tree_id(commit);
	if (!depth)
		w->files->time = lib->git_commit_time(commit);
	lib->git_commit_free(commit);
	p.tree = &tree;
	ok = walk_tree(w, &p, &tree, root, 0, err);
	map_free(&p.modules);
	map_free(&p.names);
	return ok;
}

static bool add_dotgit(struct git_files *f, struct dotgit *d, const struct git_repo *repo,
		       const struct git_location *at, struct err *err)
{
	if (!dotgit_make(d, &f->arena, repo, at, err))
		return false;
	for (size_t i = 0; i < d->files.len; i++) {
		const struct dotgit_file *from = &d->files.items[i];
		struct git_file *to = ARRAY_PUSH(f);

		*to = (struct git_file){ .path = from->path,
					 .kind = GIT_KIND_FILE,
					 .size = from->size,
					 .bytes = from->bytes,
					 .is_loose = !from->bytes,
					 .repo = repo };
		memcpy(to->id, from->id.id, sizeof(to->id));
	}
	return true;
}

bool git_files_open(struct git_files **out, const struct git_options *opt,
		    const struct git_location *at, struct err *err)
{
	AUTO(auto_git_files_close) struct git_files *f = mem_alloc(sizeof(*f));
	AUTO(dotgit_free) struct dotgit git = { .dir = ".git", .work = "" };
	struct dotgit *kept = at->keep_git_dir && !at->subdir ? &git : NULL;
	struct walk w = {
		.files = f,
		.opt = opt,
		.no_submodules = at->no_submodules,
		.subdir = at->subdir,
	};
	struct git_repo *repo;

	if (!git_repo_open(&repo, opt, at, err))
		return false;
	*ARRAY_PUSH(&f->repos) = repo;
	f->repo = repo;
	memcpy(f->commit, repo->commit, sizeof(f->commit));
	if (!walk_commit(&w, repo, at, "", 0, kept, err) ||
	    (kept && !add_dotgit(f, kept, repo, at, err)))
		return err_wrap(err, "%s", at->remote);
	if (at->subdir && !w.found_subdir)
		return err_set(err, E_NOT_FOUND, "%s: the commit %.12s has no directory '%s'",
			       at->remote, f->commit, at->subdir);
	*out = STEAL(f);
	return true;
}
