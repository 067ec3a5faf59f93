// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_NOISE_H
#define LAYERS_NOISE_H

#include <stddef.h>

/*
 * Bytes that deflate cannot make smaller: what is compressed or encrypted already. Looking for
 * matches in them is as dear as in text and finds none. Judged by the bytes alone and in whole
 * numbers, so that the answer is the same on every machine.
 *
 * A unit is noise when its byte values are spread as chance spreads them, neither less evenly (then
 * a Huffman code gains) nor more (a table, a ramp), and when none of the 8-byte strings looked at
 * comes again within the window of deflate. What it costs is half a percent of bytes where files of
 * noise lie between others, since what follows does not see what came before; and a second copy of
 * the same noise within one window, which could have been a match, is kept as it is.
 */
enum {
	NOISE_UNIT = 1024,    /* is judged as a whole */
	NOISE_MIN = 8 * 1024, /* shorter runs are not worth the end of a block */
};

struct noise_run {
	size_t start, end;
};

/* The first run in data[from..len), from which units are counted; {len, len} when there is none. */
struct noise_run noise_find(const void *data, size_t from, size_t len);

#endif
