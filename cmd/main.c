// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/render.h"

/* From argv to a command and from its error to an exit status. */

/* clang-format off */
const struct opt global_opts[] = {
	OPT_GROUP("Everywhere"),
	OPT_TEXT(0,   "store", "DIR",   struct globals, store,      "the content store; $RTBUILD_STORE, else ~/.local/share/rtbuild"),
	OPT_FLAG('q', "quiet",          struct globals, quiet,      "no progress; the result alone"),
	OPT_FLAG('v', "verbose",        struct globals, verbose,    "say more: what was chosen and why"),
	OPT_FLAG(0,   "debug",          struct globals, debug,      "and show every request to a registry with its headers, credentials left out"),
	OPT_FLAG(0,   "json",           struct globals, json,       "print one JSON document as the result"),
	OPT_TEXT(0,   "progress", "MODE", struct globals, progress, "auto, tty, plain or json (lines of events); on stderr"),
	OPT_TEXT(0,   "authfile", "FILE", struct globals, authfile, "credentials from this file alone"),
	OPT_TEXT(0,   "config", "FILE", struct globals, config,     "Lithops' configuration (default: the one Lithops would read)"),
	OPT_FLAG(0,   "no-config",      struct globals, no_config,  "read no configuration of Lithops"),
	OPT_TEXT(0,   "ca-file", "FILE", struct globals, ca_file,   "trust this certificate authority too"),
	OPT_FLAG(0,   "plain-http",     struct globals, plain_http, "speak HTTP without TLS; unasked for on loopback only"),
	OPT_FLAG(0,   "insecure",       struct globals, insecure,   "do not verify the registry's certificate"),
	OPT_FLAG(0,   "allow-nondistributable-artifacts", struct globals, foreign_layers, "push layers that are not for distribution, too"),
	OPT_FLAG(0,   "create-repository", struct globals, create_repository, "make the repository before a push where it must exist (Amazon ECR)"),
	OPT_TEXT(0,   "chunk-size", "SIZE", struct globals, chunk_size, "send larger blobs in chunks of this size: 5MB; for proxies with limits (else rtbuild finds out)"),
	OPT_LIST(0,   "trust-realm", "HOST", struct globals, trusted_realms, "this token server may be given a registry's password though it lies in another domain"),
	OPT_END
};
/* clang-format on */

static void on_signal(int sig)
{
	(void)sig;
	cancel_request();
}

static void set_signals(void)
{
	struct sigaction stop = { .sa_handler = on_signal }, ignore = { .sa_handler = SIG_IGN };

	cancel_init();
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	sigaction(SIGHUP, &stop, NULL);
	sigaction(SIGPIPE, &ignore, NULL);
	sigaction(SIGXFSZ, &ignore, NULL); /* too large a file is an error like a full disk */
}

/* A stream the caller closed must not become the number of a blob of ours, which messages would be
 * written into. Its use still fails: it is opened the wrong way round. */
static void fill_streams(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) < 0 &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) != fd)
			_exit(err_exit_status(E_IO));
}

static bool general_help(struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB);

	buf_put(&text,
		"rtbuild prepares runtimes for serverless functions, without a container "
		"daemon.\n\n"
		"  rtbuild build --backend aws_lambda -t registry.example.com/me/rt:1 --push\n"
		"  rtbuild extend registry.example.com/me/rt:1 --filepath map.py --function f\n\n"
		"Commands:\n");
	for (const struct cmd *const *c = commands; *c; c++)
		if (!((*c)->flags & CMD_HIDDEN))
			buf_putf(&text, "  %-12s %s\n", (*c)->name, (*c)->summary);
	opts_help(&text, global_opts);
	buf_put(&text,
		"\nrtbuild COMMAND --help says more. Exit status: 0 ok, 1 a check said no, 2 "
		"usage, "
		"3 bad input,\n4 network, 5 refused, 6 not found, 7 integrity, 8 this host cannot, "
		"9 local I/O, 10 a RUN\nstep failed, 130 interrupted.");
	return session_print(text.ptr, err);
}

