// SPDX-License-Identifier: Apache-2.0
#ifndef NET_PROXY_H
#define NET_PROXY_H

#include <stdbool.h>

#include "base/err.h"
#include "net/url.h"

/* The proxy variables, as values, so that the rule is a pure function. Borrowed; NULL when not set.
 */
struct proxy_env {
	const char *http;  /* $http_proxy, $HTTP_PROXY */
	const char *https; /* $https_proxy, $HTTPS_PROXY */
	const char *all;   /* $all_proxy, $ALL_PROXY */
	const char *none;  /* $no_proxy, $NO_PROXY */
};
struct proxy_env proxy_env(void); /* of this process; lower case wins, as with curl */

/*
 * The proxy for a URL, or NULL for none; borrowed from `env`. Loopback hosts never have one.
 * NO_PROXY as Go reads it: a list of "*", names ("example.com" and ".example.com" both cover
 * sub-domains), addresses, address ranges ("10.0.0.0/8"), each with an optional port.
 */
const char *proxy_for(const struct proxy_env *env, const struct url *u);

#endif
