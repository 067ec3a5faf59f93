// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_LICENSERS_H
#define PYTHON_LICENSERS_H

#include "python/demand.h"

/*
 * Who licenses which files (demand.h): found as requirements come to light, and kept while the
 * choice is begun again, so it goes by names.
 */
struct licenser {
	const struct candidate *by; /* NULL: the user, so always */
	const char *extra;          /* under which it does; NULL: under none */
	const char *key;            /* whose files */
	enum license kind;
};
struct licensers {
	struct licenser *items;
	size_t len, cap;
};
void licensers_free(struct licensers *l);

bool licensers_have(const struct licensers *l, const char *key, enum license kind);

/* What `d` licenses, under an extra of who asks or none. True: some of it is new. Only files there
 * are count. */
bool licensers_note(struct licensers *l, struct candidates *c, const struct demand *d,
		    const char *extra);

/*
 * Read every wheel of this machine that could come to be chosen for `keys` or what those require,
 * and note what it licenses. What is on an index and was not read yet stays unread: it may be
 * thousands of files. *found_out: some of it is new.
 */
MUST_CHECK bool licensers_search(struct licensers *l, bool *found_out, struct candidates *c,
				 const struct marker_env *env, const char *const *keys,
				 size_t count, struct err *err);

#endif
