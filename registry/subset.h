// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_SUBSET_H
#define REGISTRY_SUBSET_H

#include "registry/reader.h"

/* Some platforms of an index. */

struct subset_result {
	bool made;      /* a new index */
	bool unwrapped; /* one image was left: its manifest stands for the index */
};

/*
 * Replace `root` by what is left of it: the index itself when nothing falls away, a new one with
 * fewer entries (each as it was; attestations stay with their images), or for one platform the
 * manifest alone. A root that is no index must be for the platform. E_NOT_FOUND names what there
 * is.
 */
MUST_CHECK bool subset_of(struct subset_result *out, struct registry_document *root,
			  struct reader *from, const struct platform *wanted, size_t count,
			  struct err *err);

#endif
