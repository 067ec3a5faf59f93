// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/backends.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
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
	text.ptr[text.len - 1] = '\0'; /* session_print ends the line */
	return session_print(text.ptr, err);
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

static const struct cmd *const subs[] = { &template_list, &template_show, &template_render, NULL };

const struct cmd cmd_template = {
	.name = "template",
	.summary = "list, show and render the backends' templates",
	.subs = subs,
};
