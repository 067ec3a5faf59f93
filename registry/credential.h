// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_CREDENTIAL_H
#define REGISTRY_CREDENTIAL_H

#include <stdbool.h>

#include "base/str.h"

/* What a registry is shown. Text is wiped before it is freed. */
struct credential {
	char *user, *password; /* both or none */
	char *identity_token;  /* for the OAuth2 token endpoint */
	char *registry_token;  /* used as it is, as Bearer */
};
void credential_free(struct credential *c);
bool credential_eq(const struct credential *a, const struct credential *b);
bool credential_is_empty(const struct credential *c);
/* User and secret as files and helpers have them: of the user "<token>" the secret is an identity
 * token, of Azure's null GUID it is both. */
void credential_take_pair(struct credential *out, const char *user, const char *secret);
/* The value of an Authorization header for user and password; the caller's to secret_free. */
char *credential_basic(const struct credential *c);

/* Azure's name for "the password is a refresh token" (ACR, "az acr login --expose-token"). */
#define CREDENTIAL_NULL_GUID "00000000-0000-0000-0000-000000000000"

void secret_free(char **text); /* wipe and free */
void secret_buf_free(struct buf *b);

#endif
