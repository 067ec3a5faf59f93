// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/command.h"
#include "cmd/containers.h"
#include "cmd/docker.h"

/* docker's verbs about containers that run already: requests to their keepers. */

/* --- exec --- */

struct exec_args {
	const char *name, *user, *workdir;
	struct str_list command, env;
	bool interactive, tty, privileged;
};

/* clang-format off */
static const struct opt exec_opts[] = {
	OPT_ARG("CONTAINER",                  struct exec_args, name,        "its name, or the beginning of its ID"),
	OPT_REST("COMMAND",                   struct exec_args, command,     "the command"),
	OPT_LIST('e', "env", "NAME[=VALUE]",  struct exec_args, env,         "set a variable"),
	OPT_TEXT('w', "workdir", "DIR",       struct exec_args, workdir,     "working directory"),
	OPT_TEXT('u', "user", "USER[:GROUP]", struct exec_args, user,        "user"),
	OPT_FLAG('i', "interactive",          struct exec_args, interactive, "pass stdin on"),
	OPT_FLAG('t', "tty",                  struct exec_args, tty,         "pass this terminal on"),
	OPT_FLAG(0,   "privileged",           struct exec_args, privileged,  "refused"),
	OPT_END
};
/* clang-format on */

/* Wait for the keeper's answer, or for the user to lose patience. */
static bool await(struct message *answer, int sock, const char *name, struct err *err)
{
	struct pollfd fds[] = { { .fd = sock, .events = POLLIN },
				{ .fd = cancel_fd(), .events = POLLIN } };
	bool more;

	while (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno == EINTR)
		;
	if (!cancel_check(err) || !message_receive(answer, &more, sock, err))
		return false;
	return more || err_set(err, E_NOT_FOUND, "container %s ended", name);
}

static bool ask(int *status_out, struct store *store, const char *name,
		const struct container_request *r, const int fds[3], struct err *err)
{
	AUTO(message_free) struct message w = MESSAGE_INIT, answer = MESSAGE_INIT;
	AUTO(auto_close) int sock = -1;
	struct err told = { 0 };
	uint64_t status;

	container_request_encode(&w, r);
	if (!containers_connect(&sock, store, name, err) ||
	    !message_send(sock, &w, fds, fds ? 3 : 0, err) || !await(&answer, sock, name, err) ||
	    !message_err(&told, &answer, err) || !message_number(&status, &answer, INT32_MAX, err))
		return false;
	*status_out = (int)status;
	*err = told;
	return told.code == E_NONE;
}

static bool exec(struct session *s, void *arg, struct err *err)
{
	struct exec_args *args = arg;
	AUTO(container_record_free) struct container_record record = { 0 };
	AUTO(str_list_free) struct str_list env = { 0 };
	AUTO(auto_close) int null = open("/dev/null", O_RDONLY | O_CLOEXEC);
	const int fds[3] = { args->interactive ? STDIN_FILENO : null, STDOUT_FILENO,
			     STDERR_FILENO };
	struct container_request r = { .op = CONTAINER_EXEC,
				       .cwd = args->workdir,
				       .user = args->user };
	struct store *store;

	if (!args->command.len)
		return err_set(err, E_USAGE, "docker exec takes a container and a command");
	if (args->privileged)
		return err_set(err, E_UNSUPPORTED, "--privileged is not given to anybody here");
	command_add_env(&env, &args->env);
	r.env = (const char *const *)str_list_argv(&env);
	r.argv = (const char *const *)str_list_argv(&args->command);
	return session_store(&store, s, err) && containers_find(&record, store, args->name, err) &&
	       ask(&s->exit_status, store, record.name, &r, fds, err);
}

const struct cmd docker_exec = DOCKER_VERB("exec", "run a further command in a container that runs",
					   exec_opts, struct exec_args, exec);

/* --- stop, kill, rm --- */

bool docker_named(struct store **out, struct session *s, const struct str_list *names,
		  struct err *err)
{
	if (!names->len)
		return err_set(err, E_USAGE, "at least one container is to be named");
	return session_store(out, s, err);
}

struct stop_args {
	struct str_list names;
	const char *seconds, *signal;
};

struct rm_args {
	struct str_list names;
	bool force, volumes;
};

/* clang-format off */
static const struct opt stop_opts[] = {
	OPT_ARGS("CONTAINER",             struct stop_args, names,   "their names or IDs"),
	OPT_TEXT('t', "time", "SECONDS",  struct stop_args, seconds, "nothing is waited for: the container is killed"),
	OPT_TEXT('s', "signal", "NAME",   struct stop_args, signal,  "always KILL"),
	OPT_END
};

