// SPDX-License-Identifier: Apache-2.0
#include "image/digest.h"

#include <stdio.h>
#include <string.h>

#include "base/str.h"

/* Content digests: text to value and back. Hashing itself is base/hash.c's. */

#define PREFIX "sha256:"

/* Registered in descriptor.md or by go-digest, with the length of their hex: well formed, but not
 * ours. */
static const struct {
	const char *prefix;
	size_t hex_len;
} foreign_algorithms[] = {
	{ "sha512:", 128 },
	{ "sha384:", 96 },
	{ "blake3:", 64 },
};

static int hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

static size_t hex_span(const char *text)
{
	return strspn(text, "0123456789abcdef");
}

static bool refuse_foreign(const char *text, struct err *err)
{
	for (size_t i = 0; i < ARRAY_LEN(foreign_algorithms); i++) {
		const char *prefix = foreign_algorithms[i].prefix;
		size_t want = foreign_algorithms[i].hex_len;

		if (!str_has_prefix(text, prefix))
			continue;
		text += strlen(prefix);
		if (hex_span(text) != want || text[want])
			return err_set(err, E_INPUT,
				       "digest '%s%s': %zu lower-case hex digits expected", prefix,
				       text, want);
		err_set(err, E_UNSUPPORTED,
			"digest '%s%.12s...': only sha256 digests are supported", prefix, text);
		return err_hint(err,
				"every image has a sha256 digest too; ask the registry for it");
	}
	return err_set(err, E_INPUT, "digest '%s' does not begin with '" PREFIX "'", text);
}

bool digest_parse(struct digest *out, const char *text, struct err *err)
{
	const char *hex = text + strlen(PREFIX);
	size_t span;

	if (!str_has_prefix(text, PREFIX))
		return refuse_foreign(text, err);
	span = hex_span(hex);
	if (hex[span] && span < 2 * SHA256_SIZE) {
		err_set(err, E_INPUT, "digest '%s': column %zu is not a lower-case hex digit", text,
			strlen(PREFIX) + span + 1);
		if (strchr("ABCDEF", hex[span]))
			err_hint(err, "digests are written in lower case");
		return false;
	}
	if (span != 2 * SHA256_SIZE || hex[span])
		return err_set(err, E_INPUT, "digest '%s' has %zu digits instead of %d", text,
			       strlen(hex), 2 * SHA256_SIZE);
	for (size_t i = 0; i < SHA256_SIZE; i++)
		out->bytes[i] =
			(unsigned char)(hex_value(hex[2 * i]) << 4 | hex_value(hex[2 * i + 1]));
	return true;
}

struct digest_text digest_format(const struct digest *d)
{
	struct digest_text out = { PREFIX };

	hex_format(out.text + strlen(PREFIX), d->bytes, sizeof(d->bytes));
	return out;
}

struct digest_text digest_hex(const struct digest *d)
{
	struct digest_text out;

	hex_format(out.text, d->bytes, sizeof(d->bytes));
	return out;
}

struct digest digest_of(const void *data, size_t len)
{
	struct digest d;

	sha256_of(d.bytes, data, len);
	return d;
}

struct digest digest_from_hash(const unsigned char hash[SHA256_SIZE])
{
	struct digest d;

	memcpy(d.bytes, hash, sizeof(d.bytes));
	return d;
}

bool digest_eq(const struct digest *a, const struct digest *b)
{
	return digest_cmp(a, b) == 0;
}

int digest_cmp(const struct digest *a, const struct digest *b)
{
	return memcmp(a->bytes, b->bytes, sizeof(a->bytes));
}

static bool decode_digest(const struct json_type *type, void *value, json_t *json,
			  struct arena *arena, struct err *err)
{
	(void)type;
	(void)arena;
	if (!json_is_string(json))
		return err_set(err, E_INPUT, "a digest as text expected");
	return digest_parse(value, json_string_value(json), err);
}

static json_t *encode_digest(const struct json_type *type, const void *value)
{
	(void)type;
	return json_string(digest_format(value).text);
}

const struct json_type digest_type = { .size = sizeof(struct digest),
				       .decode = decode_digest,
				       .encode = encode_digest };
