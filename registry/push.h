// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PUSH_H
#define REGISTRY_PUSH_H

#include "registry/registry.h"
#include "registry/upload.h"

/*
 * An image, or an index and all its images, to a registry under one or more tags of one repository.
 * Blobs in parallel, what images share once, each by the cheapest way that is safe
 * (registry/move.h), straight from its origin registry when it is not in the store. Then the
 * manifests of an index by their digests, and last what the tags shall hold, so that no tag ever
 * names something that is not whole.
 */
struct push_options {
	const struct digest
		*fresh; /* blobs just built that cannot be there: uploaded without a question */
	size_t fresh_count;
	bool is_new;                 /* just built: not asked for under its tags either */
	const struct digest *expect; /* an existing tag must have this digest (or be absent when
					`expect_absent`), else E_INTEGRITY "moved" */
	bool expect_absent;
	/* Asked while the blobs are on their way: whether the documents may follow. *may_out false:
	   they do not, and that is no failure. NULL: they may. */
	bool (*ask)(void *arg, bool *may_out, struct err *err);
	void *ask_arg;
	/* A repository that may have the layers nothing else is known of: mounted from there when
	   it is in the same registry and has them. */
	const struct reference *mount_from;
	/* Upload sessions of this repository that were opened ahead (registry/upload.h): used
	   first; the array's entries are taken, those not needed are cancelled. */
	struct upload **sessions;
	size_t session_count;
};
/* `ref` and `more_tags` (NULL: none). What is there under one of the tags already costs a request
 * for each tag, and one more for each that holds something else. */
MUST_CHECK bool registry_push(struct registry *r, const struct image *img,
			      const struct reference *ref, const struct str_list *more_tags,
			      const struct push_options *opt, struct err *err);
MUST_CHECK bool registry_push_index(struct registry *r, const struct index *x,
				    const struct image *images, size_t count,
				    const struct reference *ref, const struct str_list *more_tags,
				    const struct push_options *opt, struct err *err);

#endif
