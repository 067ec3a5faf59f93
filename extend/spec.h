// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_SPEC_H
#define EXTEND_SPEC_H

#include "base/err.h"
#include "base/event.h"
#include "extend/locate.h"
#include "extend/modules.h"

/* What to bake, checked: one function and every file that must be there for it. Owned. */
struct spec {
	struct target target;
	struct modules modules;
};

/* Errors of locate_function and of modules.h; E_INPUT also for a pickle that cannot be made. */
MUST_CHECK bool spec_resolve(struct spec *out, const struct locate_request *req,
			     struct events *events, struct err *err);
void spec_free(struct spec *s);

#endif
