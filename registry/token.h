// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_TOKEN_H
#define REGISTRY_TOKEN_H

#include "registry/state.h"

/*
 * Bearer tokens: from the realm by GET, or by OAuth2 POST with an identity token (distribution's
 * token and oauth specifications). One request at a time and host, for all scopes wanted so far.
 */

/* A token of the host that covers `need`; the value is the caller's to secret_free. NULL when the
 * realm was unlearnt meanwhile: ask without, the answer names it. `registry` is the host's own URL,
 * for the realm rule. */
MUST_CHECK bool token_get(char **value_out, struct registry *r, struct host *h,
			  const struct url *registry, const struct login *login,
			  const struct scopes *need, struct err *err);

/* It was refused: forget it. */
void token_drop(struct host *h, const char *value);

/* One token without any credential, for the foreign host a redirect led to. */
MUST_CHECK bool token_get_anonymous(char **value_out, struct registry *r, const char *realm,
				    const char *service, const char *scope,
				    const struct url *registry, struct err *err);

#endif
