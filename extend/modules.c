// SPDX-License-Identifier: Apache-2.0
#include "extend/modules.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "extend/identifier.h"
#include "extend/place.h"
#include "extend/stdlib.h"

/* Collects files. Which function is meant is locate.c's business, how files become a layer
 * bake.c's. */

/* One import statement seen from a directory: to be looked for there. */
struct module_import {
	const char *module; /* "a.b" */
	const char **names; /* of `from` */
	size_t name_count;
	int root;
	const char *file; /* who imports */
	int line, column;
	const char *text; /* the line */
};

void modules_init(struct modules *m, struct events *events)
{
	*m = (struct modules){ .events = events };
}

void modules_free(struct modules *m)
{
	for (size_t i = 0; i < m->dirs.len; i++)
		auto_close(&m->dirs.items[i]);
	free(m->dirs.items);
	free(m->files.items);
	free(m->tops.items);
	free(m->queue.items);
	map_free(&m->by_name);
	str_list_free(&m->dirs_walked);
	arena_free(&m->arena);
	*m = (struct modules){ 0 };
}

/* Takes the descriptor. */
static int keep_dir(struct modules *m, int fd)
{
	*ARRAY_PUSH(&m->dirs) = fd;
	return fd;
}

/* --- names --- */

static bool check_name(const char *name, struct err *err)
{
	if (!identifier_check(slice_of(name), "module", err))
		return false;
	if (!str_eq(name, "lithops") && !stdlib_has(name))
		return true;
	err_set(err, E_INPUT, "module '%s' would hide %s in the worker", name,
		str_eq(name, "lithops") ? "Lithops itself" : "Python's own module of that name");
	return err_hint(err, "rename it: baked modules stand in front of all others");
}

/* *new_out: not there yet. The same file twice is fine, another one of that name is not. */
static bool add_top(bool *new_out, struct modules *m, const struct module_top *top, struct err *err)
{
	*new_out = false;
	for (size_t i = 0; i < m->tops.len; i++) {
		const struct module_top *old = &m->tops.items[i];

		if (!str_eq(old->name, top->name))
			continue;
		if (old->device == top->device && old->inode == top->inode)
			return true;
		return err_set(err, E_INPUT, "two modules named '%s': %s and %s", top->name,
			       old->from, top->from);
	}
	*ARRAY_PUSH(&m->tops) = *top;
	map_put(&m->by_name, top->name, m); /* a set */
	*new_out = true;
	return true;
}

/* --- files --- */

static struct module_file *add_file(struct modules *m, const char *path)
{
	struct module_file *f = ARRAY_PUSH(&m->files);

	f->path = arena_strdup(&m->arena, path);
	f->dir = -1;
	return f;
}

static void add_bytes(struct modules *m, const char *path, struct slice bytes)
{
	struct module_file *f = add_file(m, path);

	f->data = arena_slice(&m->arena, bytes);
	f->size = (int64_t)bytes.len;
}

static const char *line_text(struct modules *m, const char *file, struct slice source, int line)
{
	struct err err = { 0 };

	place_set(&err, file, source, line, 1, 1);
	return arena_strdup(&m->arena, err.at.text);
}

/* Remember what a file imports, to be looked for in `root`. */
static void queue_imports(struct modules *m, const struct outline *o, const char *file,
			  struct slice source, int root)
{
	for (size_t i = 0; i < o->imports.len; i++) {
		const struct outline_import *from = &o->imports.items[i];
		struct module_import *to;

		if (from->level || !from->module[0])
			continue;
		to = ARRAY_PUSH(&m->queue);
		*to = (struct module_import){
			.module = arena_strdup(&m->arena, from->module),
			.name_count = from->name_count,
			.root = root,
			.file = arena_strdup(&m->arena, file),
			.line = from->line,
			.column = from->column,
			.text = line_text(m, file, source, from->line),
		};
		to->names = ARENA_ARRAY(&m->arena, const char *, from->name_count + 1);
		for (size_t n = 0; n < from->name_count; n++)
			to->names[n] = arena_strdup(&m->arena, from->names[n]);
	}
}

/* A module file has no package around it, so that `from . import x` fails when the worker imports
 * it. */
