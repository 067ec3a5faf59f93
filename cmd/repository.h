// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_REPOSITORY_H
#define CMD_REPOSITORY_H

#include "cmd/copying.h"

/* Many tags of one repository to another: copy --all-tags and sync. */

struct repository_request {
	const struct place *from, *to;                   /* without tags */
	bool (*wants)(const void *arg, const char *tag); /* NULL: every tag */
	const void *arg;
	struct copy_options options; /* no_clobber: tags that hold something else are left alone */
};

struct repository_report {
	struct str_list tags; /* that were wanted; signatures' last */
	size_t copied, unchanged, kept;
	uint64_t bytes_sent;
	json_t *images; /* what was copied */
};
void repository_report_free(struct repository_report *r);

/* Unchanged tags are found out at once, by one question at either end. */
MUST_CHECK bool repository_copy(struct repository_report *out, struct session *s,
				const struct repository_request *request, struct err *err);

#endif
