// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/extend_config.h"
#include "cmd/extend_report.h"
#include "cmd/extend_watch.h"
#include "cmd/wheel_sources.h"
#include "extend/extend.h"

/* rtbuild extend: a map function into an image. */

struct extend_args {
	const char *image, *filepath, *mode, *interpreter, *python, *tag, *tag_scheme, *platform;
	const char *print, *backend, *config_style;
	const char *libc;
	struct str_list functions, modules, requirements;
	struct wheel_args wheels;
	bool by_value, push, no_push, force, is_public, watch, plan;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE", struct extend_args, image, "the image to extend: in a registry, or in the store"),
	OPT_LIST(0,   "function", "[MOD:]F",  struct extend_args, functions,    "the function; alone, it is looked up in the .py files here"),
	OPT_TEXT(0,   "filepath", "FILE.py",  struct extend_args, filepath,     "the file it is in"),
	OPT_LIST(0,   "module", "PATH",       struct extend_args, modules,      "bake this module, package or data file too"),
	OPT_LIST('r', "requirements", "FILE", struct extend_args, requirements, "packages the function needs, as wheels in a layer of their own"),
	OPTS_WHEELS(struct extend_args, wheels),
	OPT_TEXT(0,   "libc", "NAME-VERSION", struct extend_args, libc,         "the C library of IMAGE, for packages (default: glibc-2.36; Alpine: musl-1.2)"),
	OPT_TEXT(0,   "mode", "MODE",         struct extend_args, mode,         "native (default for one function), modules (for several), single-file or by-value"),
	OPT_FLAG(0,   "by-value",             struct extend_args, by_value,     "--mode by-value: a closure or lambda, pickled by your own python3 with cloudpickle"),
	OPT_TEXT(0,   "interpreter", "PYTHON", struct extend_args, interpreter, "the Python for that (default: python3)"),
	OPT_TEXT(0,   "python", "X.Y",        struct extend_args, python,       "the Python of an IMAGE that does not say it"),
	OPT_TEXT('t', "tag", "TAG",           struct extend_args, tag,          "this tag, or whole name, instead"),
	OPT_TEXT(0,   "tag-scheme", "SCHEME", struct extend_args, tag_scheme,   "content (default), or lithops: the tag that an unmodified client looks for"),
	OPT_TEXT(0,   "platform", "OS/ARCH",  struct extend_args, platform,     "only this platform of an index"),
	OPT_FLAG(0,   "push",                 struct extend_args, push,         "push it even when IMAGE is a short name of the store"),
	OPT_FLAG(0,   "no-push",              struct extend_args, no_push,      "keep it in the store only"),
	OPT_FLAG(0,   "force",                struct extend_args, force,        "overwrite a tag that holds something else"),
	OPT_FLAG(0,   "public",               struct extend_args, is_public,    "push to Docker Hub, where anyone may read it"),
	OPT_FLAG(0,   "plan",                 struct extend_args, plan,         "only say what it would be called, and what would be sent"),
	OPT_FLAG(0,   "watch",                struct extend_args, watch,        "again whenever a source changes, one reference a change, until interrupted"),
	OPT_TEXT(0,   "print", "WHAT",        struct extend_args, print,        "ref (default: name:tag@digest) or tag (name:tag)"),
	OPT_TEXT('b', "backend", "NAME",      struct extend_args, backend,      "the backend to write into the configuration that is shown"),
	OPT_TEXT(0,   "config-style", "STYLE", struct extend_args, config_style, "current (default), or 2021: that configuration with the keys of then"),
	OPT_END
};
/* clang-format on */

static bool choose_mode(enum spec_mode *out, const struct extend_args *args, struct err *err)
{
	*out = args->by_value            ? SPEC_BY_VALUE
	       : args->functions.len > 1 ? SPEC_MODULES
					 : SPEC_NATIVE;
	if (!args->mode)
		return true;
	if (!spec_mode_find(out, args->mode, err))
		return false;
	return !args->by_value || *out == SPEC_BY_VALUE ||
	       err_set(err, E_USAGE, "--by-value and --mode %s", args->mode);
}

