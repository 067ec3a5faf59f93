// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_FLIGHT_H
#define BUILDER_FLIGHT_H

#include "base/map.h"
#include "base/parallel.h"
#include "image/image.h"

/*
 * Work that stages, platforms or builds of a company have in common is done once: who comes second
 * waits for the first and takes its layer, whatever the cache is told.
 */
struct flights {
	struct lock lock;
	struct cond landed;
	struct map by_key; /* digest, hex -> struct flight * */
};
void flights_init(struct flights *f);
void flights_free(struct flights *f);

/* True: `out` is the layer. False: the caller makes it, and must land the flight, whatever comes of
 * it. */
MUST_CHECK bool flight_join(struct flights *f, const struct digest *key, struct layer *out);
/* `layer` NULL: it failed, and whoever waits tries in turn. */
void flight_land(struct flights *f, const struct digest *key, const struct layer *layer);

#endif
