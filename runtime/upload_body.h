// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_UPLOAD_BODY_H
#define RUNTIME_UPLOAD_BODY_H

#include "base/hash.h"
#include "base/sink.h"

/*
 * A file in base64 between two texts, as one body of a request: in constant memory, rewinds, its
 * size and hash known before it is sent (a signature covers the hash).
 */
struct upload_body {
	struct source source; /* to send; it need not be closed */
	uint64_t size;
	unsigned char hash[SHA256_SIZE];
	int fd;
	char *before, *after;
	char *chunk; /* of base64; `at` bytes of `len` are out */
	size_t len, at;
	enum { BODY_BEFORE, BODY_FILE, BODY_AFTER, BODY_END } part;
};
/* Texts are taken over. Reads the file once, for the hash. */
MUST_CHECK bool upload_body_open(struct upload_body *out, const char *path, char *before,
				 char *after, struct err *err);
void upload_body_close(struct upload_body *b); /* one that was never opened is fine when zero */

#endif
