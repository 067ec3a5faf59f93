// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PUSH_H
#define REGISTRY_PUSH_H

#include "registry/registry.h"
#include "registry/upload.h"

/*
 * An image to a registry under one or more tags of one repository. Blobs in parallel: a layer whose
 * origin is this very repository is not asked for (the registry checks on manifest PUT); one from
 * another repository of the same registry is mounted; else HEAD, then upload (POST+PUT), straight
 * from its origin registry when it is not in the store. Manifest last, then the other tags.
 */
struct push_options {
	const struct digest
		*fresh; /* blobs just built that cannot be there: uploaded without a HEAD */
	size_t fresh_count;
	const struct digest *expect; /* an existing tag must have this digest (or be absent when
					`expect_absent`), else E_INTEGRITY "moved" */
	bool expect_absent;
	/* A repository that may have the layers nothing else is known of: mounted from there when
	   it is in the same registry and has them. */
	const struct reference *mount_from;
	/* Upload sessions of this repository that were opened ahead (registry/upload.h): used
	   first; the array's entries are taken, those not needed are cancelled. */
	struct upload **sessions;
	size_t session_count;
};
MUST_CHECK bool registry_push(struct registry *r, const struct image *img,
			      const struct reference *ref, const struct str_list *more_tags,
			      const struct push_options *opt, struct err *err);

#endif
