// SPDX-License-Identifier: Apache-2.0
#include "registry/cloud.h"

#include "base/mem.h"
#include "registry/acr.h"
#include "registry/ecr.h"
#include "registry/gar.h"

/* Which cloud a host belongs to. How to log in there is its own file's. */

static bool is_ecr(const char *host)
{
	struct ecr_host ignored;

	return ecr_host_parse(&ignored, host);
}

static const struct cloud {
	const char *name, *hint;
	bool (*is_host)(const char *host);
	bool (*login)(struct credential *out, char **where_out, struct http *http, const char *host,
		      struct events *events, struct err *err);
} clouds[] = {
	{ "Amazon ECR", "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or AWS_PROFILE", is_ecr,
	  ecr_login },
	{ "Google Artifact Registry", "set GOOGLE_APPLICATION_CREDENTIALS", gar_is_host,
	  gar_login },
	{ "Azure Container Registry",
	  "set AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET (or "
	  "AZURE_FEDERATED_TOKEN_FILE)",
	  acr_is_host, acr_login },
};

static const struct cloud *find(const char *host)
{
	for (size_t i = 0; i < ARRAY_LEN(clouds); i++)
		if (clouds[i].is_host(host))
			return &clouds[i];
	return NULL;
}

bool cloud_knows(const char *host)
{
	return find(host) != NULL;
}

const char *cloud_name(const char *host)
{
	const struct cloud *cloud = find(host);

	return cloud ? cloud->name : NULL;
}

const char *cloud_hint(const char *host)
{
	const struct cloud *cloud = find(host);

	return cloud ? cloud->hint : NULL;
}

bool cloud_login(struct credential *out, char **where_out, struct http *http, const char *host,
		 struct events *events, struct err *err)
{
	const struct cloud *cloud = find(host);

	*out = (struct credential){ 0 };
	*where_out = NULL;
	return !cloud || cloud->login(out, where_out, http, host, events, err);
}
