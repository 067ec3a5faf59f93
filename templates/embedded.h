// SPDX-License-Identifier: Apache-2.0
#ifndef TEMPLATES_EMBEDDED_H
#define TEMPLATES_EMBEDDED_H

#include <stddef.h>

/* The files below templates/<backend>/, inside the program: made by tools/embed at build time. */
struct embedded_file {
	const char *name; /* "knative/Dockerfile" */
	const char *data; /* NUL behind the last byte */
	size_t len;
};

extern const struct embedded_file embedded_files[];
extern const size_t embedded_count;

#endif
