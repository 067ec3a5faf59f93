// SPDX-License-Identifier: Apache-2.0
#include "registry/credential.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* A credential as a value. Where it comes from is credentials.c's. */

void secret_free(char **text)
{
	if (*text)
		explicit_bzero(*text, strlen(*text));
	free(*text);
	*text = NULL;
}

void credential_free(struct credential *c)
{
	secret_free(&c->user);
	secret_free(&c->password);
	secret_free(&c->identity_token);
	secret_free(&c->registry_token);
}

static bool same(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

bool credential_eq(const struct credential *a, const struct credential *b)
{
	return same(a->user, b->user) && same(a->password, b->password) &&
	       same(a->identity_token, b->identity_token) &&
	       same(a->registry_token, b->registry_token);
}

bool credential_is_empty(const struct credential *c)
{
	return !c->user && !c->identity_token && !c->registry_token;
}

char *credential_basic(const struct credential *c)
{
	char *pair = mem_printf("%s:%s", c->user, c->password);
	char *encoded = str_base64_encode(pair, strlen(pair));
	char *header = mem_printf("Basic %s", encoded);

	secret_free(&pair);
	secret_free(&encoded);
	return header;
}

void secret_buf_free(struct buf *b)
{
	if (b->cap)
		explicit_bzero(b->ptr, b->cap);
	buf_free(b);
}

void credential_take_pair(struct credential *out, const char *user, const char *secret)
{
	if (str_eq(user, "<token>") || str_eq(user, CREDENTIAL_NULL_GUID))
		out->identity_token = mem_strdup(secret);
	if (str_eq(user, "<token>"))
		return;
	out->user = mem_strdup(user);
	out->password = mem_strdup(secret);
}
