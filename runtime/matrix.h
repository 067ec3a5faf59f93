// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_MATRIX_H
#define RUNTIME_MATRIX_H

#include "templates/backend.h"

/*
 * Many runtimes by one file:
 *
 *	backends: [knative, k8s]
 *	pythons: ["3.10", "3.11"]       # default: each backend's own
 *	platforms: [linux/amd64]        # default: the first of each backend's
 *	name: host/rt/{{backend}}:py{{python_flat}}-{{arch}}
 *	output: dist/{{backend}}-{{python_flat}}-{{arch}}
 *	push: true
 *	settings: [{ backend: azure_functions, key: trigger, value: https }]   # --setting of its
 *cells exclude: [{ backend: k8s, python: "3.10" }] include: [{ backend: k8s, python: "3.13",
 *platform: linux/arm64 }]
 *
 * The cells are the product of the first three, in that order, less those an `exclude` describes
 * (a member it does not have fits all), and then those of `include`, each once. A combination that
 *a backend does not have is skipped when the product made it, and wrong when `include` did.
 *
 * `name` is of images, `output` the path of zips (".zip" is added) and the directory of bundles.
 * Placeholders: backend (":" is "-"), python, python_flat, platform ("/" is "-"), os, arch.
 */
struct matrix_cell {
	const struct backend *backend;
	const char *python, *platform;
	char *name;               /* NULL: the backend's default */
	char *output;             /* NULL: none is needed */
	struct str_list settings; /* KEY=VALUE */
	char *skipped;            /* why it is not built; NULL: it is */
};

struct matrix {
	struct matrix_cell *items; /* in the order they are built in */
	size_t len, cap;
	bool push;
	json_t *doc;
	struct arena arena;
};
void matrix_free(struct matrix *m);

/* E_INPUT with file:line:col; also for a backend, Python or platform that nothing has, and for two
 * cells of one name or output. The table is borrowed. */
MUST_CHECK bool matrix_read(struct matrix *out, const struct backend_table *t, const char *text,
			    size_t len, const char *file, struct err *err);

#endif
