// SPDX-License-Identifier: Apache-2.0
#include "extend/locate.h"

#include <stdlib.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "extend/identifier.h"
#include "extend/place.h"

/* From what the user wrote to one function in one file. What else must be baked with it is
 * modules.c. */

static const char suffix[] = ".py";

void target_free(struct target *t)
{
	free(t->root);
	free(t->module);
	free(t->function);
	free(t->path);
	free(t->shown);
	buf_free(&t->source);
	outline_free(&t->outline);
	*t = (struct target){ .source = BUF_INIT(LIMIT_SOURCE_FILE) };
}

/* --- is it a function? --- */

static bool blame(const struct target *t, const struct binding *b, struct err *err)
{
	const char *last = strrchr(b->name, '.');
	const char *word = last ? last + 1 : b->name;

	return place_set(err, t->shown,
			 (struct slice){ .ptr = t->source.ptr, .len = t->source.len }, b->line,
			 b->column, (int)strlen(word));
}

/* The last def of the name before `b`, for "was defined in line 3, but ...". */
static const struct binding *earlier_def(const struct outline *o, const struct binding *b)
{
	for (const struct binding *at = b; at > o->bindings.items;) {
		at--;
		if (str_eq(at->name, b->name) &&
		    (at->kind == BINDING_DEF || at->kind == BINDING_ASYNC_DEF))
			return at;
	}
	return NULL;
}

static bool refuse_bound(const struct target *t, const struct binding *b, struct err *err)
{
	/* clang-format off */
	static const char *const what[] = {
		[BINDING_DEF] = "defined",     [BINDING_ASYNC_DEF] = "an async function",
		[BINDING_CLASS] = "a class",   [BINDING_IMPORT] = "imported",
		[BINDING_LAMBDA] = "a lambda", [BINDING_ASSIGN] = "assigned",
		[BINDING_DELETE] = "deleted",
	};
	/* clang-format on */
	const struct binding *def = earlier_def(&t->outline, b);

	if (def && b->kind != BINDING_ASYNC_DEF)
		err_set(err, E_INPUT, "'%s' is defined in line %d, but the name is %s here",
			b->name, def->line, what[b->kind]);
	else
		err_set(err, E_INPUT, "'%s' is %s here, not a top-level function", b->name,
			what[b->kind]);
	switch (b->kind) {
	case BINDING_ASYNC_DEF:
		err_hint(err,
			 "Lithops calls the function plainly: write `def g(x): return "
			 "asyncio.run(%s(x))` and "
			 "bake g",
			 b->name);
		break;
	case BINDING_CLASS:
		err_hint(err, "name one of its methods: --function %s.<method>", b->name);
		break;
	case BINDING_IMPORT:
		err_hint(err,
			 "bake it from the module that defines it: --function <module>:<function>");
		break;
	case BINDING_DEF:
	case BINDING_LAMBDA:
	case BINDING_ASSIGN:
	case BINDING_DELETE:
		err_hint(err, "a worker finds the function by its name: give it a def of its own "
			      "at the top "
			      "level");
		break;
	}
	return blame(t, b, err);
}

/* Every "Class." in front of the function must be a class when the module was imported. */
static bool check_classes(const struct target *t, struct err *err)
{
	for (const char *dot = strchr(t->function, '.'); dot; dot = strchr(dot + 1, '.')) {
		AUTO(auto_free) char *name = mem_strndup(t->function, (size_t)(dot - t->function));
		const struct binding *b = outline_find(&t->outline, name);

		if (b && b->kind != BINDING_CLASS) {
			err_set(err, E_INPUT, "'%s' is not a class, so '%s' cannot be a method",
				name, t->function);
			return blame(t, b, err);
		}
	}
	return true;
}

static void say_what_to_know(const struct target *t, const struct binding *b, struct events *events)
{
	bool is_method = strchr(b->name, '.');

	if (b->generator)
		event_warn(events,
			   "%s:%d: '%s' is a generator function: what it returns cannot be sent "
			   "back by a "
			   "worker; return a list",
			   t->shown, b->line, b->name);
	if (is_method && !b->is_static)
		event_note(events,
			   "%s:%d: '%s' is called without an instance: its first parameter gets "
			   "the data",
			   t->shown, b->line, b->name);
	for (size_t i = 0; i < t->outline.imports.len; i++) {
		const struct outline_import *m = &t->outline.imports.items[i];

		if (m->name_count == 1 && str_eq(m->names[0], "*") && !m->nested &&
		    m->line > b->line)
			event_note(events,
				   "%s:%d: this star import stands behind '%s' and may hide it",
				   t->shown, m->line, b->name);
	}
}

