// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/parallel.h"
#include "cmd/command.h"
#include "cmd/commands.h"
#include "cmd/containers.h"
#include "cmd/docker.h"
#include "cmd/find.h"

/*
 * docker run. The process that runs the container keeps it: it holds its name, takes requests of
 * `docker exec` and `docker rm`, and ends with it. For --detach that is a process of its own.
 */

struct run_args {
	const char *image, *name, *entrypoint, *user, *workdir, *network, *platform, *pull,
		*hostname, *gpus, *ignored;
	struct str_list command, env, env_files, volumes, ports, ignored_list;
	bool rm, detach, interactive, tty, privileged, ignored_flag, keeper;
};

/* What sets a limit that nothing here enforces, or means nothing without a daemon. */
static const char *const run_ignored[] = { "publish",    "memory",     "memory-swap", "cpus",
					   "cpu-shares", "shm-size",   "restart",     "label",
					   "init",       "log-driver", "sig-proxy",   NULL };

/* clang-format off */
static const struct opt run_opts[] = {
	OPT_ARG("IMAGE",                         struct run_args, image,       "the image; pulled when the store does not have it"),
	OPT_REST("COMMAND",                      struct run_args, command,     "instead of the image's CMD"),
	OPT_TEXT(0,   "name", "NAME",            struct run_args, name,        "the container's name"),
	OPT_FLAG('d', "detach",                  struct run_args, detach,      "go on without it; print its ID"),
	OPT_FLAG(0,   "rm",                      struct run_args, rm,          "forget it when it ends"),
	OPT_FLAG('i', "interactive",             struct run_args, interactive, "pass stdin on"),
	OPT_FLAG('t', "tty",                     struct run_args, tty,         "with a terminal"),
	OPT_TEXT(0,   "entrypoint", "PROGRAM",   struct run_args, entrypoint,  "instead of the image's ENTRYPOINT and CMD"),
	OPT_LIST('e', "env", "NAME[=VALUE]",     struct run_args, env,         "set a variable"),
	OPT_LIST(0,   "env-file", "FILE",        struct run_args, env_files,   "set the variables of a file, one a line"),
	OPT_LIST('v', "volume", "HOST:PATH[:ro]", struct run_args, volumes,    "bind a host directory or file"),
	OPT_TEXT('w', "workdir", "DIR",          struct run_args, workdir,     "working directory"),
	OPT_TEXT('u', "user", "USER[:GROUP]",    struct run_args, user,        "user"),
	OPT_TEXT(0,   "network", "MODE",         struct run_args, network,     "host (also for bridge: there is no other network) or none"),
	OPT_TEXT('h', "hostname", "NAME",        struct run_args, hostname,    "host name"),
	OPT_TEXT(0,   "platform", "OS/ARCH",     struct run_args, platform,    "which image of an index"),
	OPT_TEXT(0,   "pull", "WHEN",            struct run_args, pull,        "missing (default), always or never"),
	OPT_TEXT(0,   "gpus", "WHICH",           struct run_args, gpus,        "refused: there is no driver for them"),
	OPT_FLAG(0,   "privileged",              struct run_args, privileged,  "refused"),
	OPT_GROUP("Taken for docker's sake, of no effect"),
	OPT_LIST('p', "publish", "PORTS",        struct run_args, ports,       "the network is the host's: ports are as they are"),
	OPT_TEXT('m', "memory", "BYTES",         struct run_args, ignored,     "no limit is set"),
	OPT_TEXT(0,   "memory-swap", "BYTES",    struct run_args, ignored,     "no limit is set"),
	OPT_TEXT(0,   "cpus", "N",               struct run_args, ignored,     "no limit is set"),
	OPT_TEXT('c', "cpu-shares", "N",         struct run_args, ignored,     "no limit is set"),
	OPT_TEXT(0,   "shm-size", "BYTES",       struct run_args, ignored,     "/dev/shm is as large as it is"),
	OPT_TEXT(0,   "restart", "WHEN",         struct run_args, ignored,     "it is not restarted"),
	OPT_TEXT(0,   "log-driver", "NAME",      struct run_args, ignored,     "`rtbuild logs` has the output"),
	OPT_LIST('l', "label", "KEY=VALUE",      struct run_args, ignored_list, "containers have no labels"),
	OPT_FLAG(0,   "init",                    struct run_args, ignored_flag, "orphans end with the container"),
	OPT_FLAG(0,   "sig-proxy",               struct run_args, ignored_flag, "an interruption ends it"),
	{ .kind = OPT_KIND_FLAG, .name = "keeper", .offset = offsetof(struct run_args, keeper) },
	OPT_END
};
/* clang-format on */

