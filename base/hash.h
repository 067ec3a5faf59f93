// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_HASH_H
#define BASE_HASH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/str.h"

/* Streaming SHA-256 (FIPS 180-4) by OpenSSL; MD5 only for Lithops' own tag rule, SHA-1
 * for git's index. Cannot fail. */
enum { SHA256_SIZE = 32, SHA1_SIZE = 20, MD5_SIZE = 16 };

struct sha256 {
	void *ctx; /* EVP_MD_CTX */
};

void sha256_init(struct sha256 *s);
void sha256_update(struct sha256 *s, const void *data, size_t len);
void sha256_final(struct sha256 *s, unsigned char out[SHA256_SIZE]); /* releases the state */
void sha256_free(struct sha256 *s); /* one that was not finished; twice is fine */

void sha256_of(unsigned char out[SHA256_SIZE], const void *data, size_t len);
/* git's names of things, and nothing that must be safe. */
void sha1_of(unsigned char out[SHA1_SIZE], const void *data, size_t len);
void md5_of(unsigned char out[MD5_SIZE], const void *data, size_t len);

/* Wheels and hashed requirements may name any of these (PEP 376, pip's --hash); nothing weaker is
 * taken anywhere. */
enum hash_kind { HASH_SHA256, HASH_SHA384, HASH_SHA512 };
enum { HASH_SIZE_MAX = 64 };
bool hash_kind_find(enum hash_kind *out, const char *name, size_t len); /* "sha256" */
const char *hash_kind_name(enum hash_kind kind);
size_t hash_kind_size(enum hash_kind kind);

struct hasher {
	void *ctx; /* EVP_MD_CTX */
	enum hash_kind kind;
};
void hasher_init(struct hasher *h, enum hash_kind kind);
void hasher_update(struct hasher *h, const void *data, size_t len);
void hasher_final(struct hasher *h,
		  unsigned char out[HASH_SIZE_MAX]); /* the first hash_kind_size bytes; releases */
void hasher_free(struct hasher *h);                  /* one that was not finished; twice is fine */

/* `len` random bytes from the kernel. */
/*
 * Fingerprints under a secret key, at the speed of memory: AES-256-GMAC (NIST SP 800-38D) with one
 * nonce for all, which makes it a universal hash. Who does not know the key cannot make two inputs
 * collide but by luck, 2^-100; who sees fingerprints can, so they are kept where the key is.
 */
enum { FINGERPRINT_SIZE = 16, FINGERPRINT_KEY_SIZE = 32 };
void fingerprint_of(unsigned char out[FINGERPRINT_SIZE],
		    const unsigned char key[FINGERPRINT_KEY_SIZE], const void *data, size_t len);

void random_bytes(void *out, size_t len);
/* 2 * len hex digits and a NUL into `out`. */
void hex_format(char *out, const void *data, size_t len);

/*
 * RSASSA-PKCS1-v1_5 with SHA-256 (RFC 8017, "RS256" of JWTs) by a private key in PEM, into `out`.
 * False: it is no RSA key.
 */
bool sign_rs256(struct buf *out, const char *pem, const void *data, size_t len);

#endif
