// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_LAYER_H
#define LAYERS_LAYER_H

#include "image/image.h"
#include "image/store.h"
#include "layers/compress.h"
#include "layers/entry.h"

/*
 * Entries to a layer in the store in one pass and constant memory:
 * tar -> sha256 (diff id) -> compress -> sha256 (digest) -> blob file. The two hashes and the
 * compressor run on their own threads.
 */
struct layer_options {
	struct compress_options
		compress; /* kind NONE means none; default: see layer_options_default */
	enum media_family family;
	/* Told of large layers while they are being made; borrowed, NULL: nobody is. No part of
	 * what a layer becomes. */
	struct blob_follower *follower;
};
struct layer_options layer_options_default(void); /* OCI, gzip */

/* `entries` must be sorted with parents. */
MUST_CHECK bool layer_write(struct layer *out, struct store *store,
			    const struct entry_list *entries, const struct layer_options *opt,
			    struct err *err);

/* The same for a tar stream made elsewhere (the sandbox): write raw tar bytes to the sink, then
 * commit. */
struct layer_writer;
MUST_CHECK bool layer_writer_open(struct layer_writer **out, struct store *store,
				  const struct layer_options *opt, struct err *err);
struct sink *layer_writer_sink(struct layer_writer *w);
MUST_CHECK bool layer_writer_commit(struct layer *out, struct layer_writer *w, struct err *err);
void layer_writer_close(struct layer_writer *w); /* without commit nothing is left */
DEFINE_AUTO(struct layer_writer, layer_writer_close)

/*
 * Plain tar bytes of a layer of `blobs`, whatever its compression is by its first bytes. The blob
 * source verifies the compressed digest, and the diff id (NULL: unchecked) is verified where the
 * bytes end: read to the end before trusting anything. Longer layers are read and inflated ahead,
 * on a thread of their own.
 */
MUST_CHECK bool layer_open(struct source **out, struct blob_source *blobs,
			   const struct descriptor *d, const struct digest *diff_id,
			   struct err *err);

#endif
