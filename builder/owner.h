// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_OWNER_H
#define BUILDER_OWNER_H

#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"
#include "layers/tree.h"

/* --chown and --chmod of COPY and ADD, and the owner of a WORKDIR (facts/dockerfile.md rows 17 and
 * 18). */
struct owner {
	bool given;
	int64_t uid, gid;
};
/* Whether names have to be looked up in the image. */
bool owner_has_names(const char *text);
/* In which files. */
void owner_needs(const char *text, bool *passwd_out, bool *group_out);
/* "user[:group]". A number alone is the group too; a name alone brings its primary group. `tree`
 * may be NULL when there are no names. E_INPUT, E_NOT_FOUND. */
MUST_CHECK bool owner_parse(struct owner *out, const char *text, const struct tree *tree,
			    struct err *err);

enum { MODE_CLAUSES = 32 };
struct mode_clause {
	mode_t who;     /* bits of the classes that change */
	char op;        /* + - = */
	mode_t bits;    /* r w x of all classes, and s t */
	bool x_if_any;  /* X */
	char copy_from; /* u g o, or 0 */
};
struct mode_change {
	bool given;
	bool is_octal;
	mode_t octal;
	struct mode_clause clauses[MODE_CLAUSES];
	size_t clause_count;
};
/* "0755" (to 07777) or "u=rwX,go=rX". E_INPUT. */
MUST_CHECK bool mode_parse(struct mode_change *out, const char *text, struct err *err);
mode_t mode_apply(const struct mode_change *m, mode_t mode, bool is_dir);

#endif
