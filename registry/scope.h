// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_SCOPE_H
#define REGISTRY_SCOPE_H

#include <stdbool.h>

#include "base/str.h"

/* Scopes of Bearer tokens (distribution's token specification), as sets. */
enum access {
	ACCESS_NONE,
	ACCESS_PULL,
	ACCESS_PUSH,
	ACCESS_DELETE
}; /* each includes those before */

struct scope {
	char *repository;
	enum access access;
};

struct scopes {
	struct scope *items;
	size_t len, cap;
	struct str_list raw; /* those of another shape, as the server named them ("aws") */
};
void scopes_free(struct scopes *s);
void scopes_add(struct scopes *s, const char *repository, enum access access);
void scopes_add_all(struct scopes *s, const struct scopes *more);
/* A challenge's scope value: blank-separated. */
void scopes_add_text(struct scopes *s, const char *text);
bool scopes_cover(const struct scopes *have, const struct scopes *need);
/* "repository:name:pull,push" each; those with push first, since some servers look at the first
 * alone. */
void scopes_text(struct str_list *out, const struct scopes *s);

#endif
