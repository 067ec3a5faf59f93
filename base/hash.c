// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <sys/random.h>

/* Hashing and randomness. The only OpenSSL include: TLS is libcurl's business. */

static void check(int ok)
{
	if (ok != 1)
		abort(); /* SHA-256 of memory cannot fail; a broken libcrypto is no input error */
}

void sha256_init(struct sha256 *s)
{
	s->ctx = EVP_MD_CTX_new();
	check(s->ctx != NULL);
	check(EVP_DigestInit_ex(s->ctx, EVP_sha256(), NULL));
}

void sha256_update(struct sha256 *s, const void *data, size_t len)
{
	check(EVP_DigestUpdate(s->ctx, data, len));
}

void sha256_final(struct sha256 *s, unsigned char out[SHA256_SIZE])
{
	check(EVP_DigestFinal_ex(s->ctx, out, NULL));
	sha256_free(s);
}

void sha256_free(struct sha256 *s)
{
	EVP_MD_CTX_free(s->ctx);
	s->ctx = NULL;
}

void sha256_of(unsigned char out[SHA256_SIZE], const void *data, size_t len)
{
	check(EVP_Digest(data, len, out, NULL, EVP_sha256(), NULL));
}

void md5_of(unsigned char out[MD5_SIZE], const void *data, size_t len)
{
	check(EVP_Digest(data, len, out, NULL, EVP_md5(), NULL));
}

void random_bytes(void *out, size_t len)
{
	char *at = out;

	while (len) {
		ssize_t n = getrandom(at, len, 0);

		if (n < 0) {
			check(errno == EINTR);
			continue;
		}
		at += n;
		len -= (size_t)n;
	}
}
