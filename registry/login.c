// SPDX-License-Identifier: Apache-2.0
#include "registry/login.h"

#include <string.h>

#include "base/mem.h"
#include "registry/client.h"
#include "registry/logins.h"
#include "registry/problem.h"

/* Logging in and out: a credential is kept only after the registry has accepted it. */

/* "host", "host:port", "https://host/" and Docker Hub's old key mean a registry. */
static bool parse_host(struct reference *out, const char *text, struct err *err)
{
	const char *bare = strstr(text, "://") ? strstr(text, "://") + 3 : text;
	AUTO(auto_free) char *host = mem_strndup(bare, strcspn(bare, "/"));
	AUTO(auto_free) char *probe = mem_printf("%s/x/x", host);
	struct err why = { 0 };

	if (!reference_parse(out, probe, &why) || !str_eq(out->repository, "x/x"))
		return err_set(err, E_USAGE, "'%s' is not the name of a registry", text);
	out->repository[0] = '\0';
	return true;
}

static bool verify(struct registry *r, const struct reference *host, const struct login *login,
		   struct err *err)
{
	AUTO(client_reply_free) struct client_reply reply = { 0 };
	struct client_call call = {
		.method = "GET", .repository = host, .root = true, .path = "", .as = login
	};
	struct host *state = client_host(r, reference_api_host(host));
	bool open;

	if (!client_call(&reply, r, &call, err))
		return false;
	if (reply.http.status == 404)
		return err_set(err, E_NOT_FOUND, "there is no registry at %s", host->host);
	if (reply.http.status != 200)
		return problem_error(err, &reply.http, "%s", host->host);
	lock_take(&state->lock);
	open = state->auth == AUTH_NONE;
	lock_drop(&state->lock);
	if (open)
		event_warn(r->events, "%s asks for no login, so the password was not checked",
			   host->host);
	return true;
}

/* What to keep: the refresh token a token server gave for the password, as docker does it, or the
 * password itself. */
static void to_keep(struct credential *out, struct registry *r, const struct reference *host,
		    const struct login *login)
{
	struct host *state = client_host(r, reference_api_host(host));

	*out = (struct credential){ 0 };
	lock_take(&state->lock);
	for (size_t i = 0; i < state->tokens.len; i++) {
		const struct token *t = &state->tokens.items[i];

		if (t->credential == &login->credential && t->refresh && !out->identity_token)
			out->identity_token = mem_strdup(t->refresh);
	}
	lock_drop(&state->lock);
	out->user = mem_strdup(login->credential.user);
	out->password = out->identity_token ? NULL : mem_strdup(login->credential.password);
}

bool registry_login(struct registry *r, const char *host, const char *user, const char *password,
		    char **stored_in_out, struct err *err)
{
	struct login given = { .offline = true };
	const struct login *login;
	AUTO(credential_free) struct credential kept = { 0 };
	struct reference ref;

	if (!parse_host(&ref, host, err))
		return false;
	if (!user[0] || !password[0] || strchr(user, ':'))
		return err_set(err, E_USAGE,
			       "a login needs a user name without ':' and a password");
	if (str_eq(user, "robot"))
		event_warn(r->events,
			   "the user is 'robot': did the shell eat a '$' and what follows?");
	given.credential.user = mem_strdup(user);
	given.credential.password = mem_strdup(password);
	given.where = mem_strdup("the command line");
	login = logins_keep(r, ref.host, &given);
	if (!verify(r, &ref, login, err))
		return false;
	to_keep(&kept, r, &ref, login);
	return credentials_store(stored_in_out, r->authfile, ref.host, &kept, err);
}

bool registry_logout(struct registry *r, const char *host, bool *had_out, struct err *err)
{
	AUTO(credential_free) struct credential left = { 0 };
	AUTO(auto_free) char *where = NULL;
	struct reference ref;
	struct err ignored = { 0 };

	if (!parse_host(&ref, host, err) || !credentials_erase(had_out, r->authfile, ref.host, err))
		return false;
	if (credentials_find(&left, &where, r->authfile, ref.host, "", NULL, &ignored) && where)
		event_warn(r->events, "another credential for %s is still in %s", ref.host, where);
	return true;
}

bool registry_logout_all(struct str_list *gone, struct registry *r, struct err *err)
{
	return credentials_erase_all(gone, r->authfile, err);
}
