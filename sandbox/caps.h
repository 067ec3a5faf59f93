// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_CAPS_H
#define SANDBOX_CAPS_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

/* Docker's default capability set (github.com/moby/moby, daemon/pkg/oci/caps), from one table. */

/* Bounding set of this process: Docker's, and nothing in the others that is outside it. Needs
 * CAP_SETPCAP. */
MUST_CHECK bool caps_bound(struct err *err);
/* As the last step before execve: effective and permitted to Docker's set for root, to nothing for
 * others. */
MUST_CHECK bool caps_set(bool is_root, struct err *err);
/* The member process.capabilities of an OCI config. */
json_t *caps_oci(bool is_root);

#endif