/* The nearest function name of an outline, or NULL. */
static const struct binding *nearest(const struct outline *o, const char *word)
{
	const struct binding *best = NULL;

	for (size_t i = 0; i < o->bindings.len; i++) {
		const struct binding *b = &o->bindings.items[i];
		const char *pair[2] = { best ? best->name : b->name, b->name };

		if (b->kind != BINDING_DEF || !str_nearest(word, &b->name, 1))
			continue;
		if (str_nearest(word, pair, 2) == b->name || !best)
			best = b;
	}
	return best;
}

static bool check_function(const struct target *t, bool by_value, struct events *events,
			   struct err *err)
{
	const struct binding *b = outline_find(&t->outline, t->function), *near;

	if (by_value && (strchr(t->function, '.') || (b && b->kind != BINDING_DELETE)))
		return true; /* Python itself says what it is */
	if (!check_classes(t, err))
		return false;
	if (!b) {
		near = nearest(&t->outline, t->function);
		err_set(err, E_USAGE, "no top-level function '%s' in %s", t->function, t->shown);
		if (near)
			err_hint(err, "did you mean '%s' (%s:%d)?", near->name, t->shown,
				 near->line);
		return false;
	}
	if (b->kind != BINDING_DEF)
		return refuse_bound(t, b, err);
	say_what_to_know(t, b, events);
	return true;
}

/* --- files --- */

static bool read_target(struct target *t, struct err *err)
{
	AUTO(auto_free) char *path = fs_join(t->root, t->path);

	if (!fs_read_path(&t->source, path, LIMIT_SOURCE_FILE, err))
		return false;
	return outline_read(&t->outline, t->source.ptr, t->source.len, t->shown, err);
}

/* "map" of "dir/map.py"; the file's name decides the module's name. */
static bool stem_of(char **out, const char *path, bool by_value, struct err *err)
{
	const char *base = fs_basename(path);
	size_t len = strlen(base);
	AUTO(auto_free) char *stem = NULL, *other = NULL;

	if (!str_has_suffix(base, suffix))
		return err_set(err, E_INPUT, "'%s' is not a .py file", path);
	stem = mem_strndup(base, len - strlen(suffix));
	if (by_value) {
		*out = STEAL(stem); /* no worker imports it */
		return true;
	}
	if (str_eq(stem, "__init__") || str_eq(stem, "__main__")) {
		err_set(err, E_INPUT, "'%s' has no module name of its own", path);
		return err_hint(err, str_eq(stem, "__init__")
					     ? "name the package: --function <package>:<function>"
					     : "move the function to a module of its own");
	}
	if (!identifier_check(slice_of(stem), "module", err)) {
		other = identifier_suggest(slice_of(stem));
		if (other)
			err_hint(err, "a worker imports it by this name: rename the file to %s%s",
				 other, suffix);
		return err_wrap(err, "%s", path);
	}
	*out = STEAL(stem);
	return true;
}

static char *directory_of(const char *path)
{
	const char *slash = strrchr(path, '/');

	if (!slash)
		return mem_strdup(".");
	return slash == path ? mem_strdup("/") : mem_strndup(path, (size_t)(slash - path));
}

/* Where the user's relative paths begin; "." is left out, so that paths stay as they were typed. */
static char *under(const char *cwd, const char *path)
{
	return str_eq(cwd, ".") || path[0] == '/' ? mem_strdup(path)
						  : mem_printf("%s/%s", cwd, path);
}

/* "pkg/map" of "pkg.map" */
static char *module_path(const char *module)
{
	char *path = mem_strdup(module);

	for (char *p = path; *p; p++)
		if (*p == '.')
			*p = '/';
	return path;
}

static bool is_file(const char *root, const char *path)
{
	AUTO(auto_free) char *whole = fs_join(root, path);
	struct stat st;

	return stat(whole, &st) == 0 && S_ISREG(st.st_mode);
}

/* root/pkg/map.py or root/pkg/map/__init__.py, the package first as Python does; NULL when neither
 * is there. */
