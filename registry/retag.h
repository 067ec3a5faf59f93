// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_RETAG_H
#define REGISTRY_RETAG_H

#include "registry/registry.h"

/* Changing what a tag holds, by somebody who looked at it before. */

/* What a tag held when it was looked at. */
struct tag_state {
	bool is_there;
	struct digest digest;
};
/* One HEAD. A tag that is not there is no error. */
MUST_CHECK bool registry_look(struct tag_state *out, struct registry *r,
			      const struct reference *ref, struct err *err);

/*
 * Put a document under a tag, which is read once more just before: E_INTEGRITY "moved" when it
 * holds neither what it held nor the document already. No registry offers more (there is no
 * If-Match on tags), so a window of one round trip remains. *wrote_out: it was not there already.
 */
MUST_CHECK bool registry_put_unmoved(bool *wrote_out, struct registry *r,
				     const struct reference *ref,
				     const struct registry_document *doc, const char *media_type,
				     const struct tag_state *held, struct err *err);

/*
 * Annotations of a manifest or index, set and removed in its bytes: members and their order stay,
 * labels are not touched. *changed_out false: the bytes are what they were. E_UNSUPPORTED for
 * Docker's documents, which have none.
 */
MUST_CHECK bool annotate_document(bool *changed_out, struct registry_document *doc,
				  const struct json_pairs *set, const struct str_list *removed,
				  struct err *err);

#endif
