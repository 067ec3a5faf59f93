// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BACKENDS_H
#define CMD_BACKENDS_H

#include "base/map.h"
#include "cmd/cmd.h"
#include "templates/backend.h"

/* The backend table with what --templates adds: directories and git repositories (git/location.h),
 * later ones before earlier ones. */
MUST_CHECK bool backends_load(struct backend_table *out, struct session *s,
			      const struct str_list *templates, struct err *err);

/* -b NAME, or what Lithops' configuration says (cmd/configuration.h). E_USAGE when neither does. */
MUST_CHECK bool backends_choose(const struct backend **out, struct session *s,
				const struct backend_table *table, const char *name,
				struct err *err);

/* --setting KEY=VALUE into a MAP_TEXT. E_USAGE. */
MUST_CHECK bool backends_settings(struct map *out, const struct str_list *texts, struct err *err);

#endif
