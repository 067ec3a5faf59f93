// SPDX-License-Identifier: Apache-2.0
#include "base/turn.h"

/* Locks that have names. */

void turns_init(struct turns *t)
{
	*t = (struct turns){ 0 };
	lock_init(&t->lock);
	cond_init(&t->dropped);
}

void turns_free(struct turns *t)
{
	map_free(&t->taken);
	cond_free(&t->dropped);
	lock_free(&t->lock);
}

void turn_take(struct turns *t, const char *key)
{
	lock_take(&t->lock);
	while (map_has(&t->taken, key))
		cond_wait(&t->dropped, &t->lock);
	map_put(&t->taken, key, NULL);
	lock_drop(&t->lock);
}

void turn_drop(struct turns *t, const char *key)
{
	lock_take(&t->lock);
	map_remove(&t->taken, key);
	cond_broadcast(&t->dropped);
	lock_drop(&t->lock);
}
