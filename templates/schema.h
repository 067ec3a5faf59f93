// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_SCHEMA_H
#define TEMPLATES_SCHEMA_H

#include "base/json.h"

/* A YAML document that somebody writes by hand, and where in it one is. */
struct schema {
	const char *file; /* its name in messages */
	const char *text;
	size_t len;
	/* Where the value to check is; deep enough for every shape table of this room. */
	struct yaml_step path[8];
	size_t depth;
};

/*
 * The document, or the part of it at `path`, against its shape table, strictly: a member the table
 * does not have (with "did you mean"), one that is missing, one of another type. E_INPUT with
 * file:line:col.
 */
MUST_CHECK bool schema_check(struct schema *s, const struct json_type *type, json_t *doc,
			     struct err *err);

/* Put the place of a top-level member into an error that was set; of the document's begin when
 * there is no such member. */
bool schema_at(struct schema *s, const char *member, struct err *err);

#endif
