// SPDX-License-Identifier: Apache-2.0
#include "extend/spec.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "extend/client.h"
#include "extend/pickle.h"
#include "extend/value.h"

/* From the request to the files: locates the functions, then collects their modules, then makes
 * what a worker loads. */

static const char *const mode_names[] = {
	[SPEC_NATIVE] = "native",
	[SPEC_MODULES] = "modules",
	[SPEC_SINGLE_FILE] = "single-file",
	[SPEC_BY_VALUE] = "by-value",
};

const char *spec_mode_name(enum spec_mode mode)
{
	return mode_names[mode];
}

bool spec_mode_find(enum spec_mode *out, const char *name, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(mode_names); i++)
		if (str_eq(name, mode_names[i])) {
			*out = (enum spec_mode)i;
			return true;
		}
	err_set(err, E_USAGE, "unknown mode '%s'", name);
	return err_hint(err, "native, modules, single-file or by-value");
}

bool spec_has_pickle(enum spec_mode mode)
{
	return mode != SPEC_MODULES;
}

bool spec_has_modules(enum spec_mode mode)
{
	return mode == SPEC_NATIVE || mode == SPEC_MODULES;
}

/* --- modules --- */

/* The file of a function and what it imports; of a function by value what it imports alone. */
static bool collect_target(struct spec *s, const struct target *t, struct err *err)
{
	struct slice source = { .ptr = t->source.ptr, .len = t->source.len };
	AUTO(auto_free) char *top = mem_strdup(t->module);
	bool is_package = strchr(t->path, '/') != NULL;

	if (strchr(top, '.'))
		*strchr(top, '.') = '\0';
	if (is_package)
		return modules_add_name(&s->modules, t->root, top, err);
	if (s->mode == SPEC_BY_VALUE)
		return modules_add_imports(&s->modules, t->root, t->shown, source, &t->outline,
					   err);
	return modules_add_source(&s->modules, t->root, top, t->shown, source, &t->outline, err);
}

static bool collect(struct spec *s, const struct spec_request *req, struct err *err)
{
	for (size_t i = 0; i < s->targets.len; i++)
		if (!collect_target(s, &s->targets.items[i], err))
			return false;
	for (size_t i = 0; i < req->module_count; i++) {
		bool is_below = req->modules[i][0] != '/' && strcmp(req->cwd, ".") != 0;
		AUTO(auto_free)
		char *path = is_below ? mem_printf("%s/%s", req->cwd, req->modules[i])
				      : mem_strdup(req->modules[i]);

		if (!modules_add_path(&s->modules, path, err))
			return err_wrap(err, "--module");
	}
	return modules_close_over(&s->modules, err);
}

/* --- func.pickle --- */

/* All files at once, in memory: base64 has to be whole in a pickle. */
static bool read_files(struct buf *bytes, struct pickle_file *out, const struct modules *m,
		       struct err *err)
{
	for (size_t i = 0; i < m->files.len; i++) {
		const struct module_file *f = &m->files.items[i];
		size_t start = bytes->len;
		AUTO(buf_free) struct buf file = BUF_INIT(LIMIT_SINGLE_FILE);

		if (f->data)
			buf_put_bytes(bytes, f->data, (size_t)f->size);
		else if (!fs_read(&file, f->dir, f->name, LIMIT_SINGLE_FILE, FS_BENEATH, err))
			return false;
		else
			buf_put_bytes(bytes, file.ptr, file.len);
		if (bytes->len > LIMIT_SINGLE_FILE) {
			err_set(err, E_INPUT,
				"the modules are more than %d MiB: too much for one pickle",
				LIMIT_SINGLE_FILE >> 20);
			return err_hint(err, "--mode native has no such limit");
		}
		out[i] = (struct pickle_file){ .path = f->path, .bytes.len = bytes->len - start };
	}
	return true;
}

static bool pickle_single_file(struct spec *s, struct slice function, struct err *err)
{
	AUTO(buf_free) struct buf bytes = BUF_INIT(SIZE_MAX / 2);
	AUTO(auto_free)
	struct pickle_file *files = mem_alloc((s->modules.files.len + 1) * sizeof(*files));
	size_t at = 0;

	if (!read_files(&bytes, files, &s->modules, err))
		return false;
	for (size_t i = 0; i < s->modules.files.len; i++) {
		files[i].bytes.ptr = bytes.len ? bytes.ptr + at : "";
		at += files[i].bytes.len;
	}
	pickle_payload(&s->pickle, function, files, s->modules.files.len);
	return true;
}

