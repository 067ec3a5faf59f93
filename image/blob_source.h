// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_BLOB_SOURCE_H
#define IMAGE_BLOB_SOURCE_H

#include "base/err.h"
#include "base/sink.h"
#include "image/descriptor.h"
#include "image/reference.h"

/*
 * Where the bytes of blobs come from: the store, a registry repository and
 * archives implement it. Thread-safe. Bytes given out are verified against digest and size while
 * they stream: the read that reaches the end fails with E_INTEGRITY when they do not match, so a
 * reader must read to the end before it trusts anything.
 */
struct blob_source {
	MUST_CHECK bool (*open)(struct blob_source *self, struct source **out,
				const struct descriptor *d, struct err *err);
	/* The registry repository this blob could be mounted from or streamed from; NULL member:
	 * none known. */
	const struct reference *(*origin)(struct blob_source *self, const struct descriptor *d);
};

/* The bytes of `from` (taken over), verified as above against d's digest and size; rewinds when
 * `from` does. */
struct source *blob_verified(struct source *from, const struct descriptor *d);

#endif
