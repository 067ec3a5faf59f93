// SPDX-License-Identifier: Apache-2.0
#include "layers/tar_scan.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/map.h"
#include "base/mem.h"

/* The block structure of a tar, strictly. Names, owners and data are libarchive's and the reader's
 * business. */

enum { BLOCK = 512 };
enum { SEEN_PAX = 1, SEEN_LONG_NAME = 2, SEEN_LONG_LINK = 4, SEEN_GLOBAL = 8 };

/* ustar header fields: offset and length. */
enum {
	AT_SIZE = 124,
	LEN_SIZE = 12,
	AT_SUM = 148,
	LEN_SUM = 8,
	AT_TYPE = 156,
	AT_GNU_EXTENDED = 482,
	AT_SPARSE_EXTENDED = 504,
};

void tar_scan_init(struct tar_scan *s)
{
	*s = (struct tar_scan){ .body = BUF_INIT(LIMIT_PAX_HEADER) };
}

void tar_scan_free(struct tar_scan *s)
{
	buf_free(&s->body);
	free(s->starts);
	s->starts = NULL;
}

static bool refuse(const struct tar_scan *s, struct err *err, const char *what)
{
	return err_set(err, E_INTEGRITY, "tar: %s near byte %llu", what, (unsigned long long)s->at);
}

/* A number as tar has it: octal with blanks or NULs around, or base 256 when the first bit is set.
 */
static bool parse_number(uint64_t *out, const unsigned char *field, size_t len)
{
	size_t i = 0;

	*out = 0;
	if (field[0] & 0x80) {
		if (field[0] != 0x80)
			return false; /* negative, or beyond 64 bits */
		for (i = 1; i < len; i++) {
			if (*out >> 55)
				return false;
			*out = *out << 8 | field[i];
		}
		return true;
	}
	while (i < len && field[i] == ' ')
		i++;
	for (; i < len && field[i] >= '0' && field[i] <= '7'; i++)
		*out = *out << 3 | (uint64_t)(field[i] - '0');
	for (; i < len; i++)
		if (field[i] != ' ' && field[i] != '\0')
			return false;
	return true;
}

/* Historic tars summed signed bytes; both are known to be in use. */
static bool sum_is_right(const unsigned char *block)
{
	uint64_t want, plain = 0;
	int64_t with_sign = 0;

	if (!parse_number(&want, block + AT_SUM, LEN_SUM))
		return false;
	for (size_t i = 0; i < BLOCK; i++) {
		bool in_sum = i >= AT_SUM && i < AT_SUM + LEN_SUM;
		unsigned char byte = in_sum ? ' ' : block[i];

		plain += byte;
		with_sign += (signed char)byte;
	}
	return want == plain || (with_sign >= 0 && want == (uint64_t)with_sign);
}

static bool is_zero(const unsigned char *data, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (data[i])
			return false;
	return true;
}

/* One "length key=value\n" record at the front of `rest`. */
static bool cut_record(struct slice *key, struct slice *value, struct slice *rest)
{
	size_t digits = 0;
	uint64_t len;

	while (digits < rest->len && rest->ptr[digits] >= '0' && rest->ptr[digits] <= '9')
		digits++;
	if (!str_to_u64(&len, (struct slice){ .ptr = rest->ptr, .len = digits }, rest->len) ||
	    len < digits + 3 || rest->ptr[digits] != ' ' || rest->ptr[len - 1] != '\n')
		return false;
	*key = slice_cut((struct slice){ .ptr = rest->ptr + digits + 1, .len = len - digits - 2 },
			 '=', value);
	rest->ptr += len;
	rest->len -= len;
	return value->ptr && key->len > 0;
}

static bool scan_pax_record(struct tar_scan *s, struct slice key, struct slice value,
			    struct err *err)
{
	bool is_size = slice_eq(key, "size");
	bool is_name = slice_eq(key, "path") || slice_eq(key, "linkpath");

	if (!is_size && !is_name)
		return true;
	if (s->collecting == 'g')
		return refuse(s, err, "a global header that sets a name or size");
	if (is_name && (!value.len || memchr(value.ptr, 0, value.len)))
		return refuse(s, err, "a name that is empty or holds a NUL");
	if (is_size && !str_to_u64(&s->pax_size, value, LIMIT_BLOB))
		return refuse(s, err, "a size that is not a number");
	s->has_size |= is_size;
	return true;
}

static bool scan_pax(struct tar_scan *s, struct err *err)
{
	AUTO(map_free) struct map keys = { 0 };
	struct slice rest = { .ptr = s->body.ptr, .len = s->body.len };

	while (rest.len) {
		AUTO(auto_free) char *name = NULL;
		struct slice key, value;

		if (!cut_record(&key, &value, &rest))
			return refuse(s, err, "a malformed extended header");
		name = mem_strndup(key.ptr, key.len);
		/* GNU's sparse format 0.0 repeats its two keys on purpose. */
		if (map_has(&keys, name) && !str_has_prefix(name, "GNU.sparse."))
			return refuse(s, err, "an extended header with a repeated key");
		map_put(&keys, name, NULL);
		if (!scan_pax_record(s, key, value, err))
			return false;
	}
	return true;
}

static bool scan_body(struct tar_scan *s, struct err *err)
{
	bool ok = true;

	if (s->collecting == 'x' || s->collecting == 'g')
		ok = scan_pax(s, err);
	else if (s->body.len && memchr(s->body.ptr, 0, s->body.len - 1))
		ok = refuse(s, err, "a long name that holds a NUL");
	buf_clear(&s->body);
	s->collecting = 0;
	return ok;
}

