// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_MODULES_H
#define EXTEND_MODULES_H

#include <stdint.h>
#include <sys/types.h>

#include "base/arena.h"
#include "base/err.h"
#include "base/event.h"
#include "base/map.h"
#include "extend/outline.h"

/*
 * The files that are baked below /opt/lithops/modules: modules and whole packages, with what they
 * import from the directory they were found in, and so on. Python's own order in a directory holds:
 * package, module file, namespace package. __pycache__, *.pyc and *.pyo stay out.
 */
struct module_file {
	const char *path; /* below modules: "map.py", "pkg/data/x.json" */
	const void *data; /* NULL: read from `name` under `dir` when it is written */
	int64_t size;
	int dir; /* borrowed from the list */
	const char *name;
};

struct module_top {
	const char *name; /* "map", "pkg", "data.csv" */
	const char *from; /* where it was found, for messages */
	dev_t device;
	ino_t inode;
	int root; /* directory its imports are looked for in; -1: none */
};

struct modules {
	struct arena arena;
	struct {
		struct module_file *items;
		size_t len, cap;
	} files; /* sorted by path after modules_close_over */
	struct {
		struct module_top *items;
		size_t len, cap;
	} tops;
	struct map by_name; /* a set of their names */
	struct {
		int *items;
		size_t len, cap;
	} dirs; /* open directories */
	struct {
		struct module_import *items;
		size_t len, cap;
	} queue;                     /* imports to look at */
	struct str_list dirs_walked; /* of packages, as the user would name them */
	struct events *events;
};

/* `events` is told what is baked and why. */
void modules_init(struct modules *m, struct events *events);
void modules_free(struct modules *m);

/* A module whose source is in memory already: `name` is "map", `shown` the file, `root` the
 * directory of its imports. */
MUST_CHECK bool modules_add_source(struct modules *m, const char *root, const char *name,
				   const char *shown, struct slice source,
				   const struct outline *outline, struct err *err);
/* What such a source imports, without itself. */
MUST_CHECK bool modules_add_imports(struct modules *m, const char *root, const char *shown,
				    struct slice source, const struct outline *outline,
				    struct err *err);
/* A top-level module or package of `root` by name. */
MUST_CHECK bool modules_add_name(struct modules *m, const char *root, const char *name,
				 struct err *err);
/* A file or package directory given by path; a file that is no .py, and a directory without any, is
 * baked beside the modules as data. */
MUST_CHECK bool modules_add_path(struct modules *m, const char *path, struct err *err);

/*
 * Everything they import from their own directories. E_INPUT: two modules of one name; a name of
 * the standard library or lithops; links out of the directory; special files; source that cannot be
 * followed (of module files: in packages that is their own affair).
 */
MUST_CHECK bool modules_close_over(struct modules *m, struct err *err);

/* Every directory a file was taken from, for whoever waits for changes; some may come twice. */
void modules_dirs(struct str_list *out, const struct modules *m);

#endif
