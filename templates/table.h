// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_TABLE_H
#define TEMPLATES_TABLE_H

#include "templates/backend.h"

/* Filling the backend table from data files. */

/* Those inside the program. E_INPUT names a file of ours that is wrong: a bug a test catches. */
MUST_CHECK bool backend_table_load(struct backend_table *out, struct err *err);
/* And more, as DIR/<name>/backend.yaml (+ Dockerfile): those of a user, which go before ours of the
 * same name. E_INPUT with file:line:col, and when there is none. The files are taken. */
MUST_CHECK bool backend_table_add(struct backend_table *t, struct template_files *files,
				  struct err *err);

#endif