static bool choose_scheme(enum extend_scheme *out, const struct extend_args *args, struct err *err)
{
	const char *name = args->tag_scheme ? args->tag_scheme : "content";

	*out = str_eq(name, "lithops") ? EXTEND_LITHOPS : EXTEND_CONTENT;
	if (*out == EXTEND_CONTENT && !str_eq(name, "content"))
		return err_set(err, E_USAGE, "unknown --tag-scheme '%s': content or lithops", name);
	if (args->tag_scheme && args->tag)
		return err_set(err, E_USAGE, "--tag and --tag-scheme: one of them");
	return *out != EXTEND_LITHOPS || args->functions.len == 1 ||
	       err_set(err, E_USAGE,
		       "--tag-scheme lithops names a file, not its functions: one --function");
}

static bool check_words(const struct extend_args *args, struct err *err)
{
	if (!args->functions.len) {
		err_set(err, E_USAGE, "--function is missing");
		return err_hint(err, "--function f, or --function module:f");
	}
	if (args->print && !str_eq(args->print, "ref") && !str_eq(args->print, "tag"))
		return err_set(err, E_USAGE, "unknown --print '%s': ref or tag", args->print);
	if (args->plan && args->watch)
		return err_set(err, E_USAGE, "--plan and --watch");
	return !args->push || !args->no_push || err_set(err, E_USAGE, "--push and --no-push");
}

static bool make_request(struct extend_request *out, const struct extend_args *args,
			 struct err *err)
{
	*out = (struct extend_request){
		.functions = (const char *const *)args->functions.items,
		.function_count = args->functions.len,
		.interpreter = args->interpreter,
		.python = args->python,
		.libc = args->libc,
		.requirements = (const char *const *)args->requirements.items,
		.requirement_count = args->requirements.len,
		.filepath = args->filepath,
		.cwd = ".",
		.modules = (const char *const *)args->modules.items,
		.module_count = args->modules.len,
		.tag = args->tag,
		.force = args->force,
		.is_public = args->is_public,
		.plan = args->plan,
		.layer = layer_options_default(),
	};
	out->has_platform = args->platform != NULL;
	return check_words(args, err) && choose_mode(&out->mode, args, err) &&
	       choose_scheme(&out->scheme, args, err) &&
	       session_platform(&out->platform, args->platform, err) &&
	       clock_source_date_epoch(&out->epoch, &out->has_epoch, err) &&
	       reference_parse(&out->base, args->image, err);
}

static void say_config(struct session *s, const struct extend_args *args, bool is_2021,
		       const struct extend_request *req, const struct extend_result *result)
{
	const struct extend_config config = { .backend = args->backend,
					      .style_2021 = is_2021,
					      .lithops_tag = req->scheme == EXTEND_LITHOPS,
					      .base = req->base };
	AUTO(str_list_free) struct str_list lines = { 0 };

	extend_config_lines(&lines, &config, result);
	for (size_t i = 0; i < lines.len; i++)
		event_note(s->events, "%s", lines.items[i]);
}

/*
 * A short name that the store has means the store's image: its function must not
 * travel to docker.io because nobody said otherwise.
 */
static bool push_is_meant(struct session *s, const struct extend_args *args,
			  const struct reference *base, struct store *store)
{
	if (args->push || args->no_push)
		return args->push;
	if (!str_eq(base->host, "docker.io") || !store_has_image(store, base))
		return true;
	event_note(s->events, "%s is an image of the store: kept there, not pushed (--push does)",
		   args->image);
	return false;
}

/* Where the wheels are; `sources` must stay. */
static bool find_wheels(struct extend_request *req, struct wheel_sources *sources,
			struct session *s, const struct extend_args *args, struct err *err)
{
	if (!args->requirements.len)
		return true;
	if (!wheel_sources_make(sources, s, &args->wheels, err))
		return false;
	req->find_links = (const char *const *)sources->find_links.items;
	req->find_links_count = sources->find_links.len;
	req->indexes = &sources->indexes;
	return true;
}