/* --- what is asked for --- */

static bool refuse(const struct run_args *args, struct err *err)
{
	if (args->gpus) {
		err_set(err, E_UNSUPPORTED,
			"could not select device driver \"\" with capabilities: "
			"[[gpu]]");
		return err_hint(err, "rtbuild gives no GPU to containers; leave --gpus out");
	}
	if (args->privileged)
		return err_set(err, E_UNSUPPORTED, "--privileged is not given to anybody here");
	if (args->pull && !str_eq(args->pull, "missing") && !str_eq(args->pull, "always") &&
	    !str_eq(args->pull, "never"))
		return err_set(err, E_USAGE, "unknown --pull '%s': missing, always or never",
			       args->pull);
	return true;
}

/* "NAME=VALUE" a line, '#' starts a comment line: docker's --env-file. */
static bool read_env_files(struct str_list *out, const struct str_list *files, struct err *err)
{
	for (size_t i = 0; i < files->len; i++) {
		AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_SETTINGS_FILE);
		struct slice rest;

		if (!fs_read_path(&text, files->items[i], LIMIT_SETTINGS_FILE, err))
			return false;
		rest = slice_of(text.ptr);
		while (rest.ptr) {
			struct slice line = slice_trim(slice_cut(rest, '\n', &rest), " \t\r");

			if (line.len && line.ptr[0] != '#')
				str_list_push_take(out, mem_strndup(line.ptr, line.len));
		}
	}
	return true;
}

/* The image's ENTRYPOINT stays in front of a command, CMD only without one; --entrypoint replaces
 * both. */
static bool make_argv(struct command *c, const struct run_args *args, const struct config *config,
		      struct err *err)
{
	if (args->entrypoint && *args->entrypoint)
		str_list_push(&c->argv, args->entrypoint);
	else if (!args->entrypoint)
		command_push_json(&c->argv, config_member(config, "Entrypoint"));
	for (size_t i = 0; i < args->command.len; i++)
		str_list_push(&c->argv, args->command.items[i]);
	if (!args->command.len && !args->entrypoint)
		command_push_json(&c->argv, config_member(config, "Cmd"));
	return c->argv.len || err_set(err, E_USAGE, "no command specified");
}

static bool read_network(bool *host_out, const struct run_args *args, struct err *err)
{
	const char *mode = args->network ? args->network : "host";

	*host_out = !str_eq(mode, "none");
	if (!*host_out || str_eq(mode, "host") || str_eq(mode, "bridge") || str_eq(mode, "default"))
		return true;
	return err_set(err, E_USAGE, "network %s not found: host or none", mode);
}

struct keeper;

/* One request, served by a thread of its own. */
struct connection {
	struct keeper *keeper;
	int sock;
	struct thread *thread;
	bool is_done; /* by the keeper's lock */
};

