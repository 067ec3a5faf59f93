// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_REALM_H
#define REGISTRY_REALM_H

#include <stdbool.h>

#include "base/str.h"
#include "net/url.h"

/*
 * Who may see a credential. The realm of a challenge is named by the server, so without a rule any
 * server could have any password sent anywhere (CVE-2020-15157). Pure but for the public suffix
 * list, which is a constant.
 */

/*
 * Whether the credential of `registry` may go to `realm`: https (or a registry on loopback, or both
 * plain when that was asked for), and the same host, or names that share a registrable domain
 * (public suffix list), or a built-in or `trusted` (may be NULL) host. Addresses and localhost only
 * when they are the registry's own host.
 */
bool realm_may_send(const struct url *realm, const struct url *registry,
		    const struct str_list *trusted);

/* Whether a realm may be asked at all, without a credential: not from https to http, and never a
 * nearer address than the registry is. */
bool realm_may_ask(const struct url *realm, const struct url *registry);

#endif
