// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_TARGET_H
#define RUNTIME_TARGET_H

#include "base/event.h"
#include "python/wheels.h"
#include "runtime/request.h"

/* Which Python a runtime's packages are for. */

/*
 * A target by name or FILE.json into the request: its Python, platform, C library. `own` keeps what
 * it points to, and must outlive it. E_USAGE when the request has a Python or C library already,
 * or, with `has_platform`, another platform.
 */
MUST_CHECK bool runtime_request_target(struct runtime_request *req, struct python_profile *own,
				       const char *name, bool has_platform, struct err *err);

/*
 * The target of a request: the one it was given, else the backend's own runtime where that has a
 * name (python/targets.h), else Python, platform and C library as the request and the backend say
 * them. `python` is the minor ("3.11"). Warns of a Python that has ended. `*out` holds what the
 * target points to.
 */
MUST_CHECK bool runtime_target_make(struct python_profile *out, const struct runtime_request *req,
				    const char *python, struct events *events, struct err *err);

/* Leave out the wheels of projects the target's runtime brings, each with a note that names its
 * version. E_USAGE when nothing is known of what that is. */
MUST_CHECK bool runtime_drop_preinstalled(struct wheel_list *wheels, const struct python_profile *p,
					  struct events *events, struct err *err);

/* A zip's packages lie on sys.path, but in no site directory: Python does not read .pth files
 * there. Names each; namespace packages' own do nothing since Python 3.3, so they are left out. */
void runtime_warn_of_pth(const struct entry_list *packages, const char *site,
			 struct events *events);

#endif