static bool command_help(const char *path, const struct cmd *cmd, struct err *err)
{
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB);

	buf_putf(&text, "%s\n\nUsage: rtbuild %s", cmd->summary, path);
	if (cmd->subs) {
		buf_put(&text, " COMMAND\n\nCommands:\n");
		for (const struct cmd *const *c = cmd->subs; *c; c++)
			buf_putf(&text, "  %-12s %s\n", (*c)->name, (*c)->summary);
	} else {
		opts_usage(&text, cmd->opts);
		buf_put(&text, " [OPTIONS]\n");
		if (cmd->about) {
			buf_put(&text, "\n");
			opts_paragraph(&text, cmd->about);
		}
		if (cmd->example)
			buf_putf(&text, "\nExamples:\n%s\n", cmd->example);
		buf_put(&text, "\n");
		opts_help(&text, cmd->opts);
	}
	opts_help(&text, global_opts);
	text.ptr[text.len - 1] = '\0'; /* session_print ends the line */
	return session_print(text.ptr, err);
}

/* `path` has the table: "docker image", or nothing for the commands of rtbuild itself. */
static const struct cmd *find_command(const struct cmd *const *table, const char *path,
				      const char *name, struct err *err)
{
	const char *names[64];
	const char *near;
	size_t count = 0;

	for (const struct cmd *const *c = table; *c; c++) {
		if (str_eq((*c)->name, name))
			return (*c)->same_as ? (*c)->same_as : *c;
		if (count < ARRAY_LEN(names))
			names[count++] = (*c)->name;
	}
	near = str_nearest(name, names, count);
	err_set(err, E_USAGE, "unknown command '%s'", name);
	if (near)
		err_hint(err, "did you mean %s?", near);
	else
		err_hint(err, "rtbuild%s%s --help lists the commands", path[0] ? " " : "", path);
	return NULL;
}

static void session_close(struct session *s)
{
	sandbox_stop(s->sandbox);
	registry_close(s->registry);
	lithops_config_free(&s->lithops);
	index_client_close(s->index_client);
	store_close(s->store);
	opts_free(&s->options, global_opts);
	if (s->events)
		render_close(s->events);
}

/* The command's options are parsed before anything is opened, so that a usage error costs and
 * leaves nothing. */
static bool run_command(struct session *s, const char *path, const struct cmd *cmd, int argc,
			char **argv, enum render_mode *mode, struct err *err)
{
	AUTO(auto_free) void *args = mem_alloc(cmd->args_size);
	struct render_options opt;
	bool help = false, ok;

	ok = opts_parse(args, cmd->opts, &s->options, global_opts, argc, argv, &help, err);
	if (ok && help) {
		ok = command_help(path, cmd, err);
	} else if (ok) {
		ok = render_mode_parse(mode, s->options.progress, err);
		opt = (struct render_options){ .mode = *mode,
					       .quiet = s->options.quiet,
					       .verbose = s->options.verbose || s->options.debug };
		if (ok && cmd->flags & CMD_SANDBOX)
			ok = sandbox_start(&s->sandbox, err);
		/* Credentials pass through from here on: no core dumps, no ptrace by others. The
		 * helper, which sees none, was forked before: it must stay able to write its
		 * uid_map. */
		prctl(PR_SET_DUMPABLE, 0);
		if (ok) {
			s->events = render_open(&opt);
			ok = cmd->run(s, args, err);
		}
	} else if (err->code == E_USAGE) {
		err_hint(err, "rtbuild %s --help says more", path);
	}
	opts_free(args, cmd->opts);
	return ok;
}

/* Where the command's name stands: options of the global table may come before it, as git and
 * docker take them. */
static int command_index(int argc, char **argv)
{
	int at = 1;

	while (at < argc && argv[at][0] == '-') {
		const char *word = argv[at++];

		for (const struct opt *o = global_opts; o->kind != OPT_KIND_END; o++)
			if ((o->kind == OPT_KIND_TEXT || o->kind == OPT_KIND_LIST) &&
			    str_has_prefix(word, "--") && str_eq(word + 2, o->name))
				at++; /* its value */
	}
	return at < argc ? at : argc;
}

/* The command's path: "logs", "logs list" or "python target show"; `at` goes to its last word. Of a
 * group without such a command *out is the group. */
static bool find_path(const struct cmd **out, char **path_out, int argc, char **argv, int *at,
		      struct err *err)
{
	const struct cmd *cmd = find_command(commands, "", argv[*at], err);
	AUTO(buf_free) struct buf path = BUF_INIT(KIB);

	while (cmd) {
		buf_putf(&path, "%s%s", path.len ? " " : "", argv[*at]);
		*out = cmd;
		if (!cmd->subs || *at + 1 >= argc || argv[*at + 1][0] == '-') {
			*path_out = buf_steal(&path);
			return true;
		}
		cmd = find_command(cmd->subs, path.ptr, argv[++*at], err);
	}
	return path.len ? err_wrap(err, "%s", path.ptr) : false;
}

