// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_REFUSAL_H
#define PYTHON_REFUSAL_H

#include "python/demand.h"

/* Why nothing could be chosen, as an error people can act on. */
struct refusal {
	struct candidates *candidates;
	const struct python_target *target;
	/* those that take part in the contradiction, in the order they were said; of any projects
	 */
	struct {
		const struct demand **items;
		size_t len, cap;
	} demands;
	/* by candidate id: what speaks against a file but its version and tags */
	struct map reasons;
	bool wrong_hash; /* among them */
	bool needs_url;  /* among them */
	struct arena *arena;
};
void refusal_free(struct refusal *x);

/* Always false; see wheels_select for the errors. */
bool refusal_report(const struct refusal *x, struct err *err);

#endif
