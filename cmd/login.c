// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/prompt.h"
#include "registry/login.h"

/* rtbuild login. */

struct login_args {
	const char *host, *user, *password, *password_file;
	bool password_stdin;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG_OPTIONAL("HOST",                 struct login_args, host,           "the registry (default: docker.io)"),
	OPT_TEXT('u', "username", "NAME",        struct login_args, user,           "user name; asked for at a terminal"),
	OPT_FLAG(0,   "password-stdin",          struct login_args, password_stdin, "read the password from stdin"),
	OPT_TEXT(0,   "password-file", "FILE",   struct login_args, password_file,  "read the password from a file"),
	OPT_TEXT('p', "password", "TEXT",        struct login_args, password,       "the password; others on this machine can see it"),
	OPT_END
};
/* clang-format on */

static void forget(struct buf *b)
{
	if (b->cap)
		explicit_bzero(b->ptr, b->cap);
	buf_free(b);
}

static bool read_password(struct buf *out, struct session *s, const struct login_args *args,
			  struct err *err)
{
	if (args->password_stdin) {
		if (!fs_read_fd(out, STDIN_FILENO, LIMIT_PASSWORD, err))
			return err_wrap(err, "password on stdin");
	} else if (args->password_file) {
		if (!fs_read_path(out, args->password_file, LIMIT_PASSWORD, err))
			return false;
	} else if (args->password) {
		event_warn(s->events, "a password on the command line can be seen by others; use "
				      "--password-stdin");
		if (!buf_append(out, args->password, strlen(args->password), err))
			return err_wrap(err, "--password");
	} else if (prompt_possible()) {
		if (!prompt_line(out, "Password", true, err))
			return false;
	} else {
		err_set(err, E_USAGE, "no password");
		return err_hint(err,
				"pipe it in: ... | rtbuild login -u NAME --password-stdin HOST");
	}
	/* what `echo` and editors put behind it */
	while (out->len && strchr("\r\n", out->ptr[out->len - 1]))
		out->ptr[--out->len] = '\0';
	if (!out->len)
		return err_set(err, E_USAGE, "the password is empty");
	if (strlen(out->ptr) != out->len)
		return err_set(err, E_INPUT, "the password contains a NUL");
	return true;
}

/* stdin is either the password or a person. */
static bool read_user(struct buf *out, const struct login_args *args, struct err *err)
{
	if (args->user)
		return buf_append(out, args->user, strlen(args->user), err);
	if (prompt_possible() && !args->password_stdin)
		return prompt_line(out, "Username", false, err);
	err_set(err, E_USAGE, "no user name");
	return err_hint(err, "add -u NAME");
}

static bool login(struct session *s, void *arg, struct err *err)
{
	const struct login_args *args = arg;
	AUTO(buf_free) struct buf user = BUF_INIT(LIMIT_PASSWORD);
	AUTO(forget) struct buf password = BUF_INIT(LIMIT_PASSWORD);
	AUTO(auto_free) char *stored_in = NULL;
	const char *host = args->host ? args->host : "docker.io";
	struct registry *registry;

	if (!read_user(&user, args, err) || !read_password(&password, s, args, err) ||
	    !session_registry(&registry, s, err) ||
	    !registry_login(registry, host, user.ptr ? user.ptr : "", password.ptr, &stored_in,
			    err))
		return false;
	event_note(s->events, "logged in to %s; the credential is kept in %s", host, stored_in);
	return true;
}

const struct cmd cmd_login = {
	.name = "login",
	.summary = "verify a registry credential and keep it",
	.about = "Kept where docker keeps it (config.json or its credential helper), so docker, "
		 "skopeo, crane and "
		 "rtbuild share it.",
	.example =
		"  pass show registry | rtbuild login -u me --password-stdin registry.example.com",
	.opts = opts,
	.args_size = sizeof(struct login_args),
	.run = login,
};
