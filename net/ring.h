// SPDX-License-Identifier: Apache-2.0
#ifndef NET_RING_H
#define NET_RING_H

#include <stddef.h>

/* A bounded queue of bytes, by which bodies cross between threads. Not locked: its owner does that.
 */
struct ring {
	char *data; /* allocated at the first put */
	size_t cap;
	size_t head; /* of the next byte out */
	size_t len;
};

void ring_init(struct ring *r, size_t cap);
void ring_free(struct ring *r);
size_t ring_space(const struct ring *r);
size_t ring_put(struct ring *r, const void *data, size_t len); /* as much as fits */
size_t ring_take(struct ring *r, void *out, size_t cap);       /* as much as is there */

#endif