/* Everything of one container, for its keeper. */
struct keeper {
	struct session *session;
	const struct run_args *args;
	struct command command;
	struct sandbox_spec spec;
	struct container_claim claim;
	struct container_record record;
	struct log *log;
	int events[2]; /* the sandbox reports at [1] that the command executes */
	int master;    /* of its terminal, -1: none */
	int ready;     /* where the ID goes once it runs; -1: nobody waits */
	int errors; /* of a detached one: where it is said why it does not run; -1: nobody reads */
	struct lock lock;
	int target; /* its pidfd once it runs, -1 before */
	struct thread *reporter, *listener, *terminal;
	struct {
		struct connection **items;
		size_t len, cap;
	} served; /* the listener's, until it has ended */
};

static bool make_spec(struct keeper *k, const struct image *img, struct store *store,
		      struct err *err)
{
	const struct run_args *args = k->args;
	const char *user = config_text(&img->config, "User");
	const char *cwd = config_text(&img->config, "WorkingDir");
	AUTO(str_list_free) struct str_list env = { 0 };

	k->spec = (struct sandbox_spec){ .stdin_fd = args->interactive && !args->keeper ? 0 : -1,
					 .stdout_fd = -1,
					 .stderr_fd = -1,
					 .tty_fd = -1,
					 .isolation = ISOLATION_AUTO };
	if (!read_network(&k->spec.network, args, err) ||
	    !command_mounts(&k->command, &args->volumes, err) ||
	    !make_argv(&k->command, args, &img->config, err) ||
	    !read_env_files(&env, &args->env_files, err))
		return false;
	for (size_t i = 0; i < args->env.len; i++)
		str_list_push(&env, args->env.items[i]);
	command_env(&k->command, &img->config, &env);
	command_layers(&k->command, img);
	k->spec.store = store;
	k->spec.layers = k->command.layers;
	k->spec.layer_count = img->manifest.layer_count;
	k->spec.mounts = k->command.mounts;
	k->spec.mount_count = args->volumes.len;
	k->spec.argv = (const char *const *)str_list_argv(&k->command.argv);
	k->spec.env = (const char *const *)str_list_argv(&k->command.env);
	k->spec.cwd = args->workdir ? args->workdir : cwd ? cwd : "/";
	k->spec.user = args->user ? args->user : user ? user : "";
	k->spec.own_ids = args->user && args->user[0] >= '0' && args->user[0] <= '9';
	k->spec.hostname = args->hostname;
	return true;
}

/* --- requests to a running one --- */

static int target_of(struct keeper *k)
{
	int target;

	lock_take(&k->lock);
	target = k->target;
	lock_drop(&k->lock);
	return target;
}

static const char *const *merged_env(struct str_list *list, const struct keeper *k,
				     const char *const *more)
{
	for (size_t i = 0; k->spec.env[i]; i++)
		str_list_push(list, k->spec.env[i]);
	for (size_t i = 0; more[i]; i++)
		command_set_env(list, more[i]);
	return (const char *const *)str_list_argv(list);
}

static bool serve_exec(struct sandbox_result *out, struct keeper *k,
		       const struct container_request *r, struct message *msg, struct err *err)
{
	AUTO(str_list_free) struct str_list env = { 0 };
	struct sandbox_exec e = { .target = target_of(k),
				  .argv = r->argv,
				  .env = merged_env(&env, k, r->env),
				  .cwd = r->cwd ? r->cwd : k->spec.cwd,
				  .user = r->user ? r->user : k->spec.user,
				  .stdin_fd = msg->fds[0],
				  .stdout_fd = msg->fds[1],
				  .stderr_fd = msg->fds[2] };

	if (e.target < 0)
		return err_set(err, E_NOT_FOUND, "Container %s is not running", k->record.name);
	if (msg->fd_count < 3)
		return err_set(err, E_INTEGRITY, "a command without its streams");
	return sandbox_exec(out, k->session->sandbox, k->spec.store, &e, err);
}

