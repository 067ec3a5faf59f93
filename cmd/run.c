// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "cmd/cmd.h"
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

/* One stream of the command: to ours and to the log. */
struct tee {
	int from, to;
	struct sink *log;
	struct thread *thread;
};

static void tee_main(void *arg)
{
	struct tee *t = arg;
	char piece[16 * 1024];
	ssize_t n;

	while ((n = read(t->from, piece, sizeof(piece))) != 0) {
		struct err ignored = { 0 };

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			break;
		/* The command must not hang on a closed stdout or a full disk: what can be kept is.
		 */
		if (t->to >= 0 && !fs_write_all(t->to, piece, (size_t)n, &ignored))
			t->to = -1;
		if (t->log && !sink_write(t->log, piece, (size_t)n, &ignored))
			t->log = NULL;
	}
}

/* *write_end_out is what the command writes to; close it before joining. */
static bool tee_start(struct tee *t, int *write_end_out, int to, struct sink *log, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	*t = (struct tee){ .from = fds[0], .to = to, .log = log };
	*write_end_out = fds[1];
	return thread_start(&t->thread, tee_main, t, err);
}

static void tee_join(struct tee *t)
{
	if (t->thread)
		thread_join(t->thread);
	t->thread = NULL;
	auto_close(&t->from);
}

/* Lists that a sandbox_spec borrows. */
struct command {
	struct str_list argv, env;
	struct sandbox_mount *mounts;
	struct str_list paths;
	struct sandbox_layer *layers;
};

static void command_free(struct command *c)
{
	str_list_free(&c->argv);
	str_list_free(&c->env);
	str_list_free(&c->paths);
	free(c->mounts);
	free(c->layers);
}

static void push_json_list(struct str_list *out, const json_t *list)
{
	size_t i;
	json_t *item;

	json_array_foreach(list, i, item) if (json_is_string(item))
		str_list_push(out, json_string_value(item));
}

static bool make_argv(struct command *c, const struct run_args *args, const struct config *config,
		      struct err *err)
{
	if (args->entrypoint)
		str_list_push(&c->argv, args->entrypoint);
	for (size_t i = 0; i < args->command.len; i++)
		str_list_push(&c->argv, args->command.items[i]);
	if (!c->argv.len) {
		push_json_list(&c->argv, config_member(config, "Entrypoint"));
		push_json_list(&c->argv, config_member(config, "Cmd"));
	}
	if (c->argv.len)
		return true;
	err_set(err, E_USAGE, "the image has no command of its own");
	return err_hint(err, "say one: rtbuild run IMAGE COMMAND...");
}

/* "K=V" replaces an earlier K. */
static void set_env(struct str_list *env, const char *pair)
{
	size_t key = strcspn(pair, "=") + 1;

	for (size_t i = 0; i < env->len; i++)
		if (strncmp(env->items[i], pair, key) == 0) {
			free(env->items[i]);
			env->items[i] = mem_strdup(pair);
			return;
		}
	str_list_push(env, pair);
}

static void make_env(struct command *c, const struct run_args *args, const struct config *config)
{
	AUTO(str_list_free) struct str_list own = { 0 };

	set_env(&c->env, "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin");
	push_json_list(&own, config_member(config, "Env"));
	for (size_t i = 0; i < own.len; i++)
		set_env(&c->env, own.items[i]);
	for (size_t i = 0; i < args->env.len; i++) {
		const char *text = args->env.items[i], *value = env_get(text);
		AUTO(auto_free) char *pair = NULL;

		if (strchr(text, '=')) {
			set_env(&c->env, text);
		} else if (value) {
			pair = mem_printf("%s=%s", text, value);
			set_env(&c->env, pair);
		}
	}
}

static bool make_mounts(struct command *c, const struct str_list *volumes, struct err *err)
{
	c->mounts = mem_alloc((volumes->len + 1) * sizeof(*c->mounts));
	for (size_t i = 0; i < volumes->len; i++) {
		struct slice mode = { 0 }, rest,
			     host = slice_cut(slice_of(volumes->items[i]), ':', &rest);
		struct slice target = rest.ptr ? slice_cut(rest, ':', &mode) : rest;
		AUTO(auto_free) char *typed = mem_strndup(host.ptr, host.len);
		char *absolute = target.len && target.ptr[0] == '/' ? fs_absolute(typed) : NULL;

		if (!absolute) {
			err_set(err, E_USAGE, "-v '%s': cannot bind that", volumes->items[i]);
			return err_hint(err, "-v EXISTING-HOST-PATH:/ABSOLUTE/PATH[:ro]");
		}
		str_list_push_take(&c->paths, absolute);
		str_list_push_take(&c->paths, mem_strndup(target.ptr, target.len));
		c->mounts[i] =
			(struct sandbox_mount){ .kind = SANDBOX_BIND,
						.source = c->paths.items[2 * i],
						.target = c->paths.items[2 * i + 1],
						.read_only = mode.ptr && slice_eq(mode, "ro") };
	}
	return true;
}

static void make_layers(struct command *c, const struct image *img)
{
	c->layers = mem_alloc((img->manifest.layer_count + 1) * sizeof(*c->layers));
	for (size_t i = 0; i < img->manifest.layer_count; i++)
		c->layers[i] = (struct sandbox_layer){ img->manifest.layers[i],
						       config_diff_id(&img->config, i) };
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
	    !make_mounts(c, &args->volumes, err))
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
	make_env(c, args, &img->config);
	make_layers(c, img);
	out->store = store;
	out->layers = c->layers;
	out->layer_count = img->manifest.layer_count;
	out->argv = (const char *const *)str_list_argv(&c->argv);
	out->env = (const char *const *)str_list_argv(&c->env);
	out->cwd = args->workdir ? args->workdir : cwd ? cwd : "/";
	out->user = args->user ? args->user : user ? user : "";
	return true;
}

static char *command_line(const struct str_list *argv)
{
	AUTO(buf_free) struct buf text = BUF_INIT((size_t)1 << 30);

	for (size_t i = 0; i < argv->len; i++)
		buf_putf(&text, "%s%s", i ? " " : "", argv->items[i]);
	return buf_steal(&text);
}

static bool run_logged(struct sandbox_result *result, struct session *s, struct sandbox_spec *spec,
		       struct log *log, struct err *err)
{
	AUTO(tee_join) struct tee out = { .from = -1 }, errors = { .from = -1 };
	AUTO(auto_close) int out_fd = -1, err_fd = -1;
	bool ok;

	ok = tee_start(&out, &out_fd, STDOUT_FILENO, log_sink(log), err) &&
	     tee_start(&errors, &err_fd, STDERR_FILENO, log_sink(log), err);
	if (ok) {
		spec->stdout_fd = out_fd;
		spec->stderr_fd = err_fd;
		ok = sandbox_run(result, s->sandbox, spec, err);
	}
	auto_close(&out_fd); /* the tees end when nobody can write any more */
	auto_close(&err_fd);
	return ok;
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
	if (!run_logged(&result, s, &spec, log, err))
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
