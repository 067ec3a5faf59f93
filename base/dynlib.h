// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_DYNLIB_H
#define BASE_DYNLIB_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

/*
 * Libraries that most commands do not need (libcurl, libarchive, libgit2) are
 * loaded by their adapter at first use, since their own dependencies would
 * make every start slow. An adapter keeps one struct of typed function pointers:
 *
 *	#define CURL_FUNCTIONS(X) X(curl_easy_init) X(curl_easy_cleanup)
 *	#define X(name) __typeof__(&name) name;
 *	static struct { CURL_FUNCTIONS(X) } lib;
 *	#undef X
 *	#define X(name) { #name, offsetof(__typeof__(lib), name) },
 *	static const struct dynlib_symbol symbols[] = { CURL_FUNCTIONS(X) { 0 } };
 */
struct dynlib_symbol {
	const char *name;
	size_t offset; /* of the pointer in the adapter's struct */
};

/* Fill `table_out` from `soname`; a missing library or symbol is E_UNSUPPORTED with the package to
 * install. Stays loaded. */
MUST_CHECK bool dynlib_load(void *table_out, const char *soname,
			    const struct dynlib_symbol *symbols, const char *package,
			    struct err *err);

#endif