static void serve_one(void *arg)
{
	struct connection *c = arg;
	AUTO(message_free) struct message msg = MESSAGE_INIT, answer = MESSAGE_INIT;
	AUTO(container_request_free) struct container_request r = { 0 };
	struct sandbox_result result = { 0 };
	struct err err = { 0 }, ignored = { 0 };
	bool more = false;

	if (message_receive(&msg, &more, c->sock, &err) && more &&
	    container_request_decode(&r, &msg, &err)) {
		if (r.op == CONTAINER_STOP)
			cancel_request();
		else
			more = serve_exec(&result, c->keeper, &r, &msg, &err);
	}
	message_put_err(&answer, &err);
	message_put_number(&answer, (uint64_t)result.status);
	/* Before the answer: whoever reads a stream to its end waits for nobody else. */
	for (size_t i = 0; i < MESSAGE_FDS; i++)
		auto_close(&msg.fds[i]);
	if (!message_send(c->sock, &answer, NULL, 0, &ignored))
		err_clear(&ignored); /* who asked is gone */
	auto_close(&c->sock);
	lock_take(&c->keeper->lock);
	c->is_done = true;
	lock_drop(&c->keeper->lock);
}

/* A container may be asked thousands of times: what was served is not kept until its end. */
static void reap(struct keeper *k, bool all)
{
	size_t kept = 0;

	for (size_t i = 0; i < k->served.len; i++) {
		struct connection *c = k->served.items[i];
		bool is_done;

		lock_take(&k->lock);
		is_done = c->is_done;
		lock_drop(&k->lock);
		if (!is_done && !all) {
			k->served.items[kept++] = c;
			continue;
		}
		thread_join(c->thread);
		free(c);
	}
	k->served.len = kept;
}

static void listen_main(void *arg)
{
	struct keeper *k = arg;
	int sock;

	while ((sock = accept4(k->claim.listener, NULL, NULL, SOCK_CLOEXEC)) >= 0 ||
	       errno == EINTR || errno == ECONNABORTED) {
		struct connection *c;
		struct err ignored = { 0 };

		if (sock < 0)
			continue;
		reap(k, false);
		c = mem_alloc(sizeof(*c));
		*c = (struct connection){ .keeper = k, .sock = sock };
		if (thread_start(&c->thread, serve_one, c, &ignored)) {
			*ARRAY_PUSH(&k->served) = c;
		} else {
			close(sock);
			free(c);
		}
	}
}

/* The command executes: from now on others may join it, and whoever waits for --detach hears so. */
static void report_main(void *arg)
{
	struct keeper *k = arg;
	AUTO(message_free) struct message msg = MESSAGE_INIT;
	AUTO(auto_free) char *line = mem_printf("%s\n", k->record.id);
	struct err ignored = { 0 };
	bool more = false;

	if (!message_receive(&msg, &more, k->events[0], &ignored) || !more)
		return;
	lock_take(&k->lock);
	k->target = message_take_fd(&msg, 0);
	lock_drop(&k->lock);
	if (k->ready >= 0 && !fs_write_all(k->ready, line, strlen(line), &ignored))
		err_clear(&ignored);
	auto_close(&k->ready);
}

/* --- the terminal of a detached one --- */

/* What it writes there goes to the log; nobody types. */
static void terminal_main(void *arg)
{
	struct keeper *k = arg;
	char piece[4096];
	ssize_t n;

	while ((n = read(k->master, piece, sizeof(piece))) > 0 || (n < 0 && errno == EINTR)) {
		struct err ignored = { 0 };

		if (n > 0 && !sink_write(log_sink(k->log), piece, (size_t)n, &ignored))
			return;
	}
}

static bool open_terminal(struct keeper *k, int *slave_out, struct err *err)
{
	char name[64];

	k->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (k->master < 0 || grantpt(k->master) < 0 || unlockpt(k->master) < 0 ||
	    ptsname_r(k->master, name, sizeof(name)) != 0)
		return err_set_errno(err, "make a terminal");
	*slave_out = open(name, O_RDWR | O_NOCTTY | O_CLOEXEC);
	return *slave_out >= 0 || err_set_errno(err, "open %s", name);
}

