// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_WHEEL_GROUPS_H
#define PYTHON_WHEEL_GROUPS_H

#include "python/wheels.h"

/*
 * The files of wheels in few parts that other sets of wheels have, too, so that what runtimes and
 * backends have in common is made, stored and sent once (docs/adr/0025). Which part a wheel belongs
 * to depends on that wheel alone:
 *
 *   - a wheel of WHEEL_GROUP_BIG bytes or more is a part of its own;
 *   - the others share WHEEL_GROUP_SHARED parts, by a hash of their name;
 *   - what tells sets of wheels apart comes last: REQUESTED and so the RECORD of the wheels that
 *     were asked for, files whose mode two wheels of different parts disagree on.
 *
 * Of more than WHEEL_GROUP_BIG_MAX big wheels the smallest count as the others. Laid over each
 * other in order the parts are exactly the files of wheels_merge.
 */
enum {
	WHEEL_GROUP_BIG = 1024 * 1024,
	WHEEL_GROUP_SHARED = 4,
	WHEEL_GROUP_BIG_MAX = 24, /* image engines mount at most 127 layers, the base's included */
};

struct wheel_group {
	char *title;               /* for people: "numpy 1.24.2", "6 small packages" */
	struct entry_list entries; /* sorted, with parents */
	char *identity;            /* what the entries depend on, as wheels_identity */
};
struct wheel_groups {
	struct wheel_group *items;
	size_t len, cap;
};
/* `all` are the files of wheels_merge for the same wheels and layout. The entries borrow from both.
 */
MUST_CHECK bool wheel_groups_make(struct wheel_groups *out, const struct wheel_list *wheels,
				  const struct entry_list *all, const struct wheel_layout *layout,
				  struct err *err);
void wheel_groups_free(struct wheel_groups *g);

#endif
