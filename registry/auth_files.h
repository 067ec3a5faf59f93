// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_AUTH_FILES_H
#define REGISTRY_AUTH_FILES_H

#include "base/event.h"
#include "base/json.h"

/*
 * Inside registry/: the settings files of docker (config.json) and of containers (auth.json) that
 * hold credentials, or name the helpers that do: {auths, credHelpers, credsStore}.
 */

struct auth_file {
	char *where; /* its path, or "$DOCKER_AUTH_CONFIG" */
	json_t *doc; /* an object */
};
struct auth_files {
	struct auth_file *items;
	size_t len, cap;
};
void auth_files_free(struct auth_files *l);
/* All there are, the first to ask first: `authfile` alone when it is given, else those listed at
 * credentials_find. `events` (may be NULL) is told of one that others may read. */
MUST_CHECK bool auth_files_load(struct auth_files *l, const char *authfile, struct events *events,
				struct err *err);
/* One of them; absent is success. `legacy`: ~/.dockercfg, which is the "auths" object alone. */
MUST_CHECK bool auth_files_add(struct auth_files *l, const char *path, bool legacy,
			       struct events *events, struct err *err);
/* Where docker keeps its own. Owned. */
char *auth_files_docker(void);

/* One name for Docker Hub, which has many. */
const char *auth_files_host(const char *host);
/* A key as a name: "https://index.docker.io/v1/" is "docker.io"; "host:5000/ns" stays. Owned. */
char *auth_files_key(const char *key);
/* The length of the key as a name when it covers the repository, else 0. */
size_t auth_files_cover(const char *key, const char *host, const char *repository);
/* The key, and what helpers are asked for. */
const char *auth_files_server(const char *host);

#endif
