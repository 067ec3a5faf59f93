// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CHECK_H
#define BUILDER_CHECK_H

#include "builder/build.h"
#include "builder/lint.h"

/* A Dockerfile checked without being built: findings of the linter (lint.h), and the text to show
 * them in. */
struct check {
	struct dockerfile file;
	struct plan plan;
	struct lint lint;
};

/*
 * All stages, or those the request's target needs. The network is never asked: base images count
 * when `store` (may be NULL) has them. False when the Dockerfile is wrong: E_INPUT with the place,
 * and the findings before it are in `out`, which must be freed either way. Sorted by place.
 */
MUST_CHECK bool check_make(struct check *out, struct store *store, const struct build_request *req,
			   struct err *err);
void check_free(struct check *c);

/*
 * The same in a build, which has its plan: `base` as in lint.h. Findings are said as warnings, one
 * line each, but those in `said`, to which they are added: several platforms have most in common.
 * With `error=true` in the configuration they are E_INPUT.
 */
MUST_CHECK bool check_built(const struct plan *plan,
			    const struct config *(*base)(void *arg, const struct plan_stage *stage),
			    void *arg, struct events *events, struct map *said, struct err *err);
/* Before it, to fail early when findings are errors; bases as far as `store` knows them. */
MUST_CHECK bool check_first(const struct plan *plan, struct store *store, struct err *err);

#endif
