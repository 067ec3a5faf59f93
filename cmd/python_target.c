// SPDX-License-Identifier: Apache-2.0
#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "python/targets.h"

/* rtbuild python target: the Pythons packages can be chosen for. */

struct list_args {
	char unused;
};

struct show_args {
	const char *name;
};

static const struct opt list_opts[] = { OPT_END };

static const struct opt show_opts[] = {
	OPT_ARG("NAME|FILE.json", struct show_args, name, "a name of the list, or a document"),
	OPT_END,
};

static bool list_line(void *arg, const struct python_profile *p, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	AUTO(auto_free) char *line = NULL;

	(void)arg;
	python_target_format(&text, &p->target);
	if (python_profile_has_ended(p, clock_wall()))
		buf_putf(&text, " (ended %s)", p->end_of_life);
	line = mem_printf("%-34s %s", p->name, text.ptr);
	return session_print(line, err);
}

static bool list_document(void *arg, const struct python_profile *p, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = python_profile_export(p);

	(void)err;
	json_array_append(arg, json_object_get(doc, "rtbuild"));
	return true;
}

static bool list(struct session *s, void *arg, struct err *err)
{
	AUTO(auto_json_decref) json_t *doc = json_array();

	(void)arg;
	if (!s->options.json)
		return python_profiles_each(list_line, NULL, err);
	return python_profiles_each(list_document, doc, err) && session_print_json(doc, err);
}

static void put(struct buf *out, const char *what, const char *text)
{
	if (text && text[0])
		buf_putf(out, "%-14s%s\n", what, text);
}

static void put_tags(struct buf *out, const struct python_target *t)
{
	enum { SHOWN = 3 };
	AUTO(str_list_free) struct str_list tags = { 0 };

	python_target_tags(&tags, t);
	buf_putf(out, "%-14s%zu, best first:", "tags", tags.len);
	for (size_t i = 0; i < tags.len && i < SHOWN; i++)
		buf_putf(out, " %s", tags.items[i]);
	buf_put(out, tags.len > SHOWN ? " ...\n" : "\n");
}

static bool show_text(const struct python_profile *p, struct err *err)
{
	AUTO(buf_free) struct buf out = BUF_INIT(LIMIT_SETTINGS_FILE);
	AUTO(buf_free) struct buf scratch = BUF_INIT(LIMIT_SETTINGS_FILE);

	put(&out, "name", p->name);
	put(&out, "title", p->title);
	python_target_format(&scratch, &p->target);
	put(&out, "target", scratch.ptr);
	put(&out, "full version",
	    python_target_marker(&scratch, &p->target, "python_full_version"));
	put(&out, "end of life", p->end_of_life);
	put(&out, "interpreter", p->interpreter);
	put(&out, "packages", p->site);
	put(&out, "scripts", p->scripts);
	put(&out, "data", p->data);
	put_tags(&out, &p->target);
	if (p->preinstalled) {
		buf_clear(&scratch);
		for (const char *const *name = p->preinstalled; *name; name++)
			buf_putf(&scratch, "%s%s", scratch.len ? " " : "", *name);
		put(&out, "preinstalled", scratch.ptr);
	}
	out.ptr[out.len - 1] = '\0'; /* session_print ends the line */
	return session_print(out.ptr, err);
}

static bool show(struct session *s, void *arg, struct err *err)
{
	const struct show_args *args = arg;
	AUTO(python_profile_free) struct python_profile p = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;

	if (!python_profile_find(&p, args->name, err))
		return false;
	if (!s->options.json)
		return show_text(&p, err);
	doc = python_profile_export(&p);
	return session_print_json(doc, err);
}

static const struct cmd target_list = {
	.name = "list",
	.summary = "the targets with a name: backends' Pythons and base images",
	.opts = list_opts,
	.args_size = sizeof(struct list_args),
	.run = list,
};

static const struct cmd target_show = {
	.name = "show",
	.summary = "one target; with --json as a document that pex reads, too",
	.about = "The document holds all tags the target takes, best first, and its marker values. "
		 "It can be edited and given where a target is asked for.",
	.example = "  rtbuild python target show lambda-python3.12-arm64 --json > target.json",
	.opts = show_opts,
	.args_size = sizeof(struct show_args),
	.run = show,
};

static const struct cmd *const subs[] = { &target_list, &target_show, NULL };

const struct cmd cmd_python_target = {
	.name = "target",
	.summary = "the Pythons packages can be chosen for",
	.subs = subs,
};
