// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_CHOICES_H
#define PYTHON_CHOICES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * A set of the choices there are for a package: versions 0 .. count-1, and `count` for being
 * absent. In an arena; `count` is the package's and the same for all sets that meet.
 */
struct choices {
	uint64_t *words;
	size_t count;
};

struct choices choices_none(struct arena *a, size_t count);
struct choices choices_all(struct arena *a, size_t count); /* absent among them */
struct choices choices_copy(struct arena *a, struct choices c);
void choices_add(struct choices c, size_t choice);

/* New sets. */
struct choices choices_and(struct arena *a, struct choices x, struct choices y);
struct choices choices_or(struct arena *a, struct choices x, struct choices y);
struct choices choices_not(struct arena *a, struct choices c);

bool choices_has(struct choices c, size_t choice);
bool choices_is_all(struct choices c);
bool choices_within(struct choices x, struct choices y); /* x is a part of y */
bool choices_meet(struct choices x, struct choices y);   /* they have one in common */
/* The lowest version at or above `from`; SIZE_MAX when there is none. Absent is no version. */
size_t choices_next(struct choices c, size_t from);
size_t choices_versions(struct choices c); /* how many, absent left out */

#endif
