// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_CLIENT_H
#define REGISTRY_CLIENT_H

#include "image/reference.h"
#include "registry/state.h"

/* Inside registry/: one request to a registry with all that belongs to it (scheme, login,
 * redirects). */

struct client_call {
	const char *method;
	const struct reference *repository;
	enum access access;
	const struct reference *also; /* a mount's source: pull access in the same token; or NULL */
	const char *path;             /* behind /v2/REPOSITORY/; "" with `root` */
	bool root;                    /* /v2/ itself, for login */
	const struct url *url;        /* instead of path: an upload location */
	struct http_header headers[4];
	struct source *body;
	uint64_t body_size;
	bool once;
	bool follow;        /* redirects of GET */
	bool give_up_early; /* no second try with another token: for clean-up that may as well fail
			     */
	bool insecure; /* client_call's own: registries.conf allows plain HTTP and any certificate
			*/
	const struct login *as; /* instead of the stored credential: for login */
};

struct client_reply {
	struct http_reply http;
	struct url url; /* that answered, for its Location */
};
void client_reply_free(struct client_reply *r);

/* At the locations registries.conf names for it (registry/route.h), the mirrors first. Any status
 * but 401 is a success; the caller looks at it. E_AUTH, or what http_send fails with
 * (out->http.trouble stays). */
MUST_CHECK bool client_call(struct client_reply *out, struct registry *r,
			    const struct client_call *c, struct err *err);

/* One request to /v2/ without a login, for what the host's state then says. */
MUST_CHECK bool client_meet(struct registry *r, const struct reference *at, bool insecure,
			    struct err *err);

/* The host's state, made (and read from the store's cache) at first use. Borrowed from the
 * registry. */
struct host *client_host(struct registry *r, const char *name);

/* A warning that many requests may have reason for, shown once. */
void client_warn_once(struct registry *r, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Say that a repository will need this access soon, so that the first token has it already. */
void client_expect(struct registry *r, const struct reference *repository, enum access access);

#endif
