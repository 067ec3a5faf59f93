// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_PIECES_H
#define LAYERS_PIECES_H

#include "image/store.h"

/*
 * Compressed pieces of layers that are in the store already, found again by the bytes they hold:
 * when one file of many changed, the others' pieces need no compressor. A piece lies where it is,
 * in its layer's blob; what is kept is where, in cache/pieces, one file a layer. They are for one
 * compressor, whose id they carry (compress.h), and never change what it would have given.
 *
 * Bytes are known by a fingerprint under a key that is the store's secret (base/hash.h), and their
 * CRC-32; those of the piece in the blob too, so that a damaged blob is not copied on. Loading and
 * saving are best effort: without an index everything is compressed.
 */
struct pieces;
struct pieces *pieces_open(struct store *store, const char *compressor_id);
void pieces_close(struct pieces *p);
DEFINE_AUTO(struct pieces, pieces_close)

/* Read the indexes of the layers used last: once, before the first pieces_find. */
void pieces_load(struct pieces *p);

struct fingerprint {
	unsigned char bytes[16];
};
struct fingerprint pieces_fingerprint(const struct pieces *p, const void *data, size_t len);

/* The compressed piece of `len` plain bytes into `out` (`cap` bytes); 0: not known. Thread-safe. */
size_t pieces_find(const struct pieces *p, void *out, size_t cap, const struct fingerprint *plain,
		   uint32_t crc, size_t len);

/* A piece of the layer being written, at `offset` of its blob. */
void pieces_add(struct pieces *p, const struct fingerprint *plain, uint32_t crc, size_t len,
		uint64_t offset, const void *packed, size_t packed_len);
/* The layer is in the store under this digest. Small ones are not worth it and are left out. */
void pieces_save(struct pieces *p, const struct digest *layer);

#endif
