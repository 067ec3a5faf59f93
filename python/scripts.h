// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SCRIPTS_H
#define PYTHON_SCRIPTS_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"

/* Programs of a distribution: entry points (packaging.python.org, "Entry points specification") and
 * their wrappers. */
struct entry_point {
	const char *name;   /* of the program */
	const char *module; /* "pip._internal.cli.main" */
	const char *object; /* "main", "Class.method" */
};
struct entry_points {
	struct entry_point *items;
	size_t len, cap;
};

void entry_points_free(struct entry_points *e);

/*
 * The console_scripts and gui_scripts of entry_points.txt, in order, each name once (the last
 * wins). E_INPUT for a name that is no file name, or a value that is no module:object.
 */
MUST_CHECK bool entry_points_parse(struct entry_points *out, struct arena *a, struct slice text,
				   struct err *err);
const struct entry_point *entry_points_find(const struct entry_points *e, const char *name);

/*
 * pip ships its own wrappers with the version it was built with, so those are made anew: pip, pip3
 * and, minor above zero, pip3.<minor>. As pip does for itself.
 */
void entry_points_fix_pip(struct entry_points *e, struct arena *a, int minor);

/* "#!/usr/local/bin/python3.11\n"; through /bin/sh when the kernel would not take it (over 127
 * bytes, blanks). */
void script_put_shebang(struct buf *out, const char *interpreter);
/* The bytes pip writes for an entry point. */
void script_put_wrapper(struct buf *out, const struct entry_point *e, const char *interpreter);
/* "#!python" at the start: the line is replaced on installing. */
bool script_is_for_python(struct slice head);

#endif
