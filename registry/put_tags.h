// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PUT_TAGS_H
#define REGISTRY_PUT_TAGS_H

#include "registry/registry.h"

/*
 * A document under several tags (at least one) of a repository. In one request where the registry
 * takes that (distribution-spec, "Pushing Manifests": PUT of the digest with ?tag=a&tag=b; it
 * answers OCI-Tag for each that it set); distribution 2.8 takes no notice and says 201. So every
 * tag that was not confirmed gets a PUT of its own, all at once, and a host that confirmed none is
 * not asked so again (registry/strategy.h).
 */
struct tagged_document {
	const char *media_type, *raw;
	size_t len;
	struct digest digest;
};
MUST_CHECK bool registry_put_tags(struct registry *r, const struct reference *repository,
				  const struct tagged_document *doc, const struct str_list *tags,
				  struct err *err);

#endif
