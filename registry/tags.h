// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_TAGS_H
#define REGISTRY_TAGS_H

#include "registry/registry.h"

/*
 * The tags of a repository (distribution-spec, "Listing Tags"): asked for in pages of
 * TAGS_PAGE, or where that is refused of TAGS_PAGE_SMALL, following Link headers. Not sorted:
 * distribution 2.8 sends them in any order.
 */
enum {
	TAGS_PAGE = 1000, /* ECR takes no more */
	TAGS_PAGE_SMALL = 100,
};
struct tags_request {
	bool first_page_only;
	size_t limit; /* stop after so many; 0: all there are, at most LIMIT_TAGS */
};
/* *whole_out (may be NULL): nothing was left out. E_NOT_FOUND when there is no such repository. */
MUST_CHECK bool registry_tags(struct str_list *out, bool *whole_out, struct registry *r,
			      const struct reference *repository,
			      const struct tags_request *request, struct err *err);

/* The target of a Link header's rel="next" (RFC 8288), NULL when it has none. The caller frees. */
char *tags_link_next(const char *header);

/*
 * Tags that tools make from a digest: cosign's "sha256-HEX.sig", ".att" and ".sbom", and the
 * referrers fallback "sha256-HEX" (distribution-spec). False for any other.
 */
bool tags_is_of_digest(struct digest *of_out, const char **suffix_out, const char *tag);
/* "sha256-HEX" and the suffix. The caller frees. */
char *tags_for_digest(const struct digest *d, const char *suffix);
extern const char *const tags_cosign_suffixes[3];

#endif