static bool check_relative(struct modules *m, const struct outline *o, const char *file,
			   struct slice source, struct err *err)
{
	for (size_t i = 0; i < o->imports.len; i++) {
		const struct outline_import *at = &o->imports.items[i];

		if (!at->level)
			continue;
		if (at->nested) {
			event_warn(m->events,
				   "%s:%d: a relative import in a module without package fails "
				   "when it is reached",
				   file, at->line);
			continue;
		}
		err_set(err, E_INPUT,
			"a relative import, but this file is baked as a module of its own");
		err_hint(err, "bake the package: --function <package>.<module>:<function>, from "
			      "the directory that "
			      "holds the package");
		return place_set(err, file, source, at->line, at->column, 1);
	}
	return true;
}

/* --- packages --- */

static bool is_left_out(const char *name)
{
	return str_eq(name, "__pycache__") || str_has_suffix(name, ".pyc") ||
	       str_has_suffix(name, ".pyo");
}

struct walk {
	struct modules *m;
	int dir;          /* of the package */
	const char *name; /* of the package */
	const char *from; /* its directory, for messages */
	int root;         /* for imports */
	size_t count;
};

static bool walk_source(const struct walk *w, const char *path, struct err *err)
{
	AUTO(buf_free) struct buf source = BUF_INIT(LIMIT_SOURCE_FILE);
	AUTO(auto_free) char *shown = mem_printf("%s/%s", w->from, path);
	struct outline o;
	struct err why = { 0 };

	if (!fs_read(&source, w->dir, path, LIMIT_SOURCE_FILE, FS_BENEATH, err))
		return err_wrap(err, "%s", w->from);
	if (!outline_read(&o, source.ptr, source.len, shown, &why)) {
		event_detail(w->m->events, "%s:%d: not scanned for imports: %s", shown, why.at.line,
			     why.msg);
		return true;
	}
	queue_imports(w->m, &o, shown, (struct slice){ .ptr = source.ptr, .len = source.len },
		      w->root);
	outline_free(&o);
	return true;
}

/* A link inside the package is baked as the file it leads to. */
static bool walk_link(struct walk *w, const char *path, const char *baked, struct err *err)
{
	AUTO(buf_free) struct buf bytes = BUF_INIT(LIMIT_SOURCE_FILE);

	if (!fs_read(&bytes, w->dir, path, LIMIT_SOURCE_FILE, FS_BENEATH, err)) {
		err_wrap(err, "%s: symbolic link", w->from);
		return err_hint(err, "a package may hold links to files inside itself only");
	}
	add_bytes(w->m, baked, (struct slice){ .ptr = bytes.ptr, .len = bytes.len });
	return true;
}

static bool walk_one(struct walk *w, const char *path, const struct stat *st, struct err *err)
{
	AUTO(auto_free) char *baked = mem_printf("%s/%s", w->name, path);
	struct module_file *f;

	if (++w->count > LIMIT_BAKED_FILES)
		return err_set(err, E_INPUT, "%s: more than %d files", w->from, LIMIT_BAKED_FILES);
	if (S_ISLNK(st->st_mode))
		return walk_link(w, path, baked, err);
	if (!S_ISREG(st->st_mode))
		return err_set(err, E_INPUT, "%s/%s is neither file, directory nor link", w->from,
			       path);
	f = add_file(w->m, baked);
	f->dir = w->dir;
	f->name = arena_strdup(&w->m->arena, path);
	f->size = st->st_size;
	return str_has_suffix(path, ".py") ? walk_source(w, path, err) : true;
}

static bool walk(struct walk *w, const char *below, int depth, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	if (depth > LIMIT_PACKAGE_DEPTH)
		return err_set(err, E_INPUT, "%s: directories more than %d deep", w->from,
			       LIMIT_PACKAGE_DEPTH);
	if (!cancel_check(err))
		return false;
	str_list_push_take(&w->m->dirs_walked, fs_join(w->from, below));
	if (!fs_list(&names, w->dir, *below ? below : ".", FS_BENEATH_NOLINK, err))
		return err_wrap(err, "%s", w->from);
	for (size_t i = 0; i < names.len; i++) {
		AUTO(auto_free)
		char *path = *below ? mem_printf("%s/%s", below, names.items[i])
				    : mem_strdup(names.items[i]);
		struct stat st;
		bool ok;

		if (is_left_out(names.items[i]))
			continue;
		if (str_has_prefix(names.items[i], ".wh."))
			return err_set(err, E_INPUT,
				       "%s/%s: a layer cannot hold a file of such a name", w->from,
				       path);
		if (!fs_stat(&st, w->dir, path, FS_BENEATH_NOLINK, err))
			return err_wrap(err, "%s", w->from);
		ok = S_ISDIR(st.st_mode) ? walk(w, path, depth + 1, err)
					 : walk_one(w, path, &st, err);
		if (!ok)
			return false;
	}
	return true;
}

