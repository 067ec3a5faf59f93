// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_REMOVE_H
#define REGISTRY_REMOVE_H

#include "registry/registry.h"

/*
 * Taking an image out of a repository (distribution-spec, "Content Management"). A tag is deleted
 * as a tag where the registry can do that. Elsewhere the manifest goes, by its digest, and with it
 * every other tag that holds it: those are looked for first, and without `force` nothing is
 * deleted when there are any. Nor when the index of a tag lists it, which could not be pulled
 * any more: those are read for that.
 */
struct remove_options {
	bool force;
	bool plan;                   /* only find out */
	const struct str_list *also; /* tags of the repository that are to go too, so that they are
					no reason to refuse; may be NULL */
};

struct remove_result {
	struct digest digest;   /* by digest: what was deleted */
	bool by_tag;            /* the tag alone went, nothing else was touched */
	struct str_list tags;   /* by digest: every tag that held it, but those that were named */
	struct str_list also;   /* by digest: those of `also` that held it */
	struct str_list broken; /* by digest: tags of indexes that list it, but those named */
};
void remove_result_free(struct remove_result *r);

/*
 * E_NOT_FOUND: absent. E_NEGATIVE: other tags hold the same manifest, or list it; they are in the
 * message and in `out`. E_UNSUPPORTED: the registry does not delete, with the cure.
 */
MUST_CHECK bool registry_remove(struct remove_result *out, struct registry *r,
				const struct reference *ref, const struct remove_options *options,
				struct err *err);

#endif
