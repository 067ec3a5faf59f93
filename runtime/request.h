// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_REQUEST_H
#define RUNTIME_REQUEST_H

#include "base/str.h"
#include "builder/build.h"
#include "image/platform.h"
#include "image/store.h"
#include "python/targets.h"
#include "python/wheels.h"
#include "registry/registry.h"
#include "sandbox/sandbox.h"
#include "templates/backend.h"
#include "templates/render.h"

/* A runtime as asked for: a backend, a Python, a platform, packages. Everything is borrowed. */
struct runtime_request {
	const struct backend_table *table;
	const struct backend *backend; /* of that table */
	const char *python;            /* NULL: the backend's default */
	const char *base;              /* NULL: the backend's */
	const char *libc;              /* "glibc-2.36"; NULL: the platform's own, else the base's */
	const char *lithops;           /* a version, wheel or directory; NULL: the best there is */
	const struct buf *dockerfile;  /* the user's own; NULL: the backend's */
	enum installer installer;
	const struct str_list
		*requirements; /* files; added to an image's default packages, instead of a zip's */
	const struct str_list *packages; /* requirements in words, beside those of the files; NULL:
					    none */
	const struct str_list *constraints; /* files of what else is asked for; NULL: none */
	bool prereleases, no_deps;          /* as pip's --pre and --no-deps have it */
	const struct str_list *find_links;  /* directories of wheels, and pages that link to them */
	const struct wheel_indexes *indexes; /* NULL: none are asked */
	const struct str_list *pip_options;  /* words for a pip that runs in the image; NULL: none
						(runtime/pip_options.h) */
	struct platform platform;
	const struct python_profile *target; /* --target: what the three above say as well; NULL:
						they alone (runtime/target.h) */
	struct store *store;                 /* remembers what was looked at; NULL: nothing does */
	struct registry *registry;           /* for a base image that is looked at; NULL: none is */
	struct build_company *company; /* other builds, which ask for the same bases; may be NULL */
	struct sandbox *sandbox;   /* for `precompile` by the base's Python; NULL: it cannot run */
	bool pull;                 /* though the store has it */
	const char *full_python;   /* "3.11.9"; NULL: the patch level is not known */
	const char *precompile;    /* an interpreter of that Python: modules get bytecode, too.
				      "base": the base image's */
	bool exclude_preinstalled; /* leave out what the target's runtime brings */
};

#endif
