// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_BACKEND_H
#define TEMPLATES_BACKEND_H

#include "base/arena.h"
#include "base/err.h"
#include "base/json.h"

/*
 * A serverless backend as data: one file templates/<dir>/backend.yaml, read by a
 * shape table. Text may hold {{placeholders}}, see templates/render.h.
 */
struct backend_layout { /* where wheels go; python/wheels.h has the same four */
	const char *site, *scripts, *data, *interpreter;
};

struct backend_handler {        /* Lithops inside an image; entry NULL: none */
	const char *entry;      /* the entry point's path in the lithops package */
	const char *as;         /* its path below the handler directory */
	const char *site;       /* where the package lithops goes; NULL: beside it */
	struct json_list files; /* const char *: empty files to make beside it */
};

/* A text beside backend.yaml that goes into a function zip, its placeholders filled. */
struct backend_zip_file {
	const char *path, *from; /* "lithops_handler/function.json", "function.json" */
};

/* What files of a function zip depend on beside the packages: keys of Lithops' configuration.
 * {{KEY}} is the value, and a section {{#KEY_VALUE}} (letters and digits of it alone) stays for one
 * of `values`. */
struct backend_zip_setting {
	const char *name;
	struct json_list values; /* const char *: the choices, the first by default; empty: text */
};

/* A function zip: the handler, the files and, unless the platform installs them, the packages at
 * layout.site; `name` NULL: the backend's artifact is no function zip. */
struct backend_zip {
	const char *name;            /* of the file, as Lithops calls it; may hold {{runtime}} */
	struct json_list installers; /* const char *: who can install the packages, the first by
					default: "wheels" (they are in the zip), "pip" (the
					platform, by `requirements`) */
	const char *requirements;    /* that file's path */
	struct json_list settings;   /* struct backend_zip_setting */
	struct json_list files;      /* struct backend_zip_file */
	int64_t packed_max;          /* bytes of the zip; 0: no limit known */
};

struct backend {
	const char *name; /* "aws_lambda", "aws_lambda:layer" */
	const char *title;
	const char *artifact;  /* "image", "layer" or "zip" */
	const char *directory; /* below templates/ */
	const char *default_name;
	const char *base;         /* image reference; NULL for zips */
	struct json_list pythons; /* const char * */
	const char *default_python;
	struct json_list platforms;
	struct json_list compressions;
	bool single_manifest;
	int64_t unpacked_max;      /* bytes; 0: no limit known */
	struct json_pairs libc;    /* python -> libc of the platform's own runtime */
	struct json_list packages; /* const char *: requirements */
	struct backend_layout layout;
	struct backend_handler handler;
	struct backend_zip zip;
};

/* All of them, sorted by name; read once, on first use by one thread. E_INPUT names a file of ours
 * that is wrong: a bug a test catches. */
struct backend_table {
	struct backend *items;
	size_t len;
	struct arena arena;
};
MUST_CHECK bool backend_table_load(struct backend_table *out, struct err *err);
void backend_table_free(struct backend_table *t);

/* E_USAGE with "did you mean" and the list. */
MUST_CHECK bool backend_find(const struct backend **out, const struct backend_table *t,
			     const char *name, struct err *err);

/* `python` NULL: the default; E_USAGE when the backend has no such Python. */
MUST_CHECK bool backend_python(const char **out, const struct backend *b, const char *python,
			       struct err *err);
MUST_CHECK bool backend_check_platform(const struct backend *b, const char *platform,
				       struct err *err);
const char *backend_libc(const struct backend *b,
			 const char *python); /* NULL when the base decides */

#endif
