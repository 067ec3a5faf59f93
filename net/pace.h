// SPDX-License-Identifier: Apache-2.0
#ifndef NET_PACE_H
#define NET_PACE_H

#include <stdint.h>

#include "base/map.h"
#include "base/parallel.h"

/*
 * Servers that asked to be left alone (429, Retry-After), and until when. What one request is told
 * counts for all others to that server: they wait too, instead of being refused one by one and
 * making it worse. Times are of clock_monotonic_ms and given, so that nothing here waits.
 * Thread-safe.
 */
struct pace {
	struct lock lock;
	struct map until; /* authority -> uint64_t *, milliseconds */
};
void pace_init(struct pace *p);
void pace_free(struct pace *p);

/* Nothing for `authority` (host:port) in the next `ms`; a longer pause of before stays. */
void pace_hold(struct pace *p, const char *authority, uint64_t now_ms, int ms);

/*
 * How long a request must still wait; 0: it may go. Those that waited come back spread over
 * `spread_ms` by their `random` (0 to 65535), not all at once.
 */
int pace_wait_ms(struct pace *p, const char *authority, uint64_t now_ms, int spread_ms,
		 unsigned random);

#endif
