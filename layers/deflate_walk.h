// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_DEFLATE_WALK_H
#define LAYERS_DEFLATE_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Where the last block of a deflate stream begins and ends (RFC 1951), for a stream whose plain
 * bytes are at hand: nothing is written, so it costs half of what inflating does.
 *
 * It proves the stream as it goes. All of it is decoded; each literal must be the next plain byte,
 * and for each match the plain bytes here must be those `distance` bytes back. What is known of the
 * bytes before carries over to those behind, so a stream that is walked to its end inflates to
 * `data`, no byte more or less, in every decoder. Whatever it is given, it reads nothing outside
 * `stream` and `data`, and what zlib refuses it refuses (tests/fuzz/deflate_walk.c plays both).
 */
struct deflate_ends {
	size_t last_block; /* the header of the last block, in bits from the start */
	size_t end;        /* the first bit behind it */
};

enum {
	WALK_LITERAL_BITS = 11, /* what one look-up takes, at most; longer codes take two */
	WALK_DISTANCE_BITS = 8,
	WALK_CODE_BITS = 15, /* the longest */
	WALK_LITERALS = 288,
	WALK_DISTANCES = 32,
};

/* Scratch of one walk after the other; needs no initialisation. Second tables: at least two codes
 * share each, since an incomplete code is refused. */
struct deflate_walker {
	uint32_t literals[(1 << WALK_LITERAL_BITS) +
			  WALK_LITERALS / 2 * (1 << (WALK_CODE_BITS - WALK_LITERAL_BITS))];
	uint32_t distances[(1 << WALK_DISTANCE_BITS) +
			   WALK_DISTANCES / 2 * (1 << (WALK_CODE_BITS - WALK_DISTANCE_BITS))];
};

/* False: the stream is no deflate stream of exactly `data`, or does not end in its last byte. */
bool deflate_walk(struct deflate_ends *out, struct deflate_walker *w, const void *stream,
		  size_t stream_len, const void *data, size_t len);

#endif
