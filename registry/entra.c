// SPDX-License-Identifier: Apache-2.0
#include "registry/entra.h"

#include <string.h>
#include <strings.h>

#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "registry/credential.h"
#include "registry/oauth.h"

/* Who we are on Azure. What a registry does with the token is acr.c's. */

struct asking {
	struct http *http;
	struct events *events;
	const struct entra_request *request;
	bool named; /* by $AZURE_TOKEN_CREDENTIALS: to have none is an error */
	char *token, *where;
};

/* --- applications, known to Entra by a secret or by another issuer's token --- */

struct application {
	const char *id, *tenant;
	const char *by; /* the variable that makes it one */
};

static bool application_read(struct application *out, const char *by, struct err *err)
{
	static const char of_a_tenant[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					  "0123456789.-";

	*out = (struct application){ .id = env_get("AZURE_CLIENT_ID"),
				     .tenant = env_get("AZURE_TENANT_ID"),
				     .by = by };
	if (!out->id || !out->tenant)
		return err_set(err, E_INPUT, "$%s is set, $%s is not", by,
			       out->id ? "AZURE_TENANT_ID" : "AZURE_CLIENT_ID");
	/* It becomes part of a path. */
	if (out->tenant[strspn(out->tenant, of_a_tenant)])
		return err_set(err, E_INPUT, "$AZURE_TENANT_ID is neither an ID nor a domain");
	return true;
}

static bool authority_url(struct url *out, const char *usual, const char *tenant, struct err *err)
{
	const char *named = env_get("AZURE_AUTHORITY_HOST"), *base = named ? named : usual;
	AUTO(auto_free) char *text = NULL;
	size_t len = strlen(base);

	while (len && base[len - 1] == '/')
		len--;
	text = mem_printf("%s%.*s/%s/oauth2/v2.0/token", strstr(base, "://") ? "" : "https://",
			  (int)len, base, tenant);
	if (!url_parse(out, text, err))
		return err_wrap(err, "$AZURE_AUTHORITY_HOST");
	return oauth_check_plain(out, "$AZURE_AUTHORITY_HOST", err);
}

/* The grant of client credentials; `form` has already what proves who we are. */
static bool ask_authority(struct asking *a, const struct application *app, struct buf *form,
			  struct err *err)
{
	AUTO(auto_free) char *scope = mem_printf("%s/.default", a->request->resource);
	AUTO(url_free) struct url url = { 0 };
	const struct http_request req = { .method = "POST", .url = &url };

	if (!authority_url(&url, a->request->authority, app->tenant, err))
		return false;
	oauth_add(form, "grant_type", "client_credentials");
	oauth_add(form, "client_id", app->id);
	oauth_add(form, "scope", scope);
	if (!oauth_ask(&a->token, a->http, &req, form, "access_token", err)) {
		err_wrap(err, "the application '%s' ($%s)", app->id, app->by);
		return err_hint(err, "check $AZURE_TENANT_ID, $AZURE_CLIENT_ID and $%s", app->by);
	}
	a->where = mem_printf("the application '%s' ($%s)", app->id, app->by);
	return true;
}

static bool from_secret(struct asking *a, struct err *err)
{
	const char *secret = env_get("AZURE_CLIENT_SECRET");
	AUTO(secret_buf_free) struct buf form = BUF_INIT(SIZE_MAX);
	struct application app;

	if (!secret && env_get("AZURE_CLIENT_CERTIFICATE_PATH")) {
		err_set(err, E_UNSUPPORTED,
			"an application with a certificate ($AZURE_CLIENT_CERTIFICATE_PATH)");
		return err_hint(err, "give it a secret ($AZURE_CLIENT_SECRET) or a federated "
				     "credential ($AZURE_FEDERATED_TOKEN_FILE)");
	}
	if (!secret)
		return true;
	if (!application_read(&app, "AZURE_CLIENT_SECRET", err))
		return false;
	oauth_add(&form, "client_secret", secret);
	return ask_authority(a, &app, &form, err);
}

static bool from_federation(struct asking *a, struct err *err)
{
	const char *path = env_get("AZURE_FEDERATED_TOKEN_FILE");
	AUTO(secret_buf_free) struct buf assertion = BUF_INIT(LIMIT_PASSWORD);
	AUTO(secret_buf_free) struct buf form = BUF_INIT(SIZE_MAX);
	struct application app;

	if (!path)
		return true;
	if (!application_read(&app, "AZURE_FEDERATED_TOKEN_FILE", err))
		return false;
	if (!fs_read_path(&assertion, path, LIMIT_PASSWORD, err))
		return err_wrap(err, "$AZURE_FEDERATED_TOKEN_FILE");
	assertion.ptr[strcspn(assertion.ptr, " \t\r\n")] = '\0';
	oauth_add(&form, "client_assertion_type",
		  "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
	oauth_add(&form, "client_assertion", assertion.ptr);
	return ask_authority(a, &app, &form, err);
}

/* --- managed identities, handed out by a server near by --- */

struct identity_server {
	const char *name, *address, *version;
	struct http_header header;
};

static bool ask_identity(struct asking *a, const struct identity_server *s, struct err *err)
{
	const char *id = env_get("AZURE_CLIENT_ID");
	AUTO(url_free) struct url url = { 0 };
	const struct http_request req = {
		.method = "GET", .url = &url, .headers = { s->header }, .direct = true
	};

	if (!url_parse(&url, s->address, err))
		return err_wrap(err, "%s", s->name);
	if (url_reach(&url) != URL_LINK_LOCAL && !oauth_check_plain(&url, s->name, err))
		return false;
	url_add_query(&url, "api-version", s->version);
	url_add_query(&url, "resource", a->request->resource);
	if (id)
		url_add_query(&url, "client_id", id);
	if (!oauth_ask(&a->token, a->http, &req, NULL, "access_token", err)) {
		err_wrap(err, "the managed identity of %s", s->name);
		return err_hint(err, id ? "is the managed identity of $AZURE_CLIENT_ID assigned "
					  "to it?"
					: "assign it an identity, or say by $AZURE_CLIENT_ID "
					  "which of several");
	}
	a->where = mem_printf("the managed identity%s%s%s of %s", id ? " '" : "", id ? id : "",
			      id ? "'" : "", s->name);
	return true;
}

/* As cloud-init tells it: every machine of Azure has this asset tag. */
static bool is_azure(void)
{
	AUTO(buf_free) struct buf tag = BUF_INIT(4 * KIB);
	struct err ignored = { 0 };

	return fs_read_path(&tag, "/sys/class/dmi/id/chassis_asset_tag", 4 * KIB, &ignored) &&
	       slice_eq(slice_trim(slice_of(tag.ptr), "\n"), "7783-7084-3265-9085-8269-3286-77");
}

static bool from_machine(struct asking *a, struct err *err)
{
	const char *served = env_get("AZURE_POD_IDENTITY_AUTHORITY_HOST");
	AUTO(auto_free)
	char *address = mem_printf("%s/metadata/identity/oauth2/token",
				   served ? served : "http://169.254.169.254");
	const struct identity_server imds = {
		"this machine", address, "2018-02-01", { "Metadata", "true" }
	};
	struct err why = { 0 };

	if (!served && !a->named && !is_azure())
		return true;
	if (ask_identity(a, &imds, &why))
		return true;
	/* Most machines of Azure have no identity, and whoever works there may pull anonymously. */
	if (!a->named && (why.code == E_AUTH || why.code == E_NETWORK)) {
		event_detail(a->events, "%s", why.msg);
		return true;
	}
	*err = why;
	return false;
}

static bool from_managed(struct asking *a, struct err *err)
{
	const struct identity_server server = { "$IDENTITY_ENDPOINT",
						env_get("IDENTITY_ENDPOINT"),
						"2019-08-01",
						{ "X-IDENTITY-HEADER",
						  env_get("IDENTITY_HEADER") } };

	/* An endpoint without the header is Azure Arc's, whose protocol is another one. */
	return server.address && server.header.value ? ask_identity(a, &server, err)
						     : from_machine(a, err);
}

/* --- all of them --- */

static const struct {
	const char *name; /* as in $AZURE_TOKEN_CREDENTIALS */
	bool (*ask)(struct asking *a, struct err *err);
} sources[] = {
	{ "EnvironmentCredential", from_secret },
	{ "WorkloadIdentityCredential", from_federation },
	{ "ManagedIdentityCredential", from_managed },
};

bool entra_token(char **token_out, char **where_out, struct http *http,
		 const struct entra_request *request, struct events *events, struct err *err)
{
	const char *only = env_get("AZURE_TOKEN_CREDENTIALS");
	bool named = only && strcasecmp(only, "prod") != 0; /* prod: all that need no developer */
	struct asking a = { .http = http, .events = events, .request = request, .named = named };

	*token_out = *where_out = NULL;
	for (size_t i = 0; i < ARRAY_LEN(sources) && !a.token; i++)
		if ((!named || strcasecmp(only, sources[i].name) == 0) && !sources[i].ask(&a, err))
			return false;
	if (named && !a.token) {
		err_set(err, E_AUTH, "$AZURE_TOKEN_CREDENTIALS wants '%s' only, which is not here",
			only);
		return err_hint(err, "unset it, or log in by `az acr login`");
	}
	*token_out = a.token;
	*where_out = a.where;
	return true;
}
