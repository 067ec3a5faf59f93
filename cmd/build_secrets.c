// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_secrets.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "base/proc.h"
#include "builder/words.h"

/* Secrets and agents of the command line. What they say is never printed, not even in errors. */

struct ssh_agent {
	pid_t pid;
	struct fs_tmpdir dir;
};

void build_secrets_free(struct build_secrets *s)
{
	for (size_t i = 0; i < s->secrets.len; i++) {
		explicit_bzero((void *)(uintptr_t)s->secrets.items[i].data,
			       s->secrets.items[i].len);
		free((void *)(uintptr_t)s->secrets.items[i].data);
	}
	for (size_t i = 0; i < s->agents.len; i++) {
		struct err ignored = { 0 };
		int status;

		kill(s->agents.items[i].pid, SIGTERM);
		if (!proc_wait(&status, s->agents.items[i].pid, &ignored))
			err_clear(&ignored); /* it ends with us in any case */
		fs_tmpdir_close(&s->agents.items[i].dir);
	}
	free(s->secrets.items);
	free(s->ssh.items);
	free(s->agents.items);
	arena_free(&s->arena);
}

/* --- secrets --- */

struct secret_option {
	char *id, *source, *env, *type;
};

static void secret_option_free(struct secret_option *o)
{
	free(o->id);
	free(o->source);
	free(o->env);
	free(o->type);
}

static bool bad_secret(const char *text, const char *why, struct err *err)
{
	err_set(err, E_USAGE, "--secret '%s': %s", text, why);
	return err_hint(err, "--secret id=NAME,src=FILE or id=NAME,env=VARIABLE");
}

static bool take_field(struct secret_option *o, const char *field)
{
	const struct {
		const char *key;
		char **value;
	} keys[] = {
		{ "id", &o->id },   { "src", &o->source }, { "source", &o->source },
		{ "env", &o->env }, { "type", &o->type },
	};
	const char *sign = strchr(field, '=');

	for (size_t i = 0; sign && i < ARRAY_LEN(keys); i++) {
		if (strlen(keys[i].key) != (size_t)(sign - field) ||
		    strncasecmp(keys[i].key, field, (size_t)(sign - field)) != 0)
			continue;
		free(*keys[i].value);
		*keys[i].value = mem_strdup(sign + 1);
		return true;
	}
	return false;
}

static bool parse_secret(struct secret_option *out, const char *text, struct err *err)
{
	AUTO(word_list_free) struct word_list fields = { 0 };
	size_t bad_at;

	if (!words_csv(&fields, text, &bad_at))
		return bad_secret(text, "a quote is out of place", err);
	for (size_t i = 0; i < fields.len; i++)
		if (!take_field(out, fields.items[i].text))
			return bad_secret(text, "it takes id, src, env and type", err);
	if (!out->id || !*out->id)
		return bad_secret(text, "it needs an id", err);
	if (out->type && !str_eq(out->type, "file") && !str_eq(out->type, "env"))
		return bad_secret(text, "its type is file or env", err);
	if (out->source && out->env)
		return bad_secret(text, "it has a file or a variable, not both", err);
	/* buildx: with type=env the source is a variable's name. */
	if (out->type && str_eq(out->type, "env") && !out->env)
		out->env = STEAL(out->source);
	if (out->type && str_eq(out->type, "file") && out->env)
		return bad_secret(text, "a file has no variable", err);
	if (!out->env && !out->source && (!out->type || str_eq(out->type, "env")) &&
	    (out->type || env_get(out->id)))
		out->env = mem_strdup(out->id);
	if (!out->env && !out->source)
		out->source = mem_strdup(out->id);
	return true;
}

static bool read_secret(struct buf *out, const struct secret_option *o, struct err *err)
{
	const char *value = o->env ? env_get(o->env) : NULL;

	if (!o->env)
		return fs_read_path(out, o->source, LIMIT_SECRET, err) ||
		       err_wrap(err, "secret '%s'", o->id);
	if (!value) {
		err_set(err, E_NOT_FOUND, "secret '%s': the variable %s is not set", o->id, o->env);
		return err_hint(err, "export it, or give a file: --secret id=%s,src=FILE", o->id);
	}
	return buf_append(out, value, strlen(value), err) ||
	       err_wrap(err, "secret '%s' is larger than %d KiB", o->id, LIMIT_SECRET / KIB);
}