/* A group of commands without one of them shows its help, but what stands there in its place must
 * ask for it. */
static bool is_group_help(int argc, char **argv, int at, struct err *err)
{
	if (at >= argc || str_eq(argv[at], "--help") || str_eq(argv[at], "-h"))
		return true;
	return err_set(err, E_USAGE, "'%s' stands where a command should", argv[at]);
}

static const struct opt no_opts[] = { OPT_END };

static bool dispatch(struct session *s, int argc, char **argv, enum render_mode *mode,
		     struct err *err)
{
	AUTO(auto_free) char *path = NULL;
	AUTO(auto_free) char **words = mem_alloc(((size_t)argc + 1) * sizeof(*words));
	const struct cmd *cmd = NULL;
	int first = command_index(argc, argv), last, count = 0;
	bool help = first < argc && str_eq(argv[first], "help");

	if (first == 2 && first == argc && str_eq(argv[1], "--version"))
		return session_print("rtbuild " RTBUILD_VERSION, err);
	if (first >= argc) { /* alone, or --help */
		bool asked;

		return opts_parse(NULL, no_opts, &s->options, global_opts, argc, argv, &asked,
				  err) &&
		       general_help(err);
	}
	if (help && first + 1 >= argc)
		return general_help(err);
	last = help ? first + 1 : first;
	if (!find_path(&s->command, &path, argc, argv, &last, err))
		return false;
	cmd = s->command;
	if (!help && cmd->subs && !is_group_help(argc, argv, last + 1, err))
		return false;
	if (help || cmd->subs)
		return command_help(path, cmd, err);
	words[count++] = argv[last];
	for (int i = 1; i < first; i++)
		words[count++] = argv[i];
	for (int i = last + 1; i < argc; i++)
		words[count++] = argv[i];
	return run_command(s, path, cmd, count, words, mode, err);
}

/* A verb of docker's fails with docker's statuses. */
static int failure_status(const struct cmd *cmd, enum err_code code)
{
	int status = !cmd || code == E_CANCELLED ? 0
		     : code == E_USAGE           ? cmd->usage_status
						 : cmd->failure_status;

	return status ? status : err_exit_status(code);
}

/* Called as docker, by a link of that name: `rtbuild docker ...`. Must be freed. */
static char **as_docker(int *argc, char **argv)
{
	static char docker[] = "docker", version[] = "version", help[] = "--help";
	static char one_line[] = "--format=Docker version {{.Client.Version}}, build "
				 "{{.Client.GitCommit}}";
	char **words = mem_alloc(((size_t)*argc + 3) * sizeof(*words));
	bool is_docker = *argc > 0 && str_eq(fs_basename(argv[0]), docker);
	int count = 0;

	for (int i = 0; i < *argc; i++) {
		words[count++] = argv[i];
		if (i == 0 && is_docker)
			words[count++] = docker;
	}
	if (is_docker && count == 3 && (str_eq(words[2], "--version") || str_eq(words[2], "-v"))) {
		words[2] = version;
		words[count++] = one_line;
	} else if (is_docker && count >= 3 && str_eq(words[2], "help")) {
		memmove(words + 2, words + 3, (size_t)(count - 3) * sizeof(*words));
		words[count - 1] = help;
	}
	*argc = count;
	return words;
}

int main(int argc, char **argv)
{
	static char output[64 * KIB];
	struct counters counters = { 0 };
	struct session session = { .counters = &counters, .started_ms = clock_monotonic_ms() };
	enum render_mode mode = RENDER_PLAIN;
	AUTO(auto_free) char **words = as_docker(&argc, argv);
	struct err err = { 0 };
	bool ok;

	mem_prepare();
	env_prepare();
	counters_use(&counters);
	fill_streams();
	/* At once: a reader that has seen enough, as head, is no failure when a pipe took it all.
	 */
	setvbuf(stdout, output, _IOFBF, sizeof(output));
	umask(022);
	set_signals();
	ok = dispatch(&session, argc, words, &mode, &err);
	session_close(&session);
	if (ok)
		return session.exit_status;
	if (cancel_requested())
		err_set(&err, E_CANCELLED, "interrupted");
	render_error(&err, mode);
	return failure_status(session.command, err.code);
}