/* `dir` is the open package directory, owned by `m`. */
static bool add_package(struct modules *m, const char *name, const char *from, int dir, int root,
			const char *why, struct err *err)
{
	struct walk w = { .m = m, .dir = dir, .name = name, .from = from, .root = root };
	struct stat st;
	bool is_new;

	if (fstat(dir, &st) < 0)
		return err_set_errno(err, "%s", from);
	if (!add_top(&is_new, m,
		     &(struct module_top){ .name = arena_strdup(&m->arena, name),
					   .from = arena_strdup(&m->arena, from),
					   .device = st.st_dev,
					   .inode = st.st_ino,
					   .root = root },
		     err))
		return false;
	if (!is_new)
		return true;
	if (!walk(&w, "", 1, err))
		return false;
	if (!w.count)
		return err_set(err, E_INPUT, "%s: nothing to bake in this directory", from);
	event_note(m->events, "bakes package %s (%zu files)%s", from, w.count, why);
	return true;
}

/* --- module files --- */

static bool add_module(struct modules *m, const char *name, const char *from, struct slice source,
		       const struct outline *o, const struct stat *st, int root, const char *why,
		       struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s.py", name);
	bool is_new;

	if (!add_top(&is_new, m,
		     &(struct module_top){ .name = arena_strdup(&m->arena, name),
					   .from = arena_strdup(&m->arena, from),
					   .device = st->st_dev,
					   .inode = st->st_ino,
					   .root = root },
		     err))
		return false;
	if (!is_new)
		return true;
	if (!check_relative(m, o, from, source, err))
		return false;
	add_bytes(m, path, source);
	queue_imports(m, o, from, source, root);
	event_note(m->events, "bakes %s%s", from, why);
	return true;
}

static bool add_module_fd(struct modules *m, const char *name, const char *from, int fd, int root,
			  const char *why, struct err *err)
{
	AUTO(buf_free) struct buf source = BUF_INIT(LIMIT_SOURCE_FILE);
	struct outline o;
	struct stat st;
	bool ok;

	if (fstat(fd, &st) < 0)
		return err_set_errno(err, "%s", from);
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INPUT, "%s is not a regular file", from);
	if (!fs_read_fd(&source, fd, LIMIT_SOURCE_FILE, err))
		return err_wrap(err, "%s", from);
	if (!outline_read(&o, source.ptr, source.len, from, err))
		return false;
	ok = add_module(m, name, from, (struct slice){ .ptr = source.ptr, .len = source.len }, &o,
			&st, root, why, err);
	outline_free(&o);
	return ok;
}

/* --- finding --- */

/* Opens `path` under `root`, -1 when it is absent or of another type (`want`: S_IFREG or S_IFDIR).
 */
static bool open_as(int *fd_out, int root, const char *path, mode_t want, struct err *err)
{
	AUTO(auto_close) int fd = -1;
	struct err why = { 0 };
	struct stat st;

	*fd_out = -1;
	if (!fs_open(&fd, root, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0, FS_BENEATH, &why)) {
		if (why.code == E_NOT_FOUND)
			return true;
		*err = why;
		return err_hint(err, "modules are baked from inside their directory only");
	}
	if (fstat(fd, &st) == 0 && (st.st_mode & S_IFMT) == want)
		*fd_out = steal_fd(&fd);
	return true;
}

static bool has(int dir, const char *path, mode_t want)
{
	AUTO(auto_close) int fd = -1;
	struct err ignored = { 0 };

	return open_as(&fd, dir, path, want, &ignored) && fd >= 0;
}

static bool is_submodule(int dir, const char *name)
{
	AUTO(auto_free) char *file = mem_printf("%s.py", name);

	return has(dir, file, S_IFREG) || has(dir, name, S_IFDIR);
}

/* A directory without __init__.py is the module meant only when it holds the submodule that is
 * asked for. */
static bool is_namespace_of(int dir, const struct module_import *import)
{
	const char *dot = strchr(import->module, '.');
	struct slice rest, second = slice_cut(slice_of(dot ? dot + 1 : ""), '.', &rest);
	AUTO(auto_free) char *name = mem_strndup(second.ptr, second.len);

	if (dot)
		return is_submodule(dir, name);
	for (size_t i = 0; i < import->name_count; i++)
		if (is_submodule(dir, import->names[i]))
			return true;
	return false;
}