static bool add_secret(struct build_secrets *s, const char *text, struct err *err)
{
	AUTO(secret_option_free) struct secret_option option = { 0 };
	AUTO(buf_free) struct buf data = BUF_INIT(LIMIT_SECRET + 1);
	struct build_secret *secret;

	if (!parse_secret(&option, text, err) || !read_secret(&data, &option, err))
		return false;
	secret = ARRAY_PUSH(&s->secrets);
	secret->id = arena_strdup(&s->arena, option.id);
	secret->len = data.len;
	secret->data = buf_steal(&data);
	return true;
}

/* --- ssh --- */

static bool answers(const char *socket_path)
{
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name = { .sun_family = AF_UNIX };

	if (strlen(socket_path) >= sizeof(name.sun_path))
		return false;
	memcpy(name.sun_path, socket_path, strlen(socket_path));
	return connect(fd, (const struct sockaddr *)&name, sizeof(name)) == 0;
}

/* *alive_out false: it ended, and was waited for. */
static bool wait_for_agent(bool *alive_out, const char *socket_path, pid_t pid, struct err *err)
{
	enum { WAIT_MS = 10000, STEP_MS = 5 };

	*alive_out = true;
	for (int waited = 0; waited < WAIT_MS && *alive_out; waited += STEP_MS) {
		if (answers(socket_path))
			return true;
		nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000L }, NULL);
		*alive_out = waitpid(pid, NULL, WNOHANG) == 0;
	}
	err_set(err, E_IO, "ssh-agent does not start at %s", socket_path);
	return err_hint(err, "the name of a socket has at most 107 bytes: is TMPDIR a long one?");
}

static bool has_programs(struct err *err)
{
	AUTO(auto_free) char *agent = proc_find("ssh-agent");
	AUTO(auto_free) char *add = proc_find("ssh-add");

	if (agent && add)
		return true;
	err_set(err, E_UNSUPPORTED,
		"--ssh with keys needs ssh-agent and ssh-add, which are not installed");
	return err_hint(err, "install openssh-client, or give the socket of a running agent");
}

static bool start_agent(struct ssh_agent *agent, const char *socket_path, struct err *err)
{
	const char *const argv[] = { "ssh-agent", "-D", "-a", socket_path, NULL };
	struct proc_spec spec = { .argv = argv, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 };

	bool alive;
	int status;

	if (!proc_start(&agent->pid, &spec, err))
		return false;
	if (wait_for_agent(&alive, socket_path, agent->pid, err))
		return true;
	if (alive && kill(agent->pid, SIGKILL) == 0 && waitpid(agent->pid, &status, 0) < 0)
		errno = 0; /* it has been waited for already */
	return false;
}

/* Passphrases cannot be asked for: whoever has keys with one has an agent that knows it. */
static bool load_keys(const char *socket, const struct str_list *keys, struct err *err)
{
	AUTO(str_list_free) struct str_list argv = { 0 }, env = { 0 };
	AUTO(buf_free) struct buf out = BUF_INIT(LIMIT_COMMAND_OUTPUT);
	AUTO(buf_free) struct buf said = BUF_INIT(LIMIT_COMMAND_OUTPUT);
	AUTO(auto_free) char *shown = NULL;
	struct proc_spec spec = { .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1 };
	int status;

	str_list_push(&argv, "ssh-add");
	str_list_push(&argv, "-q");
	str_list_push(&argv, "--");
	for (size_t i = 0; i < keys->len; i++)
		str_list_push(&argv, keys->items[i]);
	str_list_push_take(&env, mem_printf("SSH_AUTH_SOCK=%s", socket));
	str_list_push_take(&env, mem_printf("HOME=%s", env_home()));
	str_list_push(&env, "SSH_ASKPASS_REQUIRE=force");
	str_list_push(&env, "SSH_ASKPASS=/bin/false");
	str_list_push(&env, "PATH=/usr/local/bin:/usr/bin:/bin");
	spec.argv = (const char *const *)str_list_argv(&argv);
	spec.env = (const char *const *)str_list_argv(&env);
	if (!proc_capture(&status, &out, &said, &spec, NULL, 20000, err))
		return err_wrap(err, "ssh-add");
	if (status == 0)
		return true;
	shown = str_printable(said.ptr, said.len, 300);
	err_set(err, E_INPUT, "--ssh: ssh-add refuses the key: %s",
		*shown ? shown : "it may have a passphrase");
	return err_hint(err, "a key with a passphrase: ssh-add it to your agent and use --ssh ID");
}

