// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stddef.h>

/* Streaming SHA-256 (FIPS 180-4) by OpenSSL; MD5 only for Lithops' own tag rule. Cannot fail. */
enum { SHA256_SIZE = 32, MD5_SIZE = 16 };

struct sha256 {
	void *ctx; /* EVP_MD_CTX */
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, unsigned char out[SHA256_SIZE]); /* releases the state */
void sha256_free(struct sha256 *s); /* one that was not finished; twice is fine */

void sha256_of(unsigned char out[SHA256_SIZE], const void *data, size_t len);
void md5_of(unsigned char out[MD5_SIZE], const void *data, size_t len);

/* `len` random bytes from the kernel. */
void random_bytes(void *out, size_t len);
/* 2 * len hex digits and a NUL into `out`. */
void hex_format(char *out, const void *data, size_t len);

#endif
