// SPDX-License-Identifier: Apache-2.0
#include "image/blob_source.h"

#include <stdlib.h>

#include "base/mem.h"

/* A source that proves what it gives out, for those who read from somewhere that does not. */

struct verified {
	struct source source;
	struct source *from;
	struct digest digest;
	uint64_t size, at;
	struct sha256 hash;
	bool ended;
};

static bool at_end(struct verified *v, struct err *err)
{
	unsigned char hash[SHA256_SIZE];
	struct digest got;

	if (v->at != v->size)
		return err_set(err, E_INTEGRITY, "blob %s has %llu bytes where %llu were promised",
			       digest_format(&v->digest).text, (unsigned long long)v->at,
			       (unsigned long long)v->size);
	sha256_final(&v->hash, hash);
	v->ended = true;
	got = digest_from_hash(hash);
	return digest_eq(&got, &v->digest) ||
	       err_set(err, E_INTEGRITY, "blob %s: its bytes have the digest %s",
		       digest_format(&v->digest).text, digest_format(&got).text);
}

static bool verified_read(struct source *self, void *data, size_t cap, size_t *len_out,
			  struct err *err)
{
	struct verified *v = (struct verified *)self;

	*len_out = 0;
	if (v->ended)
		return true;
	if (!source_read(v->from, data, cap, len_out, err))
		return err_wrap(err, "blob %s", digest_format(&v->digest).text);
	if (*len_out > v->size - v->at)
		return err_set(err, E_INTEGRITY, "blob %s has more than the %llu bytes promised",
			       digest_format(&v->digest).text, (unsigned long long)v->size);
	sha256_update(&v->hash, data, *len_out);
	v->at += *len_out;
	return *len_out || at_end(v, err);
}

static bool verified_rewind(struct source *self, struct err *err)
{
	struct verified *v = (struct verified *)self;

	sha256_free(&v->hash);
	sha256_init(&v->hash);
	v->at = 0;
	v->ended = false;
	return v->from->rewind(v->from, err);
}

static void verified_close(struct source *self)
{
	struct verified *v = (struct verified *)self;

	source_close(v->from);
	sha256_free(&v->hash);
	free(v);
}

struct source *blob_verified(struct source *from, const struct descriptor *d)
{
	struct verified *v = mem_alloc(sizeof(*v));

	v->source = (struct source){ .read = verified_read,
				     .rewind = from->rewind ? verified_rewind : NULL,
				     .close = verified_close };
	v->from = from;
	v->digest = d->digest;
	v->size = (uint64_t)d->size;
	sha256_init(&v->hash);
	return &v->source;
}
