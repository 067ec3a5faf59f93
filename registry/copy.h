// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_COPY_H
#define REGISTRY_COPY_H

#include "registry/writer.h"

/*
 * One image from any place to any other, byte for byte: its blobs at once, then its documents, then
 * what speaks of it (referrers, cosign's tags), and the names last, so that a name that is there
 * means a copy that was finished. A copy that is there already costs one question at either end.
 */
struct copy_options {
	const struct platform *platforms; /* a choice of an index's images; none: the whole */
	size_t platform_count;
	bool no_signatures;           /* leave referrers and cosign's tags */
	bool always_signatures;       /* look for new ones even when the image itself is there */
	bool no_clobber;              /* a name that holds something else is E_INTEGRITY */
	bool plan;                    /* only find out what would be done */
	bool ask_first;               /* HEAD before GET: most are expected to be there */
	size_t jobs;                  /* blobs at once; 0: LIMIT_PARALLEL_TRANSFERS */
	const struct str_list *names; /* all the reader has, when they are known already; NULL */
};

struct copy_result {
	struct digest digest; /* of what the names hold now */
	char media_type[128];
	int64_t size;   /* of the image: documents and blobs */
	bool unchanged; /* all names held it already */
	bool subset;    /* a new index was made of the chosen platforms */
	bool unwrapped; /* one image of an index became a plain manifest */
	bool signatures_looked_at;
	size_t documents, signatures, referrers;
	/* by enum moved */
	uint64_t blobs[MOVED_SENT + 1], bytes[MOVED_SENT + 1];
	uint64_t requests_to_come; /* at most: of both registries, beside those made already */
	struct str_list platforms; /* of the images */
	char *config_digest;       /* of a plain manifest; NULL */
};
void copy_result_free(struct copy_result *r);

/*
 * `names` (at least one) of the writer's. E_NOT_FOUND: absent, or a platform is missing;
 * E_INTEGRITY; what readers and writers fail with. `finish` is the caller's.
 */
MUST_CHECK bool copy_image(struct copy_result *out, struct reader *from, struct writer *to,
			   const struct str_list *names, const struct copy_options *options,
			   struct events *events, struct err *err);

/* Whether all names hold what the reader's place names, which is *digest_out: one question at
 * either end. */
MUST_CHECK bool copy_is_done(bool *out, struct digest *digest_out, struct reader *from,
			     struct writer *to, const struct str_list *names, struct err *err);

#endif
