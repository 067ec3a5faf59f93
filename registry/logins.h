// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_LOGINS_H
#define REGISTRY_LOGINS_H

#include "registry/state.h"

/*
 * Inside registry/: the credential for each repository, looked for at the first need and kept for
 * the run. First the settings files and helpers (registry/credentials.h); when they have none, the
 * login of the cloud the host belongs to, then registry_options.fallback, once for a host. A helper
 * or a cloud may take seconds, so no lock is held meanwhile; who wants the same one waits, others
 * do not.
 */

/* Borrowed from the registry. An anonymous one is a login too. */
MUST_CHECK bool logins_find(const struct login **out, struct registry *r, const char *host,
			    const char *repository, struct err *err);

/* registry_options.fallback, which must be there. */
MUST_CHECK bool logins_fallback(struct credential *out, char **where_out, struct registry *r,
				const char *host, struct err *err);

/* Take over a credential for `host` that came another way, for client_call.as. Borrowed from the
 * registry. */
const struct login *logins_keep(struct registry *r, const char *host, struct login *found);

/* The registry, or its token server, took it. */
void logins_worked(struct registry *r, const struct login *login);
/*
 * A login that was taken before is refused now: clouds' and some helpers' last for an hour or less,
 * and a long run longer. The first that notices looks for it again, once for all: whoever comes
 * meanwhile waits, whoever comes later (here or to logins_find) gets what took its place, which may
 * expire in its turn. False: nothing did, since the places it came from have the same again, or
 * none, or it is the successor of LIMIT_LOGINS already.
 */
bool logins_renew(const struct login **login, struct registry *r, const char *repository);

/* With registry_options.create_repositories: make the repository where the registry wants that
 * (ECR), once a run. Being refused is only a warning, since it may exist. */
MUST_CHECK bool logins_create_repository(struct registry *r, const struct reference *repository,
					 struct err *err);

/* The cure for having no credential for the host. Always false. */
bool logins_hint(struct err *err, const char *host);

#endif
