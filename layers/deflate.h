// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_DEFLATE_H
#define LAYERS_DEFLATE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"

/*
 * Deflate (RFC 1951) of blocks that are compressed apart, on any thread and in any order, and
 * joined to one stream. libdeflate does it: two to three times as fast as zlib at the same size
 * (docs/adr). Its streams always end, so the last block of each is found and its final bit cleared;
 * then an empty stored block brings it to a byte boundary, as zlib's Z_SYNC_FLUSH does. The walk
 * that looks for it proves the stream against the plain bytes (layers/deflate_walk.h): no layer is
 * ever written that does not unpack to what went in.
 */
enum { DEFLATE_LEVEL_DEFAULT = 6 };
extern const char *const deflate_version; /* "1.14" */

struct deflater;
struct deflater *deflater_open(int level); /* 1..12; one for each thread at a time */
void deflater_close(struct deflater *d);
DEFINE_AUTO(struct deflater, deflater_close)

size_t deflater_bound(size_t len); /* room that any of the below needs for `len` bytes */

/* A part of a stream: not final, ends at a byte boundary. The number of bytes put at `out`. */
size_t deflater_part(struct deflater *d, void *out, const void *data, size_t len);
/* The same in several parts: runs of noise (layers/noise.h) are stored without a look for matches.
 */
size_t deflater_parts(struct deflater *d, void *out, const void *data, size_t len);
/* A whole stream of its own. */
size_t deflater_whole(struct deflater *d, void *out, const void *data, size_t len);

/* What ends a stream of parts: an empty final block. */
enum { DEFLATE_END_SIZE = 2 };
extern const unsigned char deflate_end[DEFLATE_END_SIZE];

uint32_t deflate_crc32(uint32_t crc, const void *data, size_t len);
uint32_t deflate_crc32_join(uint32_t first, uint32_t second, uint64_t second_len);

#endif
