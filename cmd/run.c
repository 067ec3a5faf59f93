// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/command.h"
#include "cmd/commands.h"
#include "cmd/find.h"
#include "image/logs.h"
#include "registry/pull.h"

/* rtbuild run: a command in an image; its output here and in a log, its exit status ours. */

struct run_args {
	const char *image, *entrypoint, *user, *workdir, *network, *isolation, *platform, *timeout;
	struct str_list command, env, volumes;
	bool interactive;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE",                          struct run_args, image,       "the image; pulled when the store does not have it"),
	OPT_REST("COMMAND",                       struct run_args, command,     "run instead of the image's ENTRYPOINT and CMD"),
	OPT_TEXT(0,   "entrypoint", "PROGRAM",    struct run_args, entrypoint,  "put this in front of COMMAND"),
	OPT_LIST('e', "env", "NAME[=VALUE]",      struct run_args, env,         "set a variable; without a value, from the environment"),
	OPT_LIST('v', "volume", "HOST:PATH[:ro]", struct run_args, volumes,     "bind a host directory or file"),
	OPT_TEXT('w', "workdir", "DIR",           struct run_args, workdir,     "working directory (default: the image's)"),
	OPT_TEXT('u', "user", "USER[:GROUP]",     struct run_args, user,        "user (default: the image's)"),
	OPT_FLAG('i', "interactive",              struct run_args, interactive, "pass stdin on"),
	OPT_TEXT(0,   "network", "MODE",          struct run_args, network,     "host (default) or none"),
	OPT_TEXT(0,   "timeout", "SECONDS",       struct run_args, timeout,     "kill it after this long"),
	OPT_TEXT(0,   "isolation", "HOW",         struct run_args, isolation,   "auto (default), oci, builtin or chroot"),
	OPT_TEXT(0,   "platform", "OS/ARCH",      struct run_args, platform,    "which image of an index (default: this machine's)"),
	OPT_END
};
/* clang-format on */

static bool make_argv(struct command *c, const struct run_args *args, const struct config *config,
		      struct err *err)
{
	if (args->entrypoint)
		str_list_push(&c->argv, args->entrypoint);
	for (size_t i = 0; i < args->command.len; i++)
		str_list_push(&c->argv, args->command.items[i]);
	if (!c->argv.len) {
		command_push_json(&c->argv, config_member(config, "Entrypoint"));
		command_push_json(&c->argv, config_member(config, "Cmd"));
	}
	if (c->argv.len)
		return true;
	err_set(err, E_USAGE, "the image has no command of its own");
	return err_hint(err, "say one: rtbuild run IMAGE COMMAND...");
}

/* What needs no image, checked before one is looked for. */
static bool read_options(struct sandbox_spec *out, struct command *c, const struct run_args *args,
			 struct err *err)
{
	uint64_t seconds = 0;

	if (args->timeout && !str_to_u64(&seconds, slice_of(args->timeout), 1000000))
		return err_set(err, E_USAGE, "--timeout '%s' is not a number of seconds",
			       args->timeout);
	if (args->network && !str_eq(args->network, "host") && !str_eq(args->network, "none"))
		return err_set(err, E_USAGE, "unknown network '%s': host or none", args->network);
	*out = (struct sandbox_spec){ .stdin_fd = args->interactive ? 0 : -1, .tty_fd = -1 };
	out->network = !args->network || str_eq(args->network, "host");
	out->timeout_ms = (int64_t)seconds * 1000;
	if (!sandbox_isolation_parse(&out->isolation, args->isolation ? args->isolation : "auto",
				     err) ||
	    !command_mounts(c, &args->volumes, err))
		return false;
	out->mounts = c->mounts;
	out->mount_count = args->volumes.len;
	return true;
}

static bool complete_spec(struct sandbox_spec *out, struct command *c, const struct run_args *args,
			  const struct image *img, struct store *store, struct err *err)
{
	const char *user = config_text(&img->config, "User");
	const char *cwd = config_text(&img->config, "WorkingDir");

	if (!make_argv(c, args, &img->config, err))
		return false;
	command_env(c, &img->config, &args->env);
	command_layers(c, img);
	out->store = store;
	out->layers = c->layers;
	out->layer_count = img->manifest.layer_count;
	out->argv = (const char *const *)str_list_argv(&c->argv);
	out->env = (const char *const *)str_list_argv(&c->env);
	out->cwd = args->workdir ? args->workdir : cwd ? cwd : "/";
	out->user = args->user ? args->user : user ? user : "";
	return true;
}

/* With -v: how it is isolated, and why not otherwise. */
static bool tell_isolation(struct session *s, const struct sandbox_spec *spec, struct err *err)
{
	AUTO(buf_free) struct buf reasons = BUF_INIT(64 * KIB);
	struct slice line, rest;
	bool ok;

	if (!s->options.verbose)
		return true;
	ok = sandbox_probe(&reasons, s->sandbox, spec->store, spec->isolation, err);
	for (rest = slice_of(reasons.ptr ? reasons.ptr : ""); rest.ptr;) {
		line = slice_cut(rest, '\n', &rest);
		if (line.len)
			event_detail(s->events, "%.*s", (int)line.len, line.ptr);
	}
	return ok;
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct run_args *args = arg;
	AUTO(command_free) struct command command = { 0 };
	AUTO(image_free) struct image img = { 0 };
	AUTO(auto_log_close) struct log *log = NULL;
	AUTO(auto_free) char *line = NULL;
	struct sandbox_result result = { 0 };
	struct sandbox_spec spec;
	struct store *store;

	if (!read_options(&spec, &command, args, err) || !session_store(&store, s, err) ||
	    !find_image(&img, s, args->image, args->platform, err) ||
	    !complete_spec(&spec, &command, args, &img, store, err) ||
	    !fetch_image(s, &img, args->image, err))
		return false;
	line = command_line(&command.argv);
	if (!tell_isolation(s, &spec, err) || !log_open(&log, store, "run", line, err))
		return false;
	event_detail(s->events, "log %s", log_path(log));
	if (!command_run(&result, s, &spec, log, err))
		return false;
	if (result.timed_out)
		event_warn(s->events, "killed after %s s", args->timeout);
	s->exit_status = result.status;
	return log_finish(log, result.status, err);
}

const struct cmd cmd_run = {
	.name = "run",
	.summary = "run a command in an image",
	.about = "COMMAND is run as it is, as `buildah run` does: ENTRYPOINT is left out unless "
		 "there is no COMMAND. "
		 "What it changes is thrown away; its output is kept (rtbuild logs), its exit "
		 "status is ours.",
	.example = "  rtbuild run me/rt:1 python3 -c 'import numpy; print(numpy.__version__)'",
	.opts = opts,
	.args_size = sizeof(struct run_args),
	.flags = CMD_SANDBOX,
	.run = run,
};
