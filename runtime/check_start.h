// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_CHECK_START_H
#define RUNTIME_CHECK_START_H

#include "runtime/check.h"
#include "sandbox/sandbox.h"

/*
 * What files alone do not tell: the image's own python3 starts as its user, in its directory and
 * environment, imports Lithops and compiles the entry point. Nothing else of the image is run, it
 * has no network, and what it writes is thrown away.
 */
struct check_start_request {
	const struct backend *backend;
	const struct image *image; /* all layers in the store */
	struct store *store;
	struct sandbox *sandbox;
};
/*
 * `report` is that of check_run, without errors: `executed` becomes true, `lithops` is filled.
 * E_NEGATIVE with Python's own last words when it does not start, is another version than files
 * say, or does not import; E_UNSUPPORTED for a platform whose programs do not run here.
 */
MUST_CHECK bool check_start(struct check_report *report, const struct check_start_request *req,
			    struct err *err);

#endif
