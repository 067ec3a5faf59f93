// SPDX-License-Identifier: Apache-2.0
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "registry/login.h"

/* rtbuild logout. */

struct logout_args {
	const char *host;
	bool all;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG_OPTIONAL("HOST", struct logout_args, host, "the registry (default: docker.io)"),
	OPT_FLAG('a', "all",     struct logout_args, all,  "of every registry that docker's config.json, or --authfile, knows"),
	OPT_END
};
/* clang-format on */

static bool logout_all(struct session *s, const struct logout_args *args, struct err *err)
{
	AUTO(str_list_free) struct str_list gone = { 0 };
	struct registry *registry;
	bool ok;

	if (args->host)
		return err_set(err, E_USAGE, "--all and HOST: one of them");
	if (!session_registry(&registry, s, err))
		return false;
	ok = registry_logout_all(&gone, registry, err);
	for (size_t i = 0; i < gone.len; i++)
		event_note(s->events, "logged out of %s", gone.items[i]);
	if (ok && !gone.len)
		event_note(s->events, "was not logged in anywhere");
	return ok;
}

static bool logout(struct session *s, void *arg, struct err *err)
{
	const struct logout_args *args = arg;
	const char *host = args->host ? args->host : "docker.io";
	struct registry *registry;
	bool had;

	if (args->all)
		return logout_all(s, args, err);
	if (!session_registry(&registry, s, err) || !registry_logout(registry, host, &had, err))
		return false;
	event_note(s->events, had ? "logged out of %s" : "was not logged in to %s", host);
	return true;
}

const struct cmd cmd_logout = {
	.name = "logout",
	.summary = "forget a registry credential",
	.opts = opts,
	.args_size = sizeof(struct logout_args),
	.run = logout,
};
