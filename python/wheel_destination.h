// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_WHEEL_DESTINATION_H
#define PYTHON_WHEEL_DESTINATION_H

#include "python/scripts.h"
#include "python/wheel.h"

/* Where the members of a wheel go (PEP 427, "Installing a wheel distribution"; its .data folders
 * are the schemes of sysconfig). Borrowed. */
struct wheel_scheme {
	const struct wheel *wheel;
	const struct wheel_layout *layout;
	const struct entry_points *points; /* those that get wrappers */
	struct arena *arena;               /* holds what is found */
};

struct wheel_destination {
	const char *path; /* NULL: nowhere, it is replaced or of no use */
	bool is_script;   /* executable, and with "#!python" for the target's interpreter */
};
/* E_INPUT: below .data, but of no scheme. */
MUST_CHECK bool wheel_destination_find(struct wheel_destination *out, const struct wheel_scheme *s,
				       const char *member, struct err *err);

/* RECORD and its signatures, which have no row in it. */
bool wheel_destination_is_unlisted(const struct wheel *w, const char *member);

/* "folder/name", or the name alone for "". */
const char *wheel_destination_join(struct arena *a, const char *folder, const char *name);

#endif
