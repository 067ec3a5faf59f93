// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_CREDENTIALS_H
#define REGISTRY_CREDENTIALS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/event.h"
#include "registry/credential.h"

/*
 * Credentials of registries in the files of docker (config.json, also $DOCKER_AUTH_CONFIG) and of
 * containers (auth.json, containers-auth.json(5)), and in the credential helpers those name
 * (registry/helper.h).
 */

/*
 * The credential for a repository (host as in references; "docker.io" stands for all names of
 * Docker Hub). Sources in order: `authfile` alone when it is given, else $DOCKER_AUTH_CONFIG,
 * $REGISTRY_AUTH_FILE, containers' auth.json (runtime, then config directory), docker's
 * config.json, ~/.dockercfg. The longest key wins ("host/ns/repo" before "host"), then the earlier
 * file; within a file credHelpers, credsStore, auths. Nothing found is success with an empty
 * credential (anonymous) and *where_out NULL; else *where_out (owned) says where it came from,
 * without the secret. A helper that is not installed is a warning.
 */
MUST_CHECK bool credentials_find(struct credential *out, char **where_out, const char *authfile,
				 const char *host, const char *repository, struct events *events,
				 struct err *err);

/* The same, telling on the way what was looked at and why it was taken or not. */
struct credentials_trial {
	char *source;  /* the file, with the helper it names */
	char *key;     /* as the file has it; NULL: the store for all */
	char *verdict; /* "used", or why not */
};
struct credentials_report {
	struct credentials_trial *items; /* in the order of trying, then those that cannot match */
	size_t len, cap;
	struct str_list files; /* that were there */
};
void credentials_report_free(struct credentials_report *r);
MUST_CHECK bool credentials_explain(struct credential *out, char **where_out,
				    struct credentials_report *to, const char *authfile,
				    const char *host, const char *repository, struct events *events,
				    struct err *err);

/*
 * Keep a credential: in the helper docker's config.json names for the host, else in `authfile` or
 * config.json, under a lock, 0600, atomically, unknown members kept. *where_out (owned) says where.
 */
MUST_CHECK bool credentials_store(char **where_out, const char *authfile, const char *host,
				  const struct credential *c, struct err *err);
/* Forget it from the same place. */
MUST_CHECK bool credentials_erase(bool *had_out, const char *authfile, const char *host,
				  struct err *err);
/* All of them; `gone` gets the names of what was there, as the file has them. */
MUST_CHECK bool credentials_erase_all(struct str_list *gone, const char *authfile, struct err *err);

#endif
