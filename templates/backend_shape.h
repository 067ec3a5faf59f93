// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_BACKEND_SHAPE_H
#define TEMPLATES_BACKEND_SHAPE_H

#include "templates/backend.h"

/*
 * backend.yaml's shape. A file has all of `backend_type` and maybe `variants`, a list of objects
 * with a name and any other member, which are those of the backend with the variant's in their
 * place; but `title` is put behind the backend's, `environment`, `sources` and `downloads` are
 * merged, `setup` goes before the backend's, and `more_packages` are added.
 */
extern const struct json_type backend_type;

/*
 * Read one file: the backend and its variants are appended to `t`, which the file's text must
 * outlive. E_INPUT with file:line:col for a member that is unknown, missing, of a wrong type, or
 * whose value cannot be.
 */
MUST_CHECK bool backend_read(struct backend_table *t, const struct template_file *file,
			     struct err *err);

#endif
