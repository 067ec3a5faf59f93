// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_TURN_H
#define BASE_TURN_H

#include "base/map.h"
#include "base/parallel.h"

/*
 * One at a time, by key: who comes second waits until the first is through, and then looks whether
 * anything is left to do. For work that several threads may find missing at once, a blob's transfer
 * say. A thread takes a second turn only while no other thread can want the two the other way
 * round.
 */
struct turns {
	struct lock lock;
	struct cond dropped;
	struct map taken; /* keys */
};
void turns_init(struct turns *t);
void turns_free(struct turns *t);

void turn_take(struct turns *t, const char *key);
void turn_drop(struct turns *t, const char *key);

#endif
