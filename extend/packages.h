// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_PACKAGES_H
#define EXTEND_PACKAGES_H

#include "base/event.h"
#include "image/store.h"
#include "layers/layer.h"
#include "python/wheels.h"

/*
 * Packages that functions need, as a layer of their own under /opt/lithops/packages, which stands
 * behind the modules on PYTHONPATH: no layer of the base has to be read to know where its own
 * packages are, and the layer of one set of packages is the same on every base of one Python.
 */
struct packages_request {
	const char *python; /* "3.11" or "3.11.2": the image's; NULL: it does not say, E_INPUT */
	const char *libc;   /* "musl-1.2"; NULL: glibc, as python_target_make has it */
	struct platform platform;
	const char *const *files; /* requirements files */
	size_t file_count;
	const char *const *find_links; /* directories and pages of wheels */
	size_t find_links_count;
	const struct wheel_indexes *indexes;
	struct layer_options layer;
};

/*
 * Chosen for that target, verified, and written to the store. *names_out gets "name version" of
 * each unless it is NULL. Errors of wheels_select and elf_check_wheels; E_INPUT: a package would
 * hide Lithops or a module of Python itself.
 */
MUST_CHECK bool packages_write(struct layer *out, struct str_list *names_out, struct store *store,
			       const struct packages_request *req, struct events *events,
			       struct err *err);

#endif
