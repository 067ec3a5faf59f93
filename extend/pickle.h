// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_PICKLE_H
#define EXTEND_PICKLE_H

#include "base/err.h"
#include "base/str.h"

/*
 * func.pickle as a Lithops worker (3.1.2 and later) loads it: a pickled dict {'func': bytes}, whose
 * bytes are the pickle of a reference to a function of an importable module (pickle protocols:
 * CPython Lib/pickletools.py, PEP 3154). Written by hand, so that no Python is needed; loads on
 * every Python 3. A plain name is a protocol 0 GLOBAL (29 bytes in all for mylib.work), a nested
 * one
 * ("Class.method") needs STACK_GLOBAL of protocol 4.
 */
MUST_CHECK bool pickle_function(struct buf *out, const char *module, const char *function,
				struct err *err); /* E_INPUT: not identifiers */

/* The inner pickle alone: the reference to a function. */
MUST_CHECK bool pickle_reference(struct buf *out, const char *module, const char *function,
				 struct err *err); /* E_INPUT: not identifiers */

/* A file that a worker writes before it loads the function. */
struct pickle_file {
	const char *path; /* relative, "pkg/data.txt" */
	struct slice bytes;
};

/*
 * The outer pickle around an inner one of whoever made it; with files also 'module_data', a dict
 * {path: base64}, in the order given.
 */
void pickle_payload(struct buf *out, struct slice function, const struct pickle_file *files,
		    size_t count);

#endif
