// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_BASE_PYTHON_H
#define RUNTIME_BASE_PYTHON_H

#include "base/arena.h"
#include "base/event.h"
#include "builder/build.h"

/*
 * Which Python a base image has, told by what is in it, not by its name: the file bin/python3.N of
 * the places Pythons are installed to, PYTHON_VERSION of the official images for the patch level,
 * and the C library's own file for wheel tags.
 *
 * Only the layers that tell are fetched: from the top down to the one with the interpreter, then
 * from the lowest up to the one with the C library, which a distribution has in its first. (A newer
 * one in a layer between would offer newer wheels; those of the older one work with it.) A store
 * remembers the answer by the image's digest (cache/bases).
 */
struct base_python {
	/* -1: only the C library was asked for, and all but `libc` and `platform` say nothing */
	int minor;
	int patch;               /* 0: not known */
	const char *interpreter; /* "/usr/local/bin/python3.11" */
	/* Where packages go, as python/wheel.h's layout has them; dist-packages below /usr/local
	 * for Debian's own Python: there pip installs, and apt does not. */
	const char *site, *scripts, *data, *headers;
	const char *libc;         /* "glibc-2.36", "musl-1.2"; NULL: none was found */
	struct platform platform; /* of the image's configuration */
	struct arena arena;
};
void base_python_free(struct base_python *p);

struct base_python_request {
	const struct build_env *env; /* store and registry, events */
	const char *base;            /* the image's name */
	struct platform platform;    /* of an index */
	bool pull;
	bool libc_only;     /* the Python is none of the base's */
	const char *python; /* "3.11", as the user wants it; NULL: whichever there is */
	const char *libc;   /* as the user says it, for the base's is not looked for long; may be
			       NULL */
};

/* E_USAGE when the base has another Python than is wanted, E_INPUT when it has none, or several and
 * nothing decides, or no C library and the user says none. event_detail says what was found. */
MUST_CHECK bool base_python_find(struct base_python *out, const struct base_python_request *req,
				 struct err *err);

#endif
