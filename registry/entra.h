// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_ENTRA_H
#define REGISTRY_ENTRA_H

#include "base/event.h"
#include "net/http.h"

/*
 * Access tokens of Microsoft Entra ID, from the sources of Azure's DefaultAzureCredential that need
 * neither another program nor a browser, in its order:
 *
 *   1. $AZURE_CLIENT_ID and $AZURE_CLIENT_SECRET in $AZURE_TENANT_ID: a service principal
 *   2. $AZURE_CLIENT_ID and $AZURE_FEDERATED_TOKEN_FILE in $AZURE_TENANT_ID: workload identity, as
 *      AKS sets it up
 *   3. a managed identity ($AZURE_CLIENT_ID says which of several): of App Service, Functions and
 *      Container Apps ($IDENTITY_ENDPOINT with $IDENTITY_HEADER), else of the machine, on Azure
 *      alone or where $AZURE_POD_IDENTITY_AUTHORITY_HOST says that its metadata is served
 *
 * $AZURE_TOKEN_CREDENTIALS leaves only one of them: EnvironmentCredential,
 * WorkloadIdentityCredential or ManagedIdentityCredential. $AZURE_AUTHORITY_HOST is Entra in
 * another cloud than `authority`, an https URL.
 */
struct entra_request {
	const char *authority; /* "https://login.microsoftonline.com" */
	const char *resource;  /* what the token is for: "https://containerregistry.azure.net" */
};

/*
 * The token, the caller's to secret_free, and who it is for people (owned). None of the sources:
 * success, both NULL. One that is configured and does not work is an error, but not a machine that
 * has no identity. E_INPUT for incomplete variables, E_AUTH when Entra refuses.
 */
MUST_CHECK bool entra_token(char **token_out, char **where_out, struct http *http,
			    const struct entra_request *request, struct events *events,
			    struct err *err);

#endif