/* One invocation, for each time that --watch goes round. */
struct extending {
	struct session *session;
	const struct extend_args *args;
	struct extend_env env;
	struct extend_request request;
	bool is_2021;
	char *last; /* what was printed */
};

static bool print_result(struct extending *e, const struct extend_result *result, struct err *err)
{
	const struct extend_args *args = e->args;
	AUTO(buf_free) struct buf page = BUF_INIT(SIZE_MAX / 2);
	struct reference shown = result->reference;
	struct reference_text text;

	if (args->print && str_eq(args->print, "tag"))
		shown.has_digest = false;
	text = reference_familiar(&shown);
	if (e->last && str_eq(e->last, text.text))
		return true; /* what changed is not in it */
	free(e->last);
	e->last = mem_strdup(text.text);
	if (args->plan)
		extend_report_page(&page, result, &e->request,
				   counter_get(e->session->counters, COUNTER_REQUESTS));
	else
		say_config(e->session, args, e->is_2021, &e->request, result);
	return session_result(e->session,
			      e->session->options.json ? extend_report(result, &e->request) : NULL,
			      args->plan ? page.ptr : text.text, err);
}

static bool extend_once(void *arg, struct str_list *dirs_out, struct err *err)
{
	struct extending *e = arg;
	AUTO(extend_result_free) struct extend_result result = { 0 };

	if (!extend_run(&result, &e->env, &e->request, err))
		return false;
	for (size_t i = 0; i < result.dirs.len; i++)
		str_list_push(dirs_out, result.dirs.items[i]);
	return print_result(e, &result, err);
}

static void push_parent(struct str_list *dirs, const char *path)
{
	const char *slash = strrchr(path, '/');

	str_list_push_take(dirs, !slash          ? mem_strdup(".")
				 : slash == path ? mem_strdup("/")
						 : mem_strndup(path, (size_t)(slash - path)));
}

/* Watched before anything is read: what was named. */
static void named_dirs(struct str_list *out, const struct extend_args *args)
{
	push_parent(out, args->filepath ? args->filepath : ".");
	for (size_t i = 0; i < args->modules.len; i++)
		push_parent(out, args->modules.items[i]);
	for (size_t i = 0; i < args->requirements.len; i++)
		push_parent(out, args->requirements.items[i]);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct extend_args *args = arg;
	AUTO(wheel_sources_free) struct wheel_sources sources = { 0 };
	AUTO(str_list_free) struct str_list dirs = { 0 };
	struct extending e = { .session = s, .args = args, .env.events = s->events };
	bool ok;

	if (!extend_config_style(&e.is_2021, args->config_style, err) ||
	    !make_request(&e.request, args, err) || !session_store(&e.env.store, s, err) ||
	    !session_registry(&e.env.registry, s, err) ||
	    !find_wheels(&e.request, &sources, s, args, err))
		return false;
	e.request.push = push_is_meant(s, args, &e.request.base, e.env.store);
	named_dirs(&dirs, args);
	if (args->watch)
		ok = extend_watch(extend_once, &e, &dirs, s->events, err);
	else
		ok = extend_once(&e, &dirs, err);
	free(e.last);
	return ok;
}

const struct cmd cmd_extend = {
	.name = "extend",
	.summary = "bake a map function into an image, under a unique tag",
	.about = "One small layer and one config change are added in the registry; no layer of the "
		 "base is "
		 "read. The tag is a hash of everything that goes in: the same input has the same "
		 "tag. What a Lithops client has to be told is shown on stderr.",
	.example = "  rtbuild extend registry.example.com/me/rt:1 --filepath map.py --function f",
	.opts = opts,
	.args_size = sizeof(struct extend_args),
	.run = run,
};
