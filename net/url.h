// SPDX-License-Identifier: Apache-2.0
#ifndef NET_URL_H
#define NET_URL_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/*
 * http and https URLs (RFC 3986), as far as a client must understand them: where they lead and how
 * a server's relative ones resolve. Path and query are opaque and never re-encoded, since upload
 * locations and signed URLs are only valid as they were given.
 */
struct url {
	bool https;
	uint16_t port;  /* never 0 */
	char host[256]; /* lower case; an IPv6 address keeps its brackets */
	char *target;   /* owned: path and query, begins with "/"; the fragment is gone */
};

void url_free(struct url *u);

/*
 * Absolute http or https. Refused, E_INPUT: other schemes, user information, blanks, control
 * characters, backslashes, bytes above 0x7e, ports outside 1..65535, host names that are neither
 * names nor canonical addresses ("127.1", "0x7f000001"), more than LIMIT_URL bytes.
 */
MUST_CHECK bool url_parse(struct url *out, const char *text, struct err *err);
/* `reference` (absolute, "//host/x", "/x", "?x" or "x") as seen from `base`: RFC 3986, 5.2. */
MUST_CHECK bool url_resolve(struct url *out, const struct url *base, const char *reference,
			    struct err *err);
void url_copy(struct url *out, const struct url *from);
char *url_text(const struct url *u);  /* whole, default port left out; caller frees */
char *url_shown(const struct url *u); /* the same without the query, which may hold a signature */
char *
url_authority(const struct url *u); /* "host" or "host:port", default port left out; caller frees */

/* Append name=value with "?" or "&"; the value is percent-encoded. */
void url_add_query(struct url *u, const char *name, const char *value);

/* Scheme, host and port agree: the unit that credentials belong to. */
bool url_same_origin(const struct url *a, const struct url *b);

/* How far away a host is, by its name or literal address alone; nothing is looked up. */
enum url_reach {
	URL_PUBLIC,     /* names, and addresses of the internet */
	URL_PRIVATE,    /* RFC 1918, 100.64/10, fc00::/7 */
	URL_LINK_LOCAL, /* 169.254/16, fe80::/10: cloud metadata lives there */
	URL_LOOPBACK,   /* localhost, *.localhost, 127/8, ::1, and the unspecified addresses */
};
enum url_reach url_reach(const struct url *u);
bool url_is_address(const struct url *u); /* an IPv4 or IPv6 literal */

/*
 * Where a redirect or an upload location leads, by rule: never from https to http, never from a
 * farther host to a loopback or link-local address, nor from a public address to a private one.
 * E_NETWORK when it is refused.
 */
MUST_CHECK bool url_follow(struct url *out, const struct url *from, const char *location,
			   struct err *err);

#endif