/* --- keeping --- */

static bool start_threads(struct keeper *k, struct err *err)
{
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, k->events) < 0)
		return err_set_errno(err, "socketpair");
	k->spec.reports = true;
	k->spec.started_fd = k->events[1];
	return thread_start(&k->reporter, report_main, k, err) &&
	       thread_start(&k->listener, listen_main, k, err) &&
	       (k->master < 0 || thread_start(&k->terminal, terminal_main, k, err));
}

static void join(struct thread **t)
{
	if (*t)
		thread_join(*t);
	*t = NULL;
}

/* It never ran: who waits for it hears what is told from now on, and what was told in its place. */
static void say_why(struct keeper *k)
{
	AUTO(buf_free) struct buf said = BUF_INIT(LIMIT_SETTINGS_FILE);
	struct err ignored = { 0 };

	if (dup2(k->errors, STDERR_FILENO) < 0 || !k->log)
		return;
	if (!log_tail(&said, k->log, 20, &ignored) ||
	    !fs_write_all(STDERR_FILENO, said.ptr, said.len, &ignored))
		err_clear(&ignored); /* the status tells the most of it */
}

static void end_threads(struct keeper *k)
{
	auto_close(&k->events[1]);
	join(&k->reporter);
	if (k->claim.listener >= 0)
		shutdown(k->claim.listener, SHUT_RDWR);
	join(&k->listener);
	reap(k, true);
	free(k->served.items);
	join(&k->terminal);
	auto_close(&k->events[0]);
	auto_close(&k->master);
	auto_close(&k->target);
	if (k->ready >= 0 && k->errors >= 0)
		say_why(k);
	auto_close(&k->errors);
	auto_close(&k->ready);
}

/* With a terminal the command has it itself; else its output goes here and into the log. */
static bool run_command(struct sandbox_result *result, struct keeper *k, struct err *err)
{
	AUTO(auto_close) int slave = -1;

	if (k->args->tty && k->args->keeper && !open_terminal(k, &slave, err))
		return false;
	if (!start_threads(k, err))
		return false;
	if (!k->args->tty)
		return command_run(result, k->session, &k->spec, k->log, err);
	k->spec.stdin_fd = slave >= 0 ? slave : k->spec.stdin_fd;
	k->spec.stdout_fd = slave >= 0 ? slave : STDOUT_FILENO;
	k->spec.stderr_fd = slave >= 0 ? slave : STDERR_FILENO;
	return sandbox_run(result, k->session->sandbox, &k->spec, err);
}

/* Of a detached one nobody reads the streams any more; its ID goes where stdout was, and what kept
 * it from running where stderr was. */
static bool take_streams(struct keeper *k, struct err *err)
{
	AUTO(auto_close) int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (!k->args->keeper)
		return true;
	k->ready = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, 3);
	k->errors = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
	if (k->ready < 0 || k->errors < 0 || null < 0 || dup2(null, STDOUT_FILENO) < 0 ||
	    dup2(null, STDERR_FILENO) < 0)
		return err_set_errno(err, "leave the terminal");
	return true;
}

static bool open_log(struct keeper *k, struct err *err)
{
	const char *name;

	if (!log_open(&k->log, k->spec.store, "run", k->record.command, err))
		return false;
	name = fs_basename(log_path(k->log));
	k->record.log = mem_strndup(name, strcspn(name, "."));
	return containers_update(&k->claim, &k->record, err);
}

static bool keep(struct keeper *k, struct err *err)
{
	struct sandbox_result result = { 0 };
	bool ok;

	if (!containers_claim(&k->claim, &k->record, k->spec.store, err))
		return false;
	ok = take_streams(k, err) && open_log(k, err) && run_command(&result, k, err);
	end_threads(k);
	/* `docker rm -f` ended it: that is no failure of the one who keeps it. */
	if (!ok && err->code == E_CANCELLED && k->args->keeper) {
		err_clear(err);
		result.status = 137;
		ok = true;
	}
	k->record.status = ok ? result.status : DOCKER_USAGE;
	containers_release(&k->claim, &k->record, ok && !k->args->rm && k->args->name);
	k->session->exit_status = result.status;
	return ok && log_finish(k->log, result.status, err);
}

