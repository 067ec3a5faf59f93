// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/backends.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "runtime/recipe.h"
#include "templates/render.h"

/* rtbuild template: the backends, and their Dockerfiles for any builder. */

struct list_args {
	struct str_list templates;
};

struct template_args {
	const char *backend, *backend_arg, *python, *base, *installer;
	struct str_list templates;
};

/* clang-format off */
static const struct opt list_opts[] = {
	OPT_LIST(0,   "templates", "DIR|GIT-URL", struct list_args, templates, "more backends, as DIR/NAME/backend.yaml"),
	OPT_END
};
/* clang-format on */

static bool list(struct session *s, void *arg, struct err *err)
{
	const struct list_args *args = arg;
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(auto_json_decref) json_t *doc = json_array();

	if (!backends_load(&table, s, &args->templates, err))
		return false;
	for (size_t i = 0; i < table.len; i++) {
		const struct backend *b = &table.items[i];
		AUTO(auto_free)
		char *line = mem_printf("%-20s %-6s %s", b->name, b->artifact, b->title);

		json_array_append_new(doc, json_deep_copy(b->document));
		if (!s->options.json && !session_print(line, err))
			return false;
	}
	return !s->options.json || session_print_json(doc, err);
}

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG_OPTIONAL("BACKEND",            struct template_args, backend_arg, "which one"),
	OPT_TEXT('b', "backend", "NAME",       struct template_args, backend,   "the same, as build has it"),
	OPT_LIST(0,   "templates", "DIR|GIT-URL", struct template_args, templates, "more backends, as DIR/NAME/backend.yaml"),
	OPT_TEXT(0,   "python", "X.Y",         struct template_args, python,    "Python version (default: the backend's)"),
	OPT_TEXT(0,   "base", "IMAGE",         struct template_args, base,      "base image instead of the backend's"),
	OPT_TEXT(0,   "installer", "WAY",      struct template_args, installer, "wheels (default) or pip"),
	OPT_END
};
/* clang-format on */

static bool find(const struct backend **out, struct backend_table *table, struct session *s,
		 const struct template_args *args, struct err *err)
{
	const char *name = args->backend ? args->backend : args->backend_arg;

	if (!name) {
		err_set(err, E_USAGE, "which backend?");
		return err_hint(err, "rtbuild template list");
	}
	return backends_load(table, s, &args->templates, err) &&
	       backend_find(out, table, name, err);
}

static bool show(struct session *s, void *arg, struct err *err)
{
	AUTO(backend_table_free) struct backend_table table = { 0 };
	const struct backend *b;

	return find(&b, &table, s, arg, err) && session_print_json(b->document, err);
}

static bool render(struct session *s, void *arg, struct err *err)
{
	const struct template_args *args = arg;
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	struct render_options opt = { .base = args->base };
	const struct backend *b;

	if (!find(&b, &table, s, args, err) || !backend_python(&opt.python, b, args->python, err) ||
	    !installer_parse(&opt.installer, args->installer, err) ||
	    !render_dockerfile(&text, &table, b, &opt, err))
		return false;
	return session_print_raw(text.ptr, text.len, err);
}

struct diff_args {
	const char *backend_arg, *other, *python;
	struct str_list templates;
};

/* clang-format off */
static const struct opt diff_opts[] = {
	OPT_ARG("BACKEND",                     struct diff_args, backend_arg, "which one"),
	OPT_ARG("FILE|BACKEND",                struct diff_args, other,       "a Dockerfile, or another backend or variant"),
	OPT_LIST(0,   "templates", "DIR|GIT-URL", struct diff_args, templates, "more backends, as DIR/NAME/backend.yaml"),
	OPT_TEXT(0,   "python", "X.Y",         struct diff_args, python,      "Python version (default: the backend's)"),
	OPT_END
};
/* clang-format on */

/* What a backend's Dockerfile comes to; by pip, since then the text names its packages. */
static bool read_backend(struct recipe *out, const struct backend_table *table, const char *name,
			 const char *python, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	struct render_options opt = { .installer = INSTALLER_PIP };
	const struct backend *b;

	return backend_find(&b, table, name, err) && backend_python(&opt.python, b, python, err) &&
	       render_dockerfile(&text, table, b, &opt, err) &&
	       recipe_read(out, b->name, text.ptr, text.len, err);
}

static bool read_file(struct recipe *out, const char *path, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_DOCKERFILE);

	return fs_read_path(&text, path, LIMIT_DOCKERFILE, err) &&
	       recipe_read(out, path, text.ptr, text.len, err);
}

static bool is_backend(const struct backend_table *table, const char *name)
{
	for (size_t i = 0; i < table->len; i++)
		if (str_eq(table->items[i].name, name))
			return true;
	return false;
}

static bool diff(struct session *s, void *arg, struct err *err)
{
	const struct diff_args *args = arg;
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(recipe_free) struct recipe ours = { 0 }, other = { 0 };
	AUTO(str_list_free) struct str_list lines = { 0 };
	AUTO(auto_json_decref) json_t *doc = json_array();

	if (!backends_load(&table, s, &args->templates, err) ||
	    !read_backend(&ours, &table, args->backend_arg, args->python, err))
		return false;
	if (!(is_backend(&table, args->other)
		      ? read_backend(&other, &table, args->other, args->python, err)
		      : read_file(&other, args->other, err)))
		return false;
	if (other.packages_beside)
		event_warn(s->events,
			   "%s: its packages come by the build context python-packages and are "
			   "not compared",
			   args->other);
	recipe_diff(&lines, &ours, &other);
	for (size_t i = 0; i < lines.len; i++) {
		json_array_append_new(doc, json_string(lines.items[i]));
		if (!s->options.json && !session_print(lines.items[i], err))
			return false;
	}
	s->exit_status = lines.len ? err_exit_status(E_NEGATIVE) : 0;
	return !s->options.json || session_print_json(doc, err);
}

static const struct cmd template_list = {
	.name = "list",
	.summary = "the backends",
	.opts = list_opts,
	.args_size = sizeof(struct list_args),
	.run = list,
};

static const struct cmd template_show = {
	.name = "show",
	.summary = "what is known of a backend, as JSON",
	.opts = opts,
	.args_size = sizeof(struct template_args),
	.run = show,
};

static const struct cmd template_render = {
	.name = "render",
	.summary = "a backend's Dockerfile, which any builder takes",
	.example = "  rtbuild template render -b knative --python 3.12 > Dockerfile",
	.opts = opts,
	.args_size = sizeof(struct template_args),
	.run = render,
};

static const struct cmd template_diff = {
	.name = "diff",
	.summary = "what a Dockerfile, or another backend, has otherwise: 1 when anything is",
	.about = "Base, packages, environment, user and command, whatever words say them: - is of "
		 "the backend, + of the other one.",
	.example = "  rtbuild template diff knative my.Dockerfile\n"
		   "  rtbuild template diff k8s k8s:conda",
	.opts = diff_opts,
	.args_size = sizeof(struct diff_args),
	.run = diff,
};

static const struct cmd *const subs[] = { &template_list, &template_show, &template_render,
					  &template_diff, NULL };

const struct cmd cmd_template = {
	.name = "template",
	.summary = "list, show, render and compare the backends' templates",
	.subs = subs,
};
