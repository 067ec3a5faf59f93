// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_HOST_H
#define REGISTRY_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/parallel.h"
#include "image/store.h"
#include "registry/scope.h"

/*
 * What is known of one registry host: how it is spoken to, how it wants logins, the tokens it
 * accepts. Scheme, realm and service are remembered in the store (cache/hosts), never a secret.
 */
enum host_scheme { SCHEME_UNKNOWN, SCHEME_HTTPS, SCHEME_HTTP };
enum host_auth { AUTH_UNKNOWN, AUTH_NONE, AUTH_BASIC, AUTH_BEARER };

struct token {
	struct scopes scopes;
	const struct credential *credential; /* it was got with; NULL: none */
	char *value;
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
	bool saved;      /* the cache says the same */
	bool known;      /* it has answered once, or is remembered: requests may go in parallel */
	bool probing;    /* the first request is under way */
	bool fetching;   /* a token request is */
	/* How often those failed, and the last error of each, for everyone who waited for it. */
	uint64_t failures, token_failures;
	struct err failure, token_failure;
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

/*
 * The gate of the first contact: true at once when the host is known; the first caller goes through
 * alone (and must call host_leave), others wait for it. False: it failed, with its error.
 */
MUST_CHECK bool host_enter(struct host *h, bool *first_out, struct err *err);
void host_leave(struct host *h, bool ok, const struct err *why);

#endif
