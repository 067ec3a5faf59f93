// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ACR_H
#define REGISTRY_ACR_H

#include "net/http.h"
#include "registry/credentials.h"

/* Azure Container Registry: *.azurecr.io, and *.azurecr.us and *.azurecr.cn of the other clouds. */
bool acr_is_host(const char *host);

/*
 * An identity token of the registry, kept in memory only: /oauth2/exchange of the registry gives it
 * for an access token of Entra (registry/entra.h), which goes to no other host
 * (github.com/Azure/acr, docs/AAD-OAuth.md). *where_out (owned) says whose it is. No Azure
 * credential at all: success, both empty.
 */
MUST_CHECK bool acr_login(struct credential *out, char **where_out, struct http *http,
			  const char *host, struct events *events, struct err *err);

#endif
