// SPDX-License-Identifier: Apache-2.0
#include "base/hash.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

/* Hashing, signing and randomness. The only OpenSSL include: TLS is libcurl's business. */

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

void sha1_of(unsigned char out[SHA1_SIZE], const void *data, size_t len)
{
	check(EVP_Digest(data, len, out, NULL, EVP_sha1(), NULL));
}

void md5_of(unsigned char out[MD5_SIZE], const void *data, size_t len)
{
	check(EVP_Digest(data, len, out, NULL, EVP_md5(), NULL));
}

static const struct {
	const char *name;
	size_t size;
	const EVP_MD *(*algorithm)(void);
} kinds[] = {
	[HASH_SHA256] = { "sha256", 32, EVP_sha256 },
	[HASH_SHA384] = { "sha384", 48, EVP_sha384 },
	[HASH_SHA512] = { "sha512", HASH_SIZE_MAX, EVP_sha512 },
};

bool hash_kind_find(enum hash_kind *out, const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strlen(kinds[i].name) != len || memcmp(kinds[i].name, name, len) != 0)
			continue;
		*out = (enum hash_kind)i;
		return true;
	}
	return false;
}

const char *hash_kind_name(enum hash_kind kind)
{
	return kinds[kind].name;
}

size_t hash_kind_size(enum hash_kind kind)
{
	return kinds[kind].size;
}

void hasher_init(struct hasher *h, enum hash_kind kind)
{
	h->kind = kind;
	h->ctx = EVP_MD_CTX_new();
	check(h->ctx != NULL);
	check(EVP_DigestInit_ex(h->ctx, kinds[kind].algorithm(), NULL));
}

void hasher_update(struct hasher *h, const void *data, size_t len)
{
	check(EVP_DigestUpdate(h->ctx, data, len));
}

void hasher_final(struct hasher *h, unsigned char out[HASH_SIZE_MAX])
{
	check(EVP_DigestFinal_ex(h->ctx, out, NULL));
	hasher_free(h);
}

void hasher_free(struct hasher *h)
{
	EVP_MD_CTX_free(h->ctx);
	h->ctx = NULL;
}

void fingerprint_of(unsigned char out[FINGERPRINT_SIZE],
		    const unsigned char key[FINGERPRINT_KEY_SIZE], const void *data, size_t len)
{
	static const unsigned char nonce[12];
	EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
	unsigned char none[16];
	int unused;

	assert(len <= INT_MAX);
	check(ctx != NULL);
	check(EVP_EncryptInit_ex(ctx, EVP_aes_256_gcm(), NULL, key, nonce));
	check(EVP_EncryptUpdate(ctx, NULL, &unused, data, (int)len));
	check(EVP_EncryptFinal_ex(ctx, none, &unused));
	check(EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_GCM_GET_TAG, FINGERPRINT_SIZE, out));
	EVP_CIPHER_CTX_free(ctx);
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

static EVP_PKEY *read_rsa_key(const char *pem)
{
	BIO *bio = BIO_new_mem_buf(pem, -1);
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL);

	BIO_free(bio);
	if (key && EVP_PKEY_base_id(key) != EVP_PKEY_RSA) {
		EVP_PKEY_free(key);
		key = NULL;
	}
	return key;
}

bool sign_rs256(struct buf *out, const char *pem, const void *data, size_t len)
{
	EVP_PKEY *key = read_rsa_key(pem);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char signature[1024]; /* of 8192 bits */
	size_t size = sizeof(signature);
	bool ok = key && ctx && EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key) == 1 &&
		  EVP_DigestSign(ctx, signature, &size, data, len) == 1;

	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(key);
	if (ok)
		buf_put_bytes(out, signature, size);
	return ok;
}
