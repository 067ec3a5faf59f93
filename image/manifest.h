// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_MANIFEST_H
#define IMAGE_MANIFEST_H

#include "base/arena.h"
#include "base/err.h"
#include "image/descriptor.h"

/*
 * OCI image-spec manifest.md and image-index.md, and Docker's equals, as read.
 * The raw bytes are the document: a digest belongs to bytes, so a manifest that was fetched is
 * never re-serialised. Everything borrowed lives in `arena`.
 */
struct manifest {
	const char *media_type; /* never NULL: from the body, else from the Content-Type */
	const char *artifact_type;
	struct descriptor config;
	struct descriptor *layers;
	size_t layer_count;
	struct json_pairs annotations;
	const struct descriptor *subject; /* NULL when absent */
	const char *raw;
	size_t raw_len;
	struct digest digest; /* of raw */
};

struct index {
	const char *media_type;
	struct descriptor *manifests;
	size_t manifest_count;
	struct json_pairs annotations;
	const char *raw;
	size_t raw_len;
	struct digest digest;
};

/*
 * What a fetched document is, by its body's mediaType (or its shape when it has
 * none) and the server's `content_type` (NULL: not known). Refused, E_INTEGRITY: disagreement
 * between the two, a body with `manifests` and also `layers` or `config` (CVE-2021-41190),
 * duplicate keys, counts past the limits; Docker schema 1 is E_UNSUPPORTED.
 */
MUST_CHECK bool manifest_sniff(enum media_kind *out, const char *raw, size_t len,
			       const char *content_type, struct err *err);
/* Copies `raw` into the arena. E_INTEGRITY when it is not what manifest_sniff says. */
MUST_CHECK bool manifest_parse(struct manifest *out, const char *raw, size_t len,
			       const char *content_type, struct arena *arena, struct err *err);
MUST_CHECK bool index_parse(struct index *out, const char *raw, size_t len,
			    const char *content_type, struct arena *arena, struct err *err);

/* New documents: compact JSON, members in the spec's order. Fills raw, raw_len and digest of `m`
 * too. */
void manifest_encode(struct manifest *m, struct arena *arena);
void index_encode(struct index *x, struct arena *arena);

/*
 * As manifest_encode, but the first layers are written as `base_layers` (a list; NULL: none) has
 * them, so that urls, annotations and members we do not know survive.
 */
void manifest_encode_on(struct manifest *m, const json_t *base_layers, struct arena *arena);
/* Not an attestation or another artifact that is listed beside the images. */
bool index_entry_is_image(const struct descriptor *d);
/*
 * The entry that serves a platform best (platform_rank; the first of equals); attestation entries
 * "unknown/unknown" are skipped. NULL when there is none. An index around one image need not say
 * its platform.
 */
const struct descriptor *index_select(const struct index *x, const struct platform *want);

#endif
