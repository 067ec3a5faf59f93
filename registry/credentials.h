// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_CREDENTIALS_H
#define REGISTRY_CREDENTIALS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"

/*
 * Credentials of registries in the files of docker (config.json, also $DOCKER_AUTH_CONFIG) and of
 * containers (auth.json, containers-auth.json(5)), and in credential helpers
 * (docker-credential-helpers' protocol). Text is wiped before it is freed.
 */
struct credential {
	char *user, *password; /* both or none */
	char *identity_token;  /* for the OAuth2 token endpoint */
	char *registry_token;  /* used as it is, as Bearer */
};
void credential_free(struct credential *c);
bool credential_eq(const struct credential *a, const struct credential *b);
bool credential_is_empty(const struct credential *c);
/* The value of an Authorization header for user and password; the caller's to secret_free. */
char *credential_basic(const struct credential *c);
void secret_free(char **text); /* wipe and free */
void secret_buf_free(struct buf *b);

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

/*
 * Keep a credential: in the helper docker's config.json names for the host, else in `authfile` or
 * config.json, under a lock, 0600, atomically, unknown members kept. *where_out (owned) says where.
 */
MUST_CHECK bool credentials_store(char **where_out, const char *authfile, const char *host,
				  const struct credential *c, struct err *err);
/* Forget it from the same place. */
MUST_CHECK bool credentials_erase(bool *had_out, const char *authfile, const char *host,
				  struct err *err);

#endif
