// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_COMPRESS_H
#define LAYERS_COMPRESS_H

#include "base/sink.h"
#include "image/media.h"

/*
 * Compression sinks. gzip: ONE member (RFC 1952), compressed in independent
 * blocks on several threads, bytes the same for any number of threads and any CPU; header mtime 0,
 * no name, OS 255. zstd: one frame with content checksum, level 3. NONE passes on.
 */
struct compress_options {
	enum compression kind;
	int level;      /* 0: the default of the kind */
	size_t threads; /* 0: parallel_cpus() */
};
struct compressor; /* starts with a struct sink */
MUST_CHECK bool compressor_open(struct sink **out, struct sink *next,
				const struct compress_options *opt, struct err *err);
void compressor_close(struct sink *s); /* finished or not; NULL is fine */
/* "gzip-zlib-1.2.13-6-1M": name, version, level, block size; recorded, since compressed digests are
 * equal only for one of these. */
const char *compressor_id(const struct compress_options *opt);

/*
 * A source of the plain bytes of `from` (owned, closed with it). What it is is found out from the
 * first bytes when `kind` is a guess (want_detect). Ratio and window limits of base/limits.h;
 * trailing garbage is E_INTEGRITY; several gzip members are read.
 */
MUST_CHECK bool decompressor_open(struct source **out, struct source *from, enum compression kind,
				  struct err *err);
/* By magic; COMPRESSION_NONE when it is none we know. */
enum compression compression_detect(const void *head, size_t len);

#endif