static char *module_file(const char *root, const char *module)
{
	AUTO(auto_free)
	char *stem = module_path(module), *package = mem_printf("%s/__init__.py", stem);
	AUTO(auto_free) char *file = mem_printf("%s%s", stem, suffix);

	if (is_file(root, package))
		return STEAL(package);
	return is_file(root, file) ? STEAL(file) : NULL;
}

static bool take_module(struct target *t, const char *root, const char *cwd)
{
	AUTO(auto_free) char *joined = NULL;

	t->path = module_file(root, t->module);
	if (!t->path)
		return false;
	t->root = mem_strdup(root);
	joined = fs_join(root, t->path);
	t->shown = mem_strdup(str_eq(root, cwd) && str_eq(cwd, ".") ? t->path : joined);
	return true;
}

/* `mod:f`: in cwd, or one of the modules given beside. */
static bool find_module(struct target *t, const struct locate_request *req, struct err *err)
{
	AUTO(auto_free) char *top = mem_strdup(t->module);

	if (!identifier_check_dotted(t->module, "module", err))
		return false;
	if (strchr(top, '.'))
		*strchr(top, '.') = '\0';
	for (size_t i = 0; i < req->module_count; i++) {
		AUTO(auto_free)
		char *path = under(req->cwd, req->modules[i]), *clean = fs_clean(path);
		AUTO(auto_free) char *root = directory_of(clean);
		AUTO(auto_free) char *file = mem_printf("%s%s", top, suffix);

		if ((str_eq(fs_basename(clean), top) || str_eq(fs_basename(clean), file)) &&
		    take_module(t, root, req->cwd))
			return true;
	}
	if (take_module(t, req->cwd, req->cwd))
		return true;
	err_set(err, E_USAGE, "no module '%s' in %s", t->module, req->cwd);
	return err_hint(err, "give its file: --filepath DIR/%s.py", top);
}

/* `--filepath`, with or without a module in the function: `pkg.map:f` is baked as that when the
 * path ends so. */
static bool take_filepath(struct target *t, const struct locate_request *req, struct err *err)
{
	AUTO(auto_free) char *path = under(req->cwd, req->filepath), *want = NULL;
	AUTO(auto_free) char *as_path = NULL;
	size_t len;

	if (!t->module) {
		if (!stem_of(&t->module, req->filepath, req->by_value, err))
			return false;
		t->root = directory_of(path);
		t->path = mem_strdup(fs_basename(path));
		t->shown = mem_strdup(req->filepath);
		return true;
	}
	if (!identifier_check_dotted(t->module, "module", err))
		return false;
	as_path = module_path(t->module);
	want = mem_printf("%s%s", as_path, suffix);
	if (!str_has_suffix(path, want)) {
		free(want);
		want = mem_printf("%s/__init__%s", as_path, suffix);
	}
	len = str_has_suffix(path, want) ? strlen(path) - strlen(want) : 0;
	if (!str_has_suffix(path, want) || (len && path[len - 1] != '/'))
		return err_set(err, E_USAGE, "'%s' is not the file of module '%s'", req->filepath,
			       t->module);
	t->path = STEAL(want);
	path[len > 1 ? len - 1 : len] = '\0';
	t->root = mem_strdup(*path ? path : ".");
	t->shown = mem_strdup(req->filepath);
	return true;
}

/* --- looking a function up in the files of a directory --- */

struct candidates {
	struct str_list files; /* those that define it */
	struct str_list other; /* those that bind the name to something else */
	struct buf list;       /* "a.py:3, b.py:7" */
	struct buf unread;     /* why a file could not be looked into */
	char near[256];        /* "did you mean" */
	size_t near_distance;
};

static void candidates_free(struct candidates *c)
{
	str_list_free(&c->files);
	str_list_free(&c->other);
	buf_free(&c->list);
	buf_free(&c->unread);
}

