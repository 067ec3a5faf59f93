// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_CAPS_H
#define SANDBOX_CAPS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

/* What a command may do: Docker's default capability set (github.com/moby/moby,
 * daemon/pkg/oci/caps), from one table; or all there are. */

/* Bounding set of this process: Docker's, and nothing in the others that is outside it. Needs
 * CAP_SETPCAP. */
MUST_CHECK bool caps_bound(struct err *err);
/* As the last step before execve: effective and permitted to Docker's set for root, to nothing for
 * others. */
MUST_CHECK bool caps_set(bool is_root, struct err *err);
/* The member process.capabilities of an OCI config. */
json_t *caps_oci(bool is_root);

/*
 * Without a bound, for sandbox.h's insecure: caps_hold before the user changes, caps_raise in place
 * of caps_set. All this process has is then the command's, whoever it runs as.
 */
MUST_CHECK bool caps_hold(struct err *err);
MUST_CHECK bool caps_raise(struct err *err);
json_t *caps_oci_all(void);

#endif