static bool private_agent(const char **socket_out, struct build_secrets *s,
			  const struct str_list *keys, struct err *err)
{
	struct ssh_agent *agent;
	struct ssh_agent fresh = { .dir = FS_TMPDIR_INIT };

	if (!has_programs(err) || !fs_tmpdir_open(&fresh.dir, err))
		return false;
	*socket_out = arena_printf(&s->arena, "%s/agent", fresh.dir.path);
	if (!start_agent(&fresh, *socket_out, err)) {
		fs_tmpdir_close(&fresh.dir);
		return false;
	}
	agent = ARRAY_PUSH(&s->agents);
	*agent = fresh;
	return load_keys(*socket_out, keys, err);
}

static bool use_socket(const char **socket_out, struct build_secrets *s, const char *path,
		       struct err *err)
{
	AUTO(auto_free) char *absolute = fs_absolute(path);

	if (!absolute)
		return err_set_errno(err, "--ssh: %s", path);
	*socket_out = arena_strdup(&s->arena, absolute);
	return true;
}

static bool running_agent(const char **socket_out, struct build_secrets *s, const char *text,
			  struct err *err)
{
	const char *socket = env_get("SSH_AUTH_SOCK");

	if (!socket) {
		err_set(err, E_NOT_FOUND, "--ssh '%s': no agent runs: SSH_AUTH_SOCK is not set",
			text);
		return err_hint(err, "start ssh-agent, or give a key: --ssh %s=FILE", text);
	}
	return use_socket(socket_out, s, socket, err);
}

static void split_paths(struct str_list *out, struct slice rest)
{
	while (rest.ptr) {
		struct slice path = slice_cut(rest, ',', &rest);

		if (path.len)
			str_list_push_take(out, mem_strndup(path.ptr, path.len));
	}
}

static bool find_agent(const char **socket_out, struct build_secrets *s, const char *text,
		       const struct str_list *paths, struct err *err)
{
	struct stat st;
	size_t sockets = 0;

	for (size_t i = 0; i < paths->len; i++) {
		if (stat(paths->items[i], &st) < 0)
			return err_set_errno(err, "--ssh: %s", paths->items[i]);
		sockets += S_ISSOCK(st.st_mode);
	}
	if (!paths->len)
		return running_agent(socket_out, s, text, err);
	if (sockets && paths->len > 1)
		return err_set(err, E_USAGE, "--ssh '%s': one socket, or keys, but not both", text);
	return sockets ? use_socket(socket_out, s, paths->items[0], err)
		       : private_agent(socket_out, s, paths, err);
}

static bool add_ssh(struct build_secrets *s, const char *text, struct err *err)
{
	AUTO(str_list_free) struct str_list paths = { 0 };
	struct slice rest, id = slice_cut(slice_of(text), '=', &rest);
	const char *socket;
	struct build_ssh *ssh;

	if (!id.len)
		return err_set(err, E_USAGE, "--ssh '%s': it needs an id, such as default", text);
	split_paths(&paths, rest);
	if (!find_agent(&socket, s, text, &paths, err))
		return false;
	ssh = ARRAY_PUSH(&s->ssh);
	ssh->id = arena_slice(&s->arena, id);
	ssh->socket = socket;
	return true;
}

bool build_secrets_read(struct build_secrets *out, const struct str_list *secrets,
			const struct str_list *ssh, struct err *err)
{
	for (size_t i = 0; i < secrets->len; i++)
		if (!add_secret(out, secrets->items[i], err))
			return false;
	for (size_t i = 0; i < ssh->len; i++)
		if (!add_ssh(out, ssh->items[i], err))
			return false;
	return true;
}
