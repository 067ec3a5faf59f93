// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_OUTLINE_H
#define EXTEND_OUTLINE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/err.h"

/*
 * What a Python source file defines and imports, found without running it: every binding of a name
 * in the module and, as "Class.name", in its classes, in source order; bodies of if, try, with,
 * for, while and match count as where they stand. Not seen: what functions do through `global`,
 * setattr, exec, and names bound inside f-strings.
 */
enum binding_kind {
	BINDING_DEF,
	BINDING_ASYNC_DEF,
	BINDING_CLASS,
	BINDING_IMPORT,
	BINDING_LAMBDA, /* name = lambda ... */
	BINDING_ASSIGN, /* any other: =, +=, :=, for, with, except, case, type */
	BINDING_DELETE,
};

struct binding {
	enum binding_kind kind;
	const char *name;
	int line, column; /* of the name */
	bool conditional; /* inside if, try, with, for, while or match */
	bool decorated;
	bool is_static; /* the decorator nearest to the def is staticmethod or classmethod */
	bool generator; /* its own body has a yield */
};

/* `import a.b` is module "a.b", level 0; `from ..c import d, e` is module "c", level 2, names d and
 * e. */
struct outline_import {
	const char *module; /* "" for `from . import` */
	int level;
	const char **names; /* of `from`; {"*"} for a star */
	size_t name_count;
	const char **bound; /* what it binds here: "a" or an alias; of `from`, one for each name */
	size_t bound_count;
	int line, column;
	bool nested; /* in a function: runs when it is called, not when the module is imported */
};

struct outline {
	struct arena arena;
	struct {
		struct binding *items;
		size_t len, cap;
	} bindings;
	struct {
		struct outline_import *items;
		size_t len, cap;
	} imports;
	/* The first statement that does work on import (a call, a loop, a with) and is not behind
	 * `if __name__ == "__main__"`; line 0: there is none. */
	int runs_line, runs_column;
};

/* E_INPUT, with its place in `file`, for source that cannot be followed (see tokenizer_next). */
MUST_CHECK bool outline_read(struct outline *out, const char *text, size_t len, const char *file,
			     struct err *err);
void outline_free(struct outline *o);

/*
 * The last binding of `name`: what the name means when the module was imported. For "Class.name"
 * only bindings since the last binding of Class count. NULL when there is none.
 */
const struct binding *outline_find(const struct outline *o, const char *name);

#endif
