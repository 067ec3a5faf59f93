// SPDX-License-Identifier: Apache-2.0
#include "builder/flight.h"

#include <stdlib.h>

#include "base/mem.h"

/* Work under way, and done, by its key. */

struct flight {
	bool done;
	struct layer layer;
};

void flights_init(struct flights *f)
{
	lock_init(&f->lock);
	cond_init(&f->landed);
	f->by_key = (struct map){ .free_value = free };
}

void flights_free(struct flights *f)
{
	map_free(&f->by_key);
	cond_free(&f->landed);
	lock_free(&f->lock);
}

bool flight_join(struct flights *f, const struct digest *key, struct layer *out)
{
	struct digest_text hex = digest_hex(key);
	struct flight *flight;
	bool done;

	lock_take(&f->lock);
	while ((flight = map_get(&f->by_key, hex.text)) && !flight->done)
		cond_wait(&f->landed, &f->lock);
	done = flight != NULL;
	if (done)
		*out = flight->layer;
	else
		map_put(&f->by_key, hex.text, mem_alloc(sizeof(*flight)));
	lock_drop(&f->lock);
	return done;
}

void flight_land(struct flights *f, const struct digest *key, const struct layer *layer)
{
	struct digest_text hex = digest_hex(key);
	struct flight *flight;

	lock_take(&f->lock);
	if (layer) {
		flight = map_get(&f->by_key, hex.text);
		flight->layer = *layer;
		flight->done = true;
	} else {
		map_remove(&f->by_key, hex.text);
	}
	cond_broadcast(&f->landed);
	lock_drop(&f->lock);
}
