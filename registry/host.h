// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_HOST_H
#define REGISTRY_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/parallel.h"
#include "image/store.h"
#include "registry/scope.h"
#include "registry/strategy.h"

struct login;

/* The last failure that others may have waited for, and of whom: a refusal concerns only those who
 * ask for as much with the same login, but also when they come later. */
struct host_failure {
	uint64_t count;
	struct err err;
	const struct login *login;
	struct scopes need;
};

/*
 * What is known of one registry host: how it is spoken to, how it wants logins, the tokens it
 * accepts, how it takes blobs. Scheme, realm, service and strategy are remembered in the store
 * (cache/hosts), never a secret.
 */
enum host_scheme { SCHEME_UNKNOWN, SCHEME_HTTPS, SCHEME_HTTP };
enum host_auth { AUTH_UNKNOWN, AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

struct token {
	struct scopes scopes;
	const struct credential *credential; /* it was got with; NULL: none */
	char *value;
	char *refresh;       /* that came with it (OAuth2 refresh token); NULL: none */
	uint64_t expires_ms; /* of clock_monotonic_ms; some time before it really does */
};

struct host {
	char *name;
	bool loopback;
	struct lock lock; /* all below */
	struct cond cond;
	enum host_scheme scheme;
	enum host_auth auth;
	char *realm, *service;
	bool remembered; /* the above is from the cache and not yet confirmed */
	bool insecure;   /* registries.conf says that no certificate is needed */
	bool saved;      /* the cache says the same */
	bool known;      /* it has answered once, or is remembered: requests may go in parallel */
	bool probing;    /* the first request is under way */
	bool fetching;   /* a token request is */
	struct host_failure failure, token_failure; /* of those two */
	struct strategy strategy;
	struct scopes wanted;
	struct {
		struct token *items;
		size_t len, cap;
	} tokens;
};

struct host *host_new(const char *name);
void host_free(void *host);

/* Read what an earlier run remembered; nothing and nonsense are fine. */
void host_recall(struct host *h, struct store *store);
/* Write it, best effort: losing it costs one request. Takes the lock. */
void host_remember(struct host *h, struct store *store);
/* Forget realm and service, in memory: they were wrong. Holding the lock. */
void host_unlearn(struct host *h);

/* Both holding the lock: keep a failure; whether there was one since `count` was `before`, or at
 * any time a refusal, that concerns `login` and `need` too. */
void host_fail(struct host_failure *f, const struct login *login, const struct scopes *need,
	       const struct err *why);
bool host_has_failed(const struct host_failure *f, uint64_t before, const struct login *login,
		     const struct scopes *need);

/*
 * The gate of the first contact: true at once when the host is known; the first caller goes through
 * alone (and must call host_leave), others wait for it. False: it failed, with its error. Whom that
 * failure does not concern goes next.
 */
MUST_CHECK bool host_enter(struct host *h, bool *first_out, const struct login *login,
			   const struct scopes *need, struct err *err);
void host_leave(struct host *h, bool ok, const struct login *login, const struct scopes *need,
		const struct err *why);

#endif