static void look_into(struct candidates *c, const char *cwd, const char *file, const char *function)
{
	struct target t = { .source = BUF_INIT(LIMIT_SOURCE_FILE) };
	const struct binding *b, *near;
	struct err err = { 0 };

	t.root = mem_strdup(cwd);
	t.path = mem_strdup(file);
	t.shown = under(cwd, file);
	if (!read_target(&t, &err)) {
		buf_putf(&c->unread, "%s%s:%d: %s", c->unread.len ? "; " : "", t.shown, err.at.line,
			 err.msg);
		target_free(&t);
		return;
	}
	b = outline_find(&t.outline, function);
	near = nearest(&t.outline, function);
	if (b && (b->kind == BINDING_DEF || b->kind == BINDING_ASYNC_DEF)) {
		str_list_push(&c->files, file);
		buf_putf(&c->list, "%s%s:%d", c->list.len ? ", " : "", t.shown, b->line);
	} else if (b) {
		str_list_push(&c->other, file);
	}
	if (near && str_distance(near->name, function) < c->near_distance) {
		c->near_distance = str_distance(near->name, function);
		snprintf(c->near, sizeof(c->near), "did you mean '%s' (%s:%d)?", near->name,
			 t.shown, near->line);
	}
	target_free(&t);
}

static bool refuse_lookup(const struct candidates *c, const char *cwd, const char *function,
			  size_t looked_into, struct err *err)
{
	if (c->files.len) {
		err_set(err, E_USAGE, "function '%s' is defined in %zu files: %s", function,
			c->files.len, c->list.ptr);
		return err_hint(err, "choose one: --filepath %s", c->files.items[0]);
	}
	err_set(err, E_USAGE, "no top-level function '%s' in the %zu .py files of %s%s%s%s",
		function, looked_into, str_eq(cwd, ".") ? "this directory" : cwd,
		c->unread.len ? " (not looked into: " : "", c->unread.ptr,
		c->unread.len ? ")" : "");
	return err_hint(err, "%s", c->near[0] ? c->near : "name its file by --filepath FILE.py");
}

static bool look_up(struct target *t, const struct locate_request *req, struct events *events,
		    struct err *err)
{
	AUTO(candidates_free)
	struct candidates c = { .list = BUF_INIT(SIZE_MAX / 2),
				.unread = BUF_INIT(SIZE_MAX / 2),
				.near_distance = SIZE_MAX };
	AUTO(str_list_free) struct str_list names = { 0 };
	AUTO(auto_close) int dir = -1;
	const char *file;
	size_t count = 0;

	if (!fs_open_dir(&dir, req->cwd, err) || !fs_list(&names, dir, ".", FS_IN_ROOT, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		if (!str_has_suffix(names.items[i], suffix) || !is_file(req->cwd, names.items[i]))
			continue;
		if (!cancel_check(err))
			return false;
		look_into(&c, req->cwd, names.items[i], t->function);
		count++;
	}
	/* bound by one file alone, though not by a def: the check behind says why that will not do
	 */
	if (c.files.len == 1)
		file = c.files.items[0];
	else if (!c.files.len && c.other.len == 1)
		file = c.other.items[0];
	else
		return refuse_lookup(&c, req->cwd, t->function, count, err);
	t->root = mem_strdup(req->cwd);
	t->path = mem_strdup(file);
	t->shown = under(req->cwd, file);
	if (c.files.len)
		event_note(events, "function '%s' found in %s", t->function, c.list.ptr);
	return stem_of(&t->module, t->shown, req->by_value, err);
}

/* "mod:f" into its parts; module NULL when there is none. */
static bool split(struct target *t, const char *text, struct err *err)
{
	const char *colon = strchr(text, ':');

	t->function = mem_strdup(colon ? colon + 1 : text);
	t->module = colon ? mem_strndup(text, (size_t)(colon - text)) : NULL;
	t->is_module = colon != NULL;
	if (identifier_check_dotted(t->function, "function", err))
		return true;
	return err_hint(err, "write --function f, --function module:f or --function Class.method");
}

static bool locate(struct target *t, const struct locate_request *req, struct events *events,
		   struct err *err)
{
	bool ok = split(t, req->function, err);

	if (ok && req->filepath)
		ok = take_filepath(t, req, err);
	else if (ok && t->module)
		ok = find_module(t, req, err);
	else if (ok)
		ok = look_up(t, req, events, err);
	return ok && read_target(t, err) && check_function(t, req->by_value, events, err);
}

bool locate_function(struct target *out, const struct locate_request *req, struct events *events,
		     struct err *err)
{
	*out = (struct target){ .source = BUF_INIT(LIMIT_SOURCE_FILE) };
	if (locate(out, req, events, err))
		return true;
	target_free(out);
	return false;
}