/* As `import`, from `root`. *found_out false: not a module of this directory. `import` NULL: any
 * namespace package will do. */
static bool add_found(bool *found_out, struct modules *m, const char *name, const char *from_dir,
		      int root, const struct module_import *import, const char *why,
		      struct err *err)
{
	AUTO(auto_free) char *file = mem_printf("%s.py", name);
	AUTO(auto_free)
	char *from_file = fs_join(from_dir, file), *from_package = fs_join(from_dir, name);
	AUTO(auto_close) int package = -1, module = -1;
	bool is_package;

	*found_out = true;
	if (!open_as(&package, root, name, S_IFDIR, err) ||
	    !open_as(&module, root, file, S_IFREG, err))
		return false;
	is_package = package >= 0 && has(package, "__init__.py", S_IFREG);
	if (package >= 0 && !is_package && module < 0)
		is_package = !import || is_namespace_of(package, import);
	if (!is_package && module < 0) {
		if (package >= 0) /* it may become one */
			str_list_push(&m->dirs_walked, from_package);
		*found_out = false;
		return true;
	}
	if (!check_name(name, err))
		return false;
	if (is_package)
		return add_package(m, name, from_package, keep_dir(m, steal_fd(&package)), root,
				   why, err);
	return add_module_fd(m, name, from_file, module, root, why, err);
}

static bool open_root(int *out, struct modules *m, const char *root, struct err *err)
{
	if (!fs_open_dir(out, root, err))
		return false;
	keep_dir(m, *out);
	return true;
}

/* Directories that imports are looked for in, by descriptor, for messages: the name their modules
 * were found under. */
static const char *dir_name(const struct modules *m, int root)
{
	for (size_t i = 0; i < m->tops.len; i++)
		if (m->tops.items[i].root == root) {
			const char *slash = strrchr(m->tops.items[i].from, '/');

			return slash ? m->tops.items[i].from : "";
		}
	return NULL;
}

static bool follow(struct modules *m, const struct module_import *import, struct err *err)
{
	struct slice rest, top = slice_cut(slice_of(import->module), '.', &rest);
	AUTO(auto_free) char *name = mem_strndup(top.ptr, top.len);
	AUTO(auto_free) char *why = mem_printf(", imported in %s:%d", import->file, import->line);
	AUTO(auto_free) char *from_dir = NULL;
	/* a script by value is no module itself: then beside it */
	const char *known = dir_name(m, import->root), *shown = known ? known : import->file;
	const char *slash = strrchr(shown, '/');
	bool found;

	if (map_has(&m->by_name, name))
		return true;
	from_dir = slash ? mem_strndup(shown, slash == shown ? 1 : (size_t)(slash - shown))
			 : mem_strdup("");
	if (add_found(&found, m, name, from_dir, import->root, import, why, err))
		return true;
	return err_at(err, import->file, import->line, import->column, import->text,
		      strlen(import->text));
}

static int compare_files(const void *a, const void *b)
{
	return strcmp(((const struct module_file *)a)->path, ((const struct module_file *)b)->path);
}

bool modules_close_over(struct modules *m, struct err *err)
{
	for (size_t i = 0; i < m->queue.len; i++) {
		struct module_import import = m->queue.items[i]; /* the queue may move */

		if (!follow(m, &import, err))
			return false;
	}
	if (m->files.len)
		qsort(m->files.items, m->files.len, sizeof(*m->files.items), compare_files);
	return true;
}

bool modules_add_source(struct modules *m, const char *root, const char *name, const char *shown,
			struct slice source, const struct outline *outline, struct err *err)
{
	AUTO(auto_free) char *path = mem_printf("%s/%s.py", root, name);
	struct stat st;
	int dir;

	if (!check_name(name, err))
		return err_wrap(err, "%s", shown);
	if (!open_root(&dir, m, root, err))
		return false;
	if (stat(path, &st) < 0)
		return err_set_errno(err, "%s", shown);
	if (!add_module(m, name, shown, source, outline, &st, dir, "", err))
		return false;
	if (outline->runs_line)
		event_warn(m->events,
			   "%s:%d: this runs whenever a worker imports the module; put it behind "
			   "`if __name__ == \"__main__\":`",
			   shown, outline->runs_line);
	return true;
}

