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
	const char *python; /* "3.11" or "3.11.2": the image's */
	const char *libc;   /* "musl-1.2"; NULL: glibc, as python_target_make has it */
	struct platform platform;
	const char *const *files; /* requirements files */
	size_t file_count;
	const char *const *find_links; /* directories and pages of wheels */
	size_t find_links_count;
	const struct wheel_indexes *indexes;
};

/* Chosen for one platform. Owned. */
struct packages {
	struct python_target target;
	struct wheel_list wheels;
};
void packages_free(struct packages *p);

/* Errors of python_target_make and wheels_select. */
MUST_CHECK bool packages_choose(struct packages *out, const struct packages_request *req,
				struct events *events, struct err *err);

/* What the layer's bytes depend on (wheels_identity), as 64 hex digits. */
struct packages_hash {
	char text[2 * SHA256_SIZE + 1];
};
struct packages_hash packages_identity(const struct packages *p);

/* "name version" of each. */
void packages_names(struct str_list *out, const struct packages *p);

/*
 * Verified, and written to the store. Errors of elf_check_wheels and wheels_merge; E_INPUT: a
 * package would hide Lithops or a module of Python itself.
 */
MUST_CHECK bool packages_write(struct layer *out, struct store *store, const struct packages *p,
			       const struct layer_options *options, struct events *events,
			       struct err *err);

#endif
