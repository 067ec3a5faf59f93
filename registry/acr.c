// SPDX-License-Identifier: Apache-2.0
#include "registry/acr.h"

#include <string.h>

#include "base/env.h"
#include "base/mem.h"
#include "registry/entra.h"
#include "registry/oauth.h"

/* Logins of Azure's registries. What the identity token is good for is token.c's. */

static const struct azure_cloud {
	const char *suffix;    /* of its registries */
	const char *authority; /* Entra there */
} clouds[] = {
	{ ".azurecr.io", "https://login.microsoftonline.com" },
	{ ".azurecr.us", "https://login.microsoftonline.us" },
	{ ".azurecr.cn", "https://login.chinacloudapi.cn" },
};

static const struct azure_cloud *find(const char *host)
{
	for (size_t i = 0; i < ARRAY_LEN(clouds); i++)
		if (host[0] != '.' && str_has_suffix(host, clouds[i].suffix))
			return &clouds[i];
	return NULL;
}

bool acr_is_host(const char *host)
{
	return find(host) != NULL;
}

static bool exchange(struct credential *out, struct http *http, const char *host, const char *token,
		     struct err *err)
{
	const char *tenant = env_get("AZURE_TENANT_ID");
	AUTO(auto_free) char *address = mem_printf("https://%s/oauth2/exchange", host);
	AUTO(secret_buf_free) struct buf form = BUF_INIT(SIZE_MAX);
	AUTO(url_free) struct url url = { 0 };
	const struct http_request req = { .method = "POST", .url = &url };
	char *refresh = NULL;

	if (!url_parse(&url, address, err))
		return false;
	oauth_add(&form, "grant_type", "access_token");
	oauth_add(&form, "service", host);
	if (tenant)
		oauth_add(&form, "tenant", tenant);
	oauth_add(&form, "access_token", token);
	if (!oauth_ask(&refresh, http, &req, &form, "refresh_token", err))
		return err_hint(err, "give this identity a role there, AcrPull or AcrPush");
	credential_take_pair(out, CREDENTIAL_NULL_GUID, refresh);
	secret_free(&refresh);
	return true;
}

bool acr_login(struct credential *out, char **where_out, struct http *http, const char *host,
	       struct events *events, struct err *err)
{
	const struct azure_cloud *cloud = find(host);
	const struct entra_request request = {
		.authority = cloud ? cloud->authority : NULL,
		.resource = "https://containerregistry.azure.net", /* in every cloud */
	};
	AUTO(secret_free) char *token = NULL;
	AUTO(auto_free) char *who = NULL;

	*out = (struct credential){ 0 };
	*where_out = NULL;
	if (!cloud)
		return true;
	if (!entra_token(&token, &who, http, &request, events, err))
		return err_wrap(err, "login to %s", host);
	if (!token) {
		event_detail(events,
			     "%s: no Azure credential in the environment or of this machine", host);
		return true;
	}
	if (!exchange(out, http, host, token, err))
		return err_wrap(err, "login to %s by %s", host, who);
	*where_out = mem_printf("Azure, %s", who);
	return true;
}
