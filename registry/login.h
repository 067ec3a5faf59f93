// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_LOGIN_H
#define REGISTRY_LOGIN_H

#include "registry/registry.h"

/* Verify the credential against the registry (GET /v2/, with token exchange), then store it (helper
 * when one is configured, else config.json 0600, atomically, unknown members kept). */
MUST_CHECK bool registry_login(struct registry *r, const char *host, const char *user,
			       const char *password, char **stored_in_out, struct err *err);
/* *had_out: whether something was there. */
MUST_CHECK bool registry_logout(struct registry *r, const char *host, bool *had_out,
				struct err *err);
/* Of every registry that the file logins are kept in knows; `gone` gets their names, also of those
 * before one that failed. */
MUST_CHECK bool registry_logout_all(struct str_list *gone, struct registry *r, struct err *err);

#endif
