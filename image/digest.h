// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_DIGEST_H
#define IMAGE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "base/hash.h"
#include "base/json.h"

/*
 * A content digest (OCI image-spec, descriptor.md "Digests"): sha256 only. A
 * struct digest is made by digest_parse or digest_of alone, so holding one
 * means it is well formed and safe in a path or URL.
 */
struct digest {
	unsigned char bytes[SHA256_SIZE];
};

enum { DIGEST_TEXT_MAX = 72 }; /* "sha256:" + 64 hex + NUL */
struct digest_text {
	char text[DIGEST_TEXT_MAX];
};

/* "sha256:<64 lower-case hex>"; another registered algorithm is E_UNSUPPORTED, anything else
 * E_INPUT. */
MUST_CHECK bool digest_parse(struct digest *out, const char *text, struct err *err);
struct digest_text digest_format(const struct digest *d); /* "sha256:..." */
struct digest_text digest_hex(const struct digest *d);    /* the 64 hex alone */
struct digest digest_of(const void *data, size_t len);
struct digest digest_from_hash(const unsigned char hash[SHA256_SIZE]);
bool digest_eq(const struct digest *a, const struct digest *b);
int digest_cmp(const struct digest *a, const struct digest *b);

extern const struct json_type digest_type; /* for shape tables: member `struct digest` */

#endif