static const struct opt rm_opts[] = {
	OPT_ARGS("CONTAINER",             struct rm_args, names,   "their names or IDs"),
	OPT_FLAG('f', "force",            struct rm_args, force,   "end one that runs; one that is not there is fine"),
	OPT_FLAG('v', "volumes",          struct rm_args, volumes, "there are none but the host's directories"),
	OPT_END
};
/* clang-format on */

static bool stop_one(struct store *store, const struct container_record *record, struct err *err)
{
	static const char *const none[] = { NULL };
	const struct container_request r = { .op = CONTAINER_STOP, .argv = none, .env = none };
	struct err gone = { 0 };
	int status;

	if (!record->running || ask(&status, store, record->name, &r, NULL, &gone) ||
	    gone.code == E_NOT_FOUND) /* it ended by itself meanwhile */
		return true;
	*err = gone;
	return false;
}

/* Wait until it has. */
static bool await_end(struct store *store, const char *name, struct err *err)
{
	for (;;) {
		AUTO(container_record_free) struct container_record now = { 0 };
		struct err none = { 0 };

		if (!containers_find(&now, store, name, &none))
			return none.code == E_NOT_FOUND || (*err = none, false);
		if (!now.running)
			return true;
		clock_sleep_ms(5);
		if (!cancel_check(err))
			return false;
	}
}

static bool stop(struct session *s, void *arg, struct err *err)
{
	const struct stop_args *args = arg;
	struct store *store;

	if (!docker_named(&store, s, &args->names, err))
		return false;
	for (size_t i = 0; i < args->names.len; i++) {
		AUTO(container_record_free) struct container_record record = { 0 };

		if (!containers_find(&record, store, args->names.items[i], err) ||
		    !stop_one(store, &record, err) || !await_end(store, record.name, err) ||
		    !session_print(args->names.items[i], err))
			return false;
	}
	return true;
}

static bool remove_one(struct session *s, struct store *store, const char *name, bool force,
		       struct err *err)
{
	AUTO(container_record_free) struct container_record record = { 0 };

	if (!containers_find(&record, store, name, err)) {
		if (!force || err->code != E_NOT_FOUND)
			return false;
		event_note(s->events, "%s", err->msg);
		err_clear(err);
		return true;
	}
	if (record.running && !force) {
		err_set(err, E_INPUT, "cannot remove container \"/%s\": container is running",
			record.name);
		return err_hint(err, "docker rm -f ends it first");
	}
	return stop_one(store, &record, err) && containers_remove(store, record.name, err) &&
	       session_print(name, err);
}

static bool rm(struct session *s, void *arg, struct err *err)
{
	const struct rm_args *args = arg;
	struct store *store;

	if (!docker_named(&store, s, &args->names, err))
		return false;
	for (size_t i = 0; i < args->names.len; i++)
		if (!remove_one(s, store, args->names.items[i], args->force, err))
			return false;
	return true;
}

const struct cmd docker_stop =
	DOCKER_VERB("stop", "end containers", stop_opts, struct stop_args, stop);

const struct cmd docker_kill = { .name = "kill",
				 .summary = "end containers",
				 .same_as = &docker_stop };

const struct cmd docker_rm = DOCKER_VERB("rm", "forget containers", rm_opts, struct rm_args, rm);

/* --- ps --- */

struct ps_args {
	struct str_list filters;
	const char *format;
	bool all, no_trunc;
};

/* clang-format off */
static const struct opt ps_opts[] = {
	OPT_FLAG('a', "all",                struct ps_args, all,      "also those that ended but keep their name"),
	OPT_LIST('f', "filter", "KEY=TEXT", struct ps_args, filters,  "name=PART, id=BEGINNING, status=running or exited"),
	OPT_TEXT(0,   "format", "TEMPLATE", struct ps_args, format,   "one line each: {{.ID}}, {{.Image}}, {{.Command}}, {{.CreatedAt}}, {{.Status}}, {{.State}}, {{.Names}}"),
	OPT_FLAG(0,   "no-trunc",           struct ps_args, no_trunc, "whole IDs"),
	OPT_END
};
/* clang-format on */