bool modules_add_imports(struct modules *m, const char *root, const char *shown,
			 struct slice source, const struct outline *outline, struct err *err)
{
	int dir;

	if (!open_root(&dir, m, root, err))
		return false;
	queue_imports(m, outline, shown, source, dir);
	return true;
}

bool modules_add_name(struct modules *m, const char *root, const char *name, struct err *err)
{
	bool found;
	int dir;

	if (!open_root(&dir, m, root, err))
		return false;
	if (!add_found(&found, m, name, str_eq(root, ".") ? "" : root, dir, NULL, "", err))
		return false;
	return found || err_set(err, E_NOT_FOUND, "no module '%s' in %s", name, root);
}

/* Data beside the modules: any name that a file may have. */
static bool add_data(struct modules *m, const char *path, const char *base, int root,
		     struct err *err)
{
	struct module_file *f;
	struct stat st;
	bool is_new;

	if (stat(path, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (!S_ISREG(st.st_mode))
		return err_set(err, E_INPUT, "%s is neither a file nor a directory", path);
	if (!add_top(&is_new, m,
		     &(struct module_top){ .name = arena_strdup(&m->arena, base),
					   .from = arena_strdup(&m->arena, path),
					   .device = st.st_dev,
					   .inode = st.st_ino,
					   .root = -1 },
		     err))
		return false;
	if (!is_new)
		return true;
	f = add_file(m, base);
	f->dir = root;
	f->name = arena_strdup(&m->arena, base);
	f->size = st.st_size;
	event_note(m->events, "bakes %s", path);
	return true;
}

/* A directory without Python in it is data, under whatever name: nothing imports it. */
static bool check_dir_name(const char *base, int dir, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };
	bool is_data = true;

	if (!fs_list(&names, dir, ".", FS_BENEATH_NOLINK, err))
		return false;
	for (size_t i = 0; i < names.len; i++)
		is_data = is_data && !str_has_suffix(names.items[i], ".py");
	if (!is_data)
		return check_name(base, err);
	return !str_has_prefix(base, ".wh.") ||
	       err_set(err, E_INPUT, "a layer cannot hold a file of such a name");
}

static bool add_dir(struct modules *m, const char *clean, const char *base, int root,
		    struct err *err)
{
	AUTO(auto_close) int dir = -1;

	if (!fs_open_dir(&dir, clean, err) || !check_dir_name(base, dir, err))
		return false;
	return add_package(m, base, clean, keep_dir(m, steal_fd(&dir)), root, "", err);
}

bool modules_add_path(struct modules *m, const char *path, struct err *err)
{
	AUTO(auto_free) char *clean = fs_clean(path), *root = NULL, *stem = NULL;
	const char *base = fs_basename(clean);
	const char *slash = strrchr(clean, '/');
	AUTO(auto_close) int module = -1;
	struct stat st;
	int dir;

	if (stat(clean, &st) < 0)
		return err_set_errno(err, "%s", path);
	if (!*base || str_eq(base, ".") || str_eq(base, ".."))
		return err_set(err, E_INPUT, "'%s' does not end in the name of a module", path);
	root = !slash           ? mem_strdup(".")
	       : slash == clean ? mem_strdup("/")
				: mem_strndup(clean, (size_t)(slash - clean));
	if (!open_root(&dir, m, root, err))
		return false;
	if (S_ISDIR(st.st_mode))
		return add_dir(m, clean, base, dir, err) || err_wrap(err, "%s", path);
	if (!str_has_suffix(base, ".py"))
		return str_has_prefix(base, ".wh.")
			       ? err_set(err, E_INPUT,
					 "%s: a layer cannot hold a file of such a name", path)
			       : add_data(m, clean, base, dir, err);
	stem = mem_strndup(base, strlen(base) - 3);
	if (!check_name(stem, err))
		return err_wrap(err, "%s", path);
	module = open(clean, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (module < 0)
		return err_set_errno(err, "%s", path);
	return add_module_fd(m, stem, clean, module, dir, "", err);
}

void modules_dirs(struct str_list *out, const struct modules *m)
{
	for (size_t i = 0; i < m->dirs_walked.len; i++)
		str_list_push(out, m->dirs_walked.items[i]);
	for (size_t i = 0; i < m->tops.len; i++) {
		const char *from = m->tops.items[i].from, *slash = strrchr(from, '/');

		str_list_push_take(
			out, slash ? mem_strndup(from, slash == from ? 1 : (size_t)(slash - from))
				   : mem_strdup("."));
	}
}
