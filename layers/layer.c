// SPDX-License-Identifier: Apache-2.0
#include "layers/layer.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "layers/ahead.h"
#include "layers/pieces.h"
#include "layers/stage.h"
#include "layers/tar.h"

/*
 * Layers into and out of the store. The chain, one thread for each line when there is enough to do:
 *
 *	tar bytes (the caller)
 *	-> sha256: diff id -> compressor (its blocks on a pool)
 *	-> sha256: digest -> blob file
 */

struct layer_options layer_options_default(void)
{
	return (struct layer_options){ .compress = { .kind = COMPRESSION_GZIP },
				       .family = FAMILY_OCI };
}

struct layer_writer {
	const char *media_type;
	struct blob_writer *blob;
	struct pieces *pieces;
	struct sink_hash packed; /* of the compressed bytes */
	struct stage *to_packed;
	struct sink *compressor;
	struct sink_hash plain; /* of the tar */
	struct stage *to_plain;
};

bool layer_writer_open(struct layer_writer **out, struct store *store,
		       const struct layer_options *opt, struct err *err)
{
	AUTO(auto_layer_writer_close) struct layer_writer *w = mem_alloc(sizeof(*w));
	struct compress_options compress = opt->compress;

	w->media_type = media_text(MEDIA_LAYER, opt->family, opt->compress.kind);
	if (!w->media_type)
		return err_set(err, E_UNSUPPORTED, "docker layers cannot be compressed with %s",
			       compression_name(opt->compress.kind));
	if (!store_blob_writer(&w->blob, store, err))
		return false;
	blob_writer_trust(w->blob);
	blob_writer_follow(w->blob, opt->follower);
	sink_hash_init(&w->packed, blob_writer_sink(w->blob));
	w->to_packed = stage_open(&w->packed.sink);
	w->pieces = pieces_open(store, compressor_id(&opt->compress).text);
	compress.pieces = w->pieces;
	if (!compressor_open(&w->compressor, stage_sink(w->to_packed), &compress, err))
		return false;
	sink_hash_init(&w->plain, w->compressor);
	w->to_plain = stage_open(&w->plain.sink);
	*out = STEAL(w);
	return true;
}

struct sink *layer_writer_sink(struct layer_writer *w)
{
	return stage_sink(w->to_plain);
}

bool layer_writer_commit(struct layer *out, struct layer_writer *w, struct err *err)
{
	if (!sink_finish(layer_writer_sink(w), err))
		return false;
	*out = (struct layer){ .descriptor = { .media_type = w->media_type,
					       .digest = digest_from_hash(w->packed.hash),
					       .size = (int64_t)w->packed.size },
			       .diff_id = digest_from_hash(w->plain.hash),
			       .unpacked_size = (int64_t)w->plain.size };
	if (!blob_writer_commit_as(w->blob, &out->descriptor.digest, out->descriptor.size, err))
		return false;
	pieces_save(w->pieces, &out->descriptor.digest);
	return true;
}

void layer_writer_close(struct layer_writer *w)
{
	if (!w)
		return;
	stage_close(w->to_plain); /* upstream first: each thread uses what is below it */
	compressor_close(w->compressor);
	stage_close(w->to_packed);
	sink_hash_free(&w->plain);
	sink_hash_free(&w->packed);
	pieces_close(w->pieces);
	blob_writer_close(w->blob);
	free(w);
}

bool layer_write(struct layer *out, struct store *store, const struct entry_list *entries,
		 const struct layer_options *opt, struct err *err)
{
	AUTO(auto_layer_writer_close) struct layer_writer *w = NULL;
	AUTO(auto_tar_writer_close) struct tar_writer *tar = NULL;

	if (!layer_writer_open(&w, store, opt, err) ||
	    !tar_writer_open(&tar, layer_writer_sink(w), err))
		return false;
	for (size_t i = 0; i < entries->len; i++)
		if (!tar_writer_add(tar, &entries->items[i], err))
			return false;
	return tar_writer_finish(tar, err) && layer_writer_commit(out, w, err);
}

/* Plain bytes of a layer, checked against the diff id where they end. */
struct checked {
	struct source source;
	struct source *from;
	struct sink_verify verify;
	bool is_over;
};

static bool checked_read(struct source *self, void *data, size_t cap, size_t *len_out,
			 struct err *err)
{
	struct checked *c = (struct checked *)self;

	*len_out = 0;
	if (c->is_over)
		return true;
	if (!source_read(c->from, data, cap, len_out, err))
		return false;
	c->is_over = *len_out == 0;
	return c->is_over ? sink_finish(&c->verify.sink, err)
			  : sink_write(&c->verify.sink, data, *len_out, err);
}

static void checked_close(struct source *self)
{
	struct checked *c = (struct checked *)self;

	source_close(c->from);
	sink_verify_free(&c->verify);
	free(c);
}

bool layer_open(struct source **out, struct blob_source *blobs, const struct descriptor *d,
		const struct digest *diff_id, struct err *err)
{
	struct source *packed = NULL, *plain = NULL;
	struct checked *c;

	*out = NULL;
	if (!blobs->open(blobs, &packed, d, err))
		return false;
	/* Its own bytes say what it is: media types of old images do not always tell the truth,
	 * digests do. */
	if (!decompressor_detect(&plain, NULL, packed, err))
		return err_wrap(err, "layer %s", digest_format(&d->digest).text);
	plain = ahead_open(plain); /* digest and inflating there, diff id and the reader here */
	if (!diff_id) {
		*out = plain;
		return true;
	}
	c = mem_alloc(sizeof(*c));
	c->source = (struct source){ .read = checked_read, .close = checked_close };
	c->from = plain;
	sink_verify_init(&c->verify, NULL, UINT64_MAX, diff_id->bytes, digest_format(diff_id).text);
	*out = &c->source;
	return true;
}
