// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_RESOLVE_H
#define PYTHON_RESOLVE_H

#include "python/selection.h"
#include "python/wheel_request.h"

/*
 * From a request to the choice: what was asked for, what there is, what is taken. The wheels
 * themselves need not be here yet.
 */
struct resolve {
	struct requirements requirements;
	struct candidates candidates;
	struct selected_list chosen;
};
void resolve_free(struct resolve *x);

/* `out` starts zeroed and must stay where it is. Errors as those of wheels_select. */
MUST_CHECK bool resolve_run(struct resolve *out, const struct wheel_request *req,
			    struct events *events, struct err *err);

#endif
