// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BACKENDS_H
#define CMD_BACKENDS_H

#include "cmd/cmd.h"
#include "templates/backend.h"

/* The backend table with what --templates adds: directories and git repositories (git/location.h),
 * later ones before earlier ones. */
MUST_CHECK bool backends_load(struct backend_table *out, struct session *s,
			      const struct str_list *templates, struct err *err);

#endif