static bool start_extended(struct tar_scan *s, char type, uint64_t size, struct err *err)
{
	unsigned bit = type == 'x'   ? SEEN_PAX
		       : type == 'L' ? SEEN_LONG_NAME
		       : type == 'K' ? SEEN_LONG_LINK
				     : SEEN_GLOBAL;

	if (bit != SEEN_GLOBAL && (s->seen & bit))
		return refuse(s, err, "a repeated extended header");
	s->seen |= bit;
	if ((s->seen & SEEN_PAX) && (s->seen & (SEEN_LONG_NAME | SEEN_LONG_LINK)))
		return refuse(s, err, "pax and GNU headers for one member");
	if (size > LIMIT_PAX_HEADER)
		return refuse(s, err, "an extended header beyond 1 MiB");
	s->collecting = type;
	s->body_left = size;
	return true;
}

static void push_start(struct tar_scan *s)
{
	if (s->first > 64 && s->first * 2 > s->len) {
		memmove(s->starts, s->starts + s->first, (s->len - s->first) * sizeof(*s->starts));
		s->len -= s->first;
		s->first = 0;
	}
	s->starts = mem_grow(s->starts, &s->cap, s->len, sizeof(*s->starts));
	s->starts[s->len++] = s->start;
}

static void start_data(struct tar_scan *s, uint64_t size)
{
	s->left = (size + BLOCK - 1) / BLOCK * BLOCK;
	s->padding = s->left - size;
	s->state = s->left ? TAR_SCAN_DATA : TAR_SCAN_HEADER;
}

static bool scan_member(struct tar_scan *s, char type, uint64_t size, struct err *err)
{
	if (s->has_size)
		size = s->pax_size;
	if (type >= '1' && type <= '6' && size)
		return refuse(s, err, "a link, directory or device with data");
	push_start(s);
	s->seen = 0;
	s->has_size = false;
	s->size = size;
	if (type == 'S' && s->block[AT_GNU_EXTENDED])
		s->state = TAR_SCAN_SPARSE;
	else
		start_data(s, size);
	return true;
}

static bool scan_zero_block(struct tar_scan *s, struct err *err)
{
	if (s->seen & ~(unsigned)SEEN_GLOBAL)
		return refuse(s, err, "an extended header without a member");
	if (++s->zeros == 2)
		s->state = TAR_SCAN_END;
	return true;
}

static bool scan_header(struct tar_scan *s, struct err *err)
{
	char type = (char)s->block[AT_TYPE];
	uint64_t size;

	if (is_zero(s->block, BLOCK))
		return scan_zero_block(s, err);
	if (s->zeros)
		return refuse(s, err, "a member behind a zero block");
	if (!sum_is_right(s->block))
		return refuse(s, err, "a header with a wrong checksum");
	if (!parse_number(&size, s->block + AT_SIZE, LEN_SIZE) || size > (uint64_t)LIMIT_BLOB)
		return refuse(s, err, "a size that is no number or beyond any limit");
	if (!s->seen)
		s->start = s->at - BLOCK;
	if (type && strchr("xgLK", type)) {
		if (!start_extended(s, type, size, err))
			return false;
		start_data(s, size);
		return s->body_left || scan_body(s, err);
	}
	if (type && !strchr("01234567S", type))
		return refuse(s, err, "a member of unknown type");
	return scan_member(s, type, size, err);
}

static bool scan_block(struct tar_scan *s, struct err *err)
{
	s->have = 0;
	if (s->state == TAR_SCAN_HEADER)
		return scan_header(s, err);
	if (!s->block[AT_SPARSE_EXTENDED])
		start_data(s, s->size);
	return true;
}

/* Some or all of a member's data or of an extended header's body: how much of it was taken. */
static bool scan_data(struct tar_scan *s, const unsigned char *data, size_t len, size_t *taken,
		      struct err *err)
{
	size_t n = len < s->left ? len : (size_t)s->left;

	if (s->collecting) {
		size_t body = n < s->body_left ? n : (size_t)s->body_left;

		if (!buf_append(&s->body, data, body, err))
			return false;
		s->body_left -= body;
	}
	s->left -= n;
	s->at += n;
	*taken = n;
	if (s->left)
		return true;
	s->state = TAR_SCAN_HEADER;
	return !s->collecting || scan_body(s, err);
}

bool tar_scan_feed(struct tar_scan *s, const void *data, size_t len, struct err *err)
{
	const unsigned char *p = data;

	while (len) {
		size_t n = BLOCK - s->have;

		if (s->at > LIMIT_LAYER_TAR)
			return refuse(s, err, "more bytes than LIMIT_LAYER_TAR");
		if (s->state == TAR_SCAN_END) {
			s->at += len;
			return is_zero(p, len) ||
			       refuse(s, err, "data behind the end of the archive");
		}
		if (s->state == TAR_SCAN_DATA) {
			if (!scan_data(s, p, len, &n, err))
				return false;
		} else {
			n = n < len ? n : len;
			memcpy(s->block + s->have, p, n);
			s->have += n;
			s->at += n;
			if (s->have == BLOCK && !scan_block(s, err))
				return false;
		}
		p += n;
		len -= n;
	}
	return true;
}

bool tar_scan_finish(struct tar_scan *s, struct err *err)
{
	/* umoci 0.4.7's insert ends right behind the last member's data, without padding. */
	bool whole = s->state == TAR_SCAN_DATA && !s->collecting && s->left <= s->padding;

	if ((s->state == TAR_SCAN_DATA && !whole) || s->state == TAR_SCAN_SPARSE || s->have)
		return refuse(s, err, "the archive is cut off");
	return !(s->seen & ~(unsigned)SEEN_GLOBAL) ||
	       refuse(s, err, "an extended header without a member");
}

bool tar_scan_take(struct tar_scan *s, uint64_t *start_out)
{
	if (s->first == s->len)
		return false;
	*start_out = s->starts[s->first++];
	return true;
}
