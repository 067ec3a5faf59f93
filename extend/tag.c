// SPDX-License-Identifier: Apache-2.0
#include "extend/tag.h"

#include <stdio.h>
#include <string.h>

/* The two tag rules, as pure functions. */

static const char format_version[] = "1";

void tag_hash_init(struct tag_hash *h)
{
	sha256_init(&h->state);
	tag_hash_field(h, "rtbuild-extend", format_version);
}

void tag_hash_field(struct tag_hash *h, const char *name, const char *value)
{
	char length[24];
	int digits = snprintf(length, sizeof(length), " %zu:", strlen(value));

	sha256_update(&h->state, name, strlen(name));
	sha256_update(&h->state, length, (size_t)digits);
	sha256_update(&h->state, value, strlen(value));
	sha256_update(&h->state, "\n", 1);
}

void tag_hash_final(struct tag_hash *h, char out[TAG_HASH_LEN + 1])
{
	unsigned char hash[SHA256_SIZE];

	sha256_final(&h->state, hash);
	hex_format(out, hash, sizeof(hash));
}

/* repr() of a str: the quotes Python would choose, its escapes; printable characters beyond ASCII
 * as they are. */
static void put_repr(struct buf *out, const char *s)
{
	char quote = strchr(s, '\'') && !strchr(s, '"') ? '"' : '\'';

	buf_put_byte(out, (unsigned char)quote);
	for (const char *p = s; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '\n' || c == '\r' || c == '\t')
			buf_put(out, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
		else if (c < 0x20 || c == 0x7f)
			buf_putf(out, "\\x%02x", c);
		else if (c == '\\' || *p == quote)
			buf_putf(out, "\\%c", c);
		else
			buf_put_byte(out, c);
	}
	buf_put_byte(out, (unsigned char)quote);
}

void tag_lithops(char out[TAG_LEN + 1], const void *file, size_t len,
		 const struct str_list *modules)
{
	AUTO(buf_free) struct buf repr = BUF_INIT(SIZE_MAX / 2);
	struct str_list sorted = { 0 };
	unsigned char hash[MD5_SIZE];

	for (size_t i = 0; i < modules->len; i++)
		str_list_push(&sorted, modules->items[i]);
	str_list_sort(&sorted);
	buf_put(&repr, "[");
	for (size_t i = 0; i < sorted.len; i++) {
		buf_put(&repr, i ? ", " : "");
		put_repr(&repr, sorted.items[i]);
	}
	buf_put(&repr, "]");
	str_list_free(&sorted);

	md5_of(hash, file, len);
	hex_format(out, hash, sizeof(hash) / 2);
	md5_of(hash, repr.ptr, repr.len);
	hex_format(out + TAG_LEN / 2, hash, sizeof(hash) / 2);
}
