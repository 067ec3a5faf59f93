// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_STRATEGY_H
#define REGISTRY_STRATEGY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/json.h"

/*
 * What was learnt of a registry about how blobs and documents get there, so that a refusal is met
 * once and not with each blob. Pure values; host.c keeps one for each host, in the store between
 * runs. Nothing in it is secret, and none of it lasts: after LIMIT_STRATEGY_AGE_S it is forgotten,
 * and what turns out wrong at once.
 */
enum known { KNOWN_NOTHING, KNOWN_YES, KNOWN_NO };

struct strategy {
	uint64_t single_limit; /* the smallest body that was too large for one PUT; 0: none was */
	uint64_t chunk_limit;  /* the smallest chunk that was too large; 0: none was */
	uint64_t chunk_min;    /* OCI-Chunk-Min-Length */
	enum known chunks;     /* PATCH works at all */
	enum known mount;      /* from a repository that has the blob */
	enum known head;       /* HEAD of a manifest brings its digest */
	enum known range;      /* of blobs */
	enum known many_tags;  /* PUT of a digest with ?tag= */
	uint64_t page;  /* tags to ask for at a time, where TAGS_PAGE is refused; 0: it is not */
	int64_t learnt; /* when, seconds since 1970; 0: nothing was */
};

/* From a member of the host's document; nonsense and what is too old reads as nothing. */
void strategy_read(struct strategy *out, const json_t *doc, int64_t now);
json_t *strategy_write(const struct strategy *s); /* NULL when nothing was learnt */

/*
 * The size of chunks for a blob of `size` bytes, 0: one PUT. `wanted` is the user's (0: none): what
 * is larger goes in chunks of that. Otherwise chunks are for blobs beyond LIMIT_SINGLE_PUT, whose
 * loss would hurt, and for those that one PUT was refused for.
 */
uint64_t strategy_chunk(const struct strategy *s, uint64_t size, uint64_t wanted);

/* The size of chunks, at most, for a blob whose end is not known yet; 0: it had better be sent when
 * it is whole. */
uint64_t strategy_stream(const struct strategy *s, uint64_t wanted);

/* After a refusal of chunks of `tried` bytes (0: of one PUT) that was learnt: whether
 * strategy_chunk has another answer now, and a sensible one. */
MUST_CHECK bool strategy_has_way(const struct strategy *s, uint64_t size, uint64_t wanted,
				 uint64_t tried);

/* Learn from refusals. */
void strategy_single_refused(struct strategy *s, uint64_t size, int64_t now);
void strategy_chunk_refused(struct strategy *s, uint64_t chunk, int64_t now);

#endif