static bool make_pickle(struct spec *s, const struct spec_request *req, struct err *err)
{
	const struct target *t = &s->targets.items[0];
	AUTO(buf_free) struct buf function = BUF_INIT(LIMIT_SINGLE_FILE);
	struct slice inner;

	if (s->mode == SPEC_BY_VALUE ? !value_pickle(&function, &s->minor, t, req->interpreter, err)
				     : !pickle_reference(&function, t->module, t->function, err))
		return false;
	inner = (struct slice){ .ptr = function.ptr, .len = function.len };
	if (s->mode == SPEC_SINGLE_FILE)
		return pickle_single_file(s, inner, err);
	pickle_payload(&s->pickle, inner, NULL, 0);
	return true;
}

/* --- the whole --- */

static bool check_count(const struct spec_request *req, struct err *err)
{
	if (req->function_count == 1 || req->mode == SPEC_MODULES)
		return true;
	err_set(err, E_USAGE, "%zu functions, but func.pickle of --mode %s holds one",
		req->function_count, mode_names[req->mode]);
	return err_hint(err, "--mode modules takes any number");
}

static bool locate_all(struct spec *s, const struct spec_request *req, struct events *events,
		       struct err *err)
{
	struct locate_request where = {
		.filepath = req->filepath,
		.cwd = req->cwd,
		.modules = req->modules,
		.module_count = req->module_count,
		.by_value = req->mode == SPEC_BY_VALUE,
	};

	for (size_t i = 0; i < req->function_count; i++) {
		struct target t;

		where.function = req->functions[i];
		/* several modules: the file is that of the functions that name none */
		where.filepath = req->function_count > 1 && strchr(where.function, ':')
					 ? NULL
					 : req->filepath;
		if (!locate_function(&t, &where, events, err))
			return false;
		*ARRAY_PUSH(&s->targets) = t;
	}
	return true;
}

bool spec_resolve(struct spec *out, const struct spec_request *req, struct events *events,
		  struct err *err)
{
	*out = (struct spec){ .mode = req->mode, .pickle = BUF_INIT(SIZE_MAX / 2) };
	modules_init(&out->modules, events);
	if (check_count(req, err) && locate_all(out, req, events, err) && collect(out, req, err) &&
	    (!spec_has_pickle(req->mode) || make_pickle(out, req, err)))
		return true;
	spec_free(out);
	return false;
}

void spec_free(struct spec *s)
{
	for (size_t i = 0; i < s->targets.len; i++)
		target_free(&s->targets.items[i]);
	free(s->targets.items);
	modules_free(&s->modules);
	buf_free(&s->pickle);
	free(s->minor);
	*s = (struct spec){ 0 };
}

char *spec_functions(const struct spec *s)
{
	struct buf text = BUF_INIT(SIZE_MAX / 2);

	for (size_t i = 0; i < s->targets.len; i++)
		buf_putf(&text, "%s%s:%s", i ? "," : "", s->targets.items[i].module,
			 s->targets.items[i].function);
	return buf_steal(&text);
}

/* --- upstream's tag --- */

/* Those that are there, and all that they import; told to nobody, since they are baked already. */
static bool collect_client(struct modules *out, const struct target *t, struct err *err)
{
	AUTO(str_list_free) struct str_list names = { 0 };

	modules_init(out, NULL);
	if (!client_modules(&names, t, err))
		return false;
	for (size_t i = 0; i < names.len; i++) {
		struct err why = { 0 };

		if (!modules_add_name(out, t->root, names.items[i], &why) &&
		    why.code != E_NOT_FOUND) {
			*err = why;
			return false;
		}
	}
	return modules_close_over(out, err);
}

/* The client's way of finding modules knows no package without __init__.py. */
static bool is_namespace(const char *path)
{
	AUTO(auto_free) char *init = mem_printf("%s/__init__.py", path);
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode) && stat(init, &st) < 0;
}

static bool client_paths(struct str_list *out, const struct modules *m, struct err *err)
{
	for (size_t i = 0; i < m->tops.len; i++) {
		const struct module_top *top = &m->tops.items[i];
		char *path;

		if (is_namespace(top->from))
			continue;
		path = realpath(top->from, NULL);
		if (!path)
			return err_set_errno(err, "%s", top->from);
		str_list_push_take(out, path);
	}
	return true;
}

bool spec_lithops_tag(char out[TAG_LEN + 1], const struct spec *s, struct err *err)
{
	const struct target *t = &s->targets.items[0];
	AUTO(str_list_free) struct str_list paths = { 0 };
	AUTO(modules_free) struct modules client = { 0 };

	if (s->targets.len > 1)
		return err_set(
			err, E_USAGE,
			"--tag-scheme lithops names the file, not the function: one function");
	if (!collect_client(&client, t, err) || !client_paths(&paths, &client, err))
		return false;
	tag_lithops(out, t->source.ptr, t->source.len, &paths);
	return true;
}
