// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_CLOUD_H
#define REGISTRY_CLOUD_H

#include "net/http.h"
#include "registry/credentials.h"

/*
 * Registries of clouds whose logins this program gets itself, from the credential of the cloud,
 * when no settings file and no helper has one: a table of hosts and of who knows them.
 */
bool cloud_knows(const char *host);
const char *cloud_name(const char *host); /* "Amazon ECR"; NULL: no cloud's */
const char *cloud_hint(const char *host); /* how to give it a credential; NULL: no cloud's */

/* No credential of that cloud is here: success, both empty. */
MUST_CHECK bool cloud_login(struct credential *out, char **where_out, struct http *http,
			    const char *host, struct events *events, struct err *err);

#endif
