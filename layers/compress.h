// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_COMPRESS_H
#define LAYERS_COMPRESS_H

#include "base/sink.h"
#include "image/media.h"

/*
 * Compression sinks. gzip: ONE member (RFC 1952), compressed in independent
 * blocks on several threads, bytes the same for any number of threads and any CPU; header mtime 0,
 * no name, OS 255. Where blocks end is said by the bytes themselves, so that those behind a change
 * are the same again. zstd: one frame (RFC 8878) with content checksum, level 3, the same for any
 * number of threads too. NONE passes on. Threads start with the second block: what is small is
 * compressed on the caller's.
 */
struct pieces;
struct compress_options {
	enum compression kind;
	int level; /* 0: the default of the kind; gzip 1..12, zstd 1..19 */
	struct pieces *
		pieces; /* gzip: looked into and added to (layers/pieces.h); borrowed, NULL: none */
	size_t threads; /* 0: parallel_cpus(); at most LIMIT_COMPRESS_THREADS are used */
};
/* A level outside the range is E_USAGE. `next` is borrowed. Bytes reach it on the thread that
 * writes or finishes. */
MUST_CHECK bool compressor_open(struct sink **out, struct sink *next,
				const struct compress_options *opt, struct err *err);
void compressor_close(struct sink *s); /* finished or not; NULL is fine */
DEFINE_AUTO(struct sink, compressor_close)

/*
 * "gzip-libdeflate-1.14-4-256K-1M-8K": name, library, version, level, block sizes, least run of
 * noise (layers/noise.h); recorded, since
 * compressed digests are equal only for one of these.
 */
struct compressor_id {
	char text[48];
};
struct compressor_id compressor_id(const struct compress_options *opt);

/*
 * A source of the plain bytes of `from` (owned in any case, closed with it). Ratio and window
 * limits of base/limits.h; what is cut off, damaged or followed by other data is E_INTEGRITY;
 * several gzip members or zstd frames in a row are read as one. `from` has been read to its end
 * when the end is reported. COMPRESSION_NONE passes on.
 */
MUST_CHECK bool decompressor_open(struct source **out, struct source *from, enum compression kind,
				  struct err *err);
/* The same for what the first bytes say it is (`kind_out` may be NULL). */
MUST_CHECK bool decompressor_detect(struct source **out, enum compression *kind_out,
				    struct source *from, struct err *err);
/* By magic; COMPRESSION_NONE when it is none we know. */
enum compression compression_detect(const void *head, size_t len);

#endif
