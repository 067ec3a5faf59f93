// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_REFERRERS_H
#define REGISTRY_REFERRERS_H

#include "registry/registry.h"

/*
 * What refers to an image by `subject`: signatures, SBOMs, attestations (distribution-spec,
 * "Listing Referrers" and "Referrers Tag Schema").
 */

/*
 * The registry's own list, an OCI index of all pages. E_UNSUPPORTED when it has no such service:
 * then the tag "sha256-HEX" may hold an index of the same form.
 */
MUST_CHECK bool registry_referrers(struct registry_document *out, struct registry *r,
				   const struct reference *repository, const struct digest *subject,
				   struct err *err);

/*
 * After referrers of `subject` were put: when the registry does not list them by itself, add them
 * to the index under its fallback tag, which is read first, written after and keeps what is there.
 * *wrote_out: that was needed.
 */
MUST_CHECK bool registry_referrers_record(bool *wrote_out, struct registry *r,
					  const struct reference *repository,
					  const struct digest *subject,
					  const struct descriptor *added, size_t count,
					  struct err *err);

#endif