static void keeper_free(struct keeper *k)
{
	command_free(&k->command);
	container_record_free(&k->record);
	if (k->log)
		log_close(k->log);
	lock_free(&k->lock);
}

static bool check_pull(struct session *s, const struct run_args *args, struct err *err)
{
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_json_decref) json_t *doc = NULL;
	struct reference ref;
	struct store *store;

	if (args->pull && str_eq(args->pull, "always")) {
		str_list_push(&words, args->image);
		if (args->platform)
			str_list_push_take(&words, mem_printf("--platform=%s", args->platform));
		return docker_call(&doc, s, &cmd_pull, &words, err);
	}
	if (!args->pull || str_eq(args->pull, "missing"))
		return true;
	if (!reference_parse(&ref, args->image, err) || !session_store(&store, s, err))
		return false;
	return store_has_image(store, &ref) ||
	       err_set(err, E_NOT_FOUND, "No such image: %s", reference_familiar(&ref).text);
}

static bool run_here(struct session *s, const struct run_args *args, struct err *err)
{
	AUTO(keeper_free)
	struct keeper k = { .session = s,
			    .args = args,
			    .claim = CONTAINER_CLAIM_INIT,
			    .events = { -1, -1 },
			    .master = -1,
			    .ready = -1,
			    .errors = -1,
			    .target = -1 };
	AUTO(image_free) struct image img = { 0 };
	struct store *store;

	lock_init(&k.lock);
	if (!check_pull(s, args, err) || !session_store(&store, s, err) ||
	    !find_image(&img, s, args->image, args->platform, err) ||
	    !make_spec(&k, &img, store, err) || !fetch_image(s, &img, args->image, err))
		return false;
	k.record.name = args->name ? mem_strdup(args->name) : NULL;
	k.record.image = mem_strdup(args->image);
	k.record.command = command_line(&k.command.argv);
	return keep(&k, err);
}

/* --- detaching --- */

static void put_words(struct str_list *argv, struct session *s, const struct run_args *args)
{
	static const char *const own[] = { "detach", NULL };

	str_list_push(argv, "/proc/self/exe");
	str_list_push(argv, "docker");
	str_list_push(argv, "run");
	str_list_push(argv, "--keeper");
	docker_words(argv, s, run_opts, args, own);
	if (s->options.store)
		str_list_push_take(argv, mem_printf("--store=%s", s->options.store));
	str_list_push(argv, args->image);
	for (size_t i = 0; i < args->command.len; i++)
		str_list_push(argv, args->command.items[i]);
}

static bool detach(struct session *s, const struct run_args *args, struct err *err)
{
	AUTO(str_list_free) struct str_list argv = { 0 };

	put_words(&argv, s, args);
	return docker_detach(s, &argv, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	struct run_args *args = arg;
	AUTO(str_list_free) struct str_list words = { 0 };
	AUTO(auto_free) char *name = NULL;

	docker_words(&words, s, run_opts, args, run_ignored); /* names what means nothing */
	if (!refuse(args, err) || !docker_image_name(&name, s, args->image, err))
		return false;
	args->image = name;
	return args->detach ? detach(s, args, err) : run_here(s, args, err);
}

const struct cmd docker_run = {
	.name = "run",
	.summary = "run a command in a container",
	.failure_status = DOCKER_USAGE,
	.usage_status = DOCKER_USAGE,
	.opts = run_opts,
	.args_size = sizeof(struct run_args),
	.flags = CMD_SANDBOX,
	.run = run,
};
