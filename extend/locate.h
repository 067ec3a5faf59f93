// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_LOCATE_H
#define EXTEND_LOCATE_H

#include "base/err.h"
#include "base/event.h"
#include "base/str.h"
#include "extend/outline.h"

/* The function that is to be baked, found and checked. Owned. */
struct target {
	bool is_module; /* it was asked for by module, not as one of a script */
	char *root;     /* the directory its module is found in: what stands for sys.path */
	char *module;   /* "map", "pkg.map" */
	char *function; /* "f", "Class.method" */
	char *path;     /* of its file below root: "map.py", "pkg/__init__.py" */
	char *shown;    /* the file as the user would name it */
	struct buf source;
	struct outline outline;
};
void target_free(struct target *t);

struct locate_request {
	const char *function; /* "f", "mod:f", "Class.method", "pkg.mod:Class.method" */
	const char
		*filepath; /* NULL: `mod` names it, else it is looked for in the .py files of cwd */
	const char *cwd;
	const char *const *modules; /* files and packages given beside: `mod` may be one of them */
	size_t module_count;
	/* For a pickle by value: any top-level name will do (a lambda, what a call returned), in a
	 * file of any name. */
	bool by_value;
};

/*
 * E_USAGE: no such function, or several (all listed with file:line, near names as hint). E_INPUT
 * with the place: it is no plain top-level def, is async, or its name is bound again later; a file
 * or function whose name is no identifier.
 */
MUST_CHECK bool locate_function(struct target *out, const struct locate_request *req,
				struct events *events, struct err *err);

#endif
