// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_RELEASE_H
#define TEMPLATES_RELEASE_H

#include <stdbool.h>

/*
 * What is known of a Python 3.x (PEP 494 and its successors; the official images on Docker Hub):
 * the day its support ends, the youngest Debian it has an official image of up to bookworm, and
 * that one's C library.
 */
struct python_release {
	const char *version; /* "3.11" */
	const char *debian;  /* "bookworm" */
	const char *libc;    /* "glibc-2.36" */
	bool is_old;         /* no Lithops of today supports it: kept for runtimes of old clients */
};
const struct python_release *python_release_find(const char *version); /* NULL: unknown */

#endif