/* The columns, by the names that --format has for them. */
static json_t *describe(const struct container_record *r, bool whole)
{
	AUTO(auto_free)
	char *words =
		str_printable(r->command, strlen(r->command), whole ? LIMIT_SETTINGS_FILE : 18);
	AUTO(auto_free) char *command = mem_printf("\"%s\"", words);
	AUTO(auto_free)
	char *status = r->running ? mem_strdup("Up") : mem_printf("Exited (%d)", r->status);
	json_t *doc = json_object();

	json_object_set_new(doc, "ID", json_stringn(r->id, strnlen(r->id, whole ? 64 : 12)));
	json_object_set_new(doc, "Image", json_string(r->image));
	json_object_set_new(doc, "Command", json_string(command));
	json_object_set_new(doc, "CreatedAt", json_string(clock_format(r->created).text));
	json_object_set_new(doc, "Status", json_string(status));
	json_object_set_new(doc, "State", json_string(r->running ? "running" : "exited"));
	json_object_set_new(doc, "Names", json_string(r->name));
	return doc;
}

/* Who asks for a state wants those that ended, too. */
static bool wants_ended(const struct ps_args *args)
{
	bool wants = args->all;

	for (size_t i = 0; i < args->filters.len; i++)
		wants = wants || str_has_prefix(args->filters.items[i], "status=");
	return wants;
}

/* All filters hold; of one key any will do, as docker has it. */
static bool passes(bool *out, const struct container_record *r, const struct str_list *filters,
		   struct err *err)
{
	static const char *const keys[] = { "name", "id", "status" };
	const char *state = r->running ? "running" : "exited";
	bool asked[3] = { false }, holds[3] = { false };

	for (size_t i = 0; i < filters->len; i++) {
		struct slice value, key = slice_cut(slice_of(filters->items[i]), '=', &value);
		size_t k = 0;

		while (k < ARRAY_LEN(keys) && !slice_eq(key, keys[k]))
			k++;
		if (k == ARRAY_LEN(keys) || !value.ptr)
			return err_set(err, E_USAGE, "invalid filter '%s': name=, id= or status=",
				       filters->items[i]);
		asked[k] = true;
		holds[k] = holds[k] || (k == 0   ? strstr(r->name, value.ptr) != NULL
					: k == 1 ? str_has_prefix(r->id, value.ptr)
						 : str_eq(state, value.ptr));
	}
	*out = true;
	for (size_t k = 0; k < ARRAY_LEN(keys); k++)
		*out = *out && (!asked[k] || holds[k]);
	return true;
}

static bool print_container(struct session *s, const json_t *doc, const struct ps_args *args,
			    struct err *err)
{
	static const char *const columns[] = { "Image", "Command", "CreatedAt", "Status", "Names" };
	static const int widths[] = { -24, -20, -21, -12, 0 };
	AUTO(buf_free) struct buf line = BUF_INIT(SIZE_MAX / 2);
	AUTO(auto_free) char *safe = NULL;
	bool done;

	if (!docker_print(&done, args->format, doc, err) || done)
		return err->code == E_NONE;
	buf_put(&line, json_text_member(doc, "ID"));
	if (!s->options.quiet)
		buf_put(&line, "  ");
	for (size_t i = 0; !s->options.quiet && i < ARRAY_LEN(columns); i++)
		buf_putf(&line, " %*s", widths[i], json_text_member(doc, columns[i]));
	safe = str_printable(line.ptr, line.len, line.len * 4 + 1);
	return session_print(safe, err);
}

static bool ps(struct session *s, void *arg, struct err *err)
{
	const struct ps_args *args = arg;
	AUTO(container_records_free) struct container_records list = { 0 };
	AUTO(auto_free)
	char *head = mem_printf("%-*s   %-24s %-20s %-21s %-12s %s", args->no_trunc ? 64 : 12,
				"CONTAINER ID", "IMAGE", "COMMAND", "CREATED", "STATUS", "NAMES");
	struct store *store;

	if (!session_store(&store, s, err) || !containers_list(&list, store, err) ||
	    (!s->options.quiet && !args->format && !session_print(head, err)))
		return false;
	for (size_t i = 0; i < list.len; i++) {
		AUTO(auto_json_decref) json_t *doc = describe(&list.items[i], args->no_trunc);
		bool shown = false;

		if (!passes(&shown, &list.items[i], &args->filters, err) ||
		    (shown && (list.items[i].running || wants_ended(args)) &&
		     !print_container(s, doc, args, err)))
			return false;
	}
	return true;
}

const struct cmd docker_ps = DOCKER_VERB("ps", "list containers", ps_opts, struct ps_args, ps);
