// SPDX-License-Identifier: Apache-2.0
#include "base/str.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Borrowed slices, owned buffers and lists of text. Encodings of text are in encode.c. */

struct slice slice_of(const char *s)
{
	return (struct slice){ .ptr = s ? s : "", .len = s ? strlen(s) : 0 };
}

bool slice_eq(struct slice s, const char *text)
{
	return strlen(text) == s.len && (!s.len || memcmp(s.ptr, text, s.len) == 0);
}

bool slice_has_prefix(struct slice s, const char *prefix)
{
	size_t len = strlen(prefix);

	return s.len >= len && (!len || memcmp(s.ptr, prefix, len) == 0);
}

struct slice slice_trim(struct slice s, const char *set)
{
	while (s.len && strchr(set, s.ptr[0]) && s.ptr[0]) {
		s.ptr++;
		s.len--;
	}
	while (s.len && s.ptr[s.len - 1] && strchr(set, s.ptr[s.len - 1]))
		s.len--;
	return s;
}

struct slice slice_cut(struct slice s, char sep, struct slice *rest)
{
	const char *at = s.len ? memchr(s.ptr, sep, s.len) : NULL;

	if (!at) {
		*rest = (struct slice){ 0 };
		return s;
	}
	*rest = (struct slice){ .ptr = at + 1, .len = s.len - (size_t)(at + 1 - s.ptr) };
	s.len = (size_t)(at - s.ptr);
	return s;
}

bool str_eq(const char *a, const char *b)
{
	return strcmp(a, b) == 0;
}

bool str_has_prefix(const char *s, const char *prefix)
{
	return strncmp(s, prefix, strlen(prefix)) == 0;
}

bool str_has_suffix(const char *s, const char *suffix)
{
	size_t len = strlen(s), tail = strlen(suffix);

	return len >= tail && memcmp(s + len - tail, suffix, tail) == 0;
}

int str_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

bool str_to_u64(uint64_t *out, struct slice s, uint64_t max)
{
	uint64_t value = 0;

	if (!s.len)
		return false;
	for (size_t i = 0; i < s.len; i++) {
		if (s.ptr[i] < '0' || s.ptr[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, 10, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(s.ptr[i] - '0'), &value))
			return false;
	}
	if (value > max)
		return false;
	*out = value;
	return true;
}

enum { DISTANCE_MAX = 64 };

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

size_t str_distance(const char *a, const char *b)
{
	size_t la = strlen(a), lb = strlen(b);
	size_t rows[3][DISTANCE_MAX + 1];

	if (la > DISTANCE_MAX || lb > DISTANCE_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= lb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= la; i++) {
		size_t *row = rows[i % 3], *above = rows[(i - 1) % 3];

		row[0] = i;
		for (size_t j = 1; j <= lb; j++) {
			size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;

			row[j] = least(least(above[j] + 1, row[j - 1] + 1), above[j - 1] + cost);
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				row[j] = least(row[j], rows[(i - 2) % 3][j - 2] + 1);
		}
	}
	return rows[la % 3][lb];
}

const char *str_nearest(const char *word, const char *const *candidates, size_t count)
{
	const char *best = NULL;
	size_t best_distance = 3;

	for (size_t i = 0; i < count; i++) {
		size_t distance = str_distance(word, candidates[i]);

		if (distance < best_distance && distance < strlen(word)) {
			best = candidates[i];
			best_distance = distance;
		}
	}
	return best;
}

struct str_size str_format_size(uint64_t bytes)
{
	static const char *const units[] = { "kB", "MB", "GB", "TB", "PB", "EB" };
	struct str_size out;
	double value = (double)bytes;
	size_t unit = 0;

	if (bytes < 1000) {
		snprintf(out.text, sizeof(out.text), "%u B", (unsigned int)bytes);
		return out;
	}
	value /= 1000;
	while (value >= 999.95 && unit + 1 < ARRAY_LEN(units)) {
		value /= 1000;
		unit++;
	}
	snprintf(out.text, sizeof(out.text), "%.1f %s", value, units[unit]);
	return out;
}

char buf_empty[1];

void buf_free(struct buf *b)
{
	if (b->cap)
		free(b->ptr);
	*b = (struct buf)BUF_INIT(b->max);
}

void buf_clear(struct buf *b)
{
	b->len = 0;
	if (b->cap)
		b->ptr[0] = '\0';
}

static void reserve(struct buf *b, size_t more)
{
	size_t want = b->len + more + 1, cap = b->cap ? b->cap : 64;

	if (want <= b->cap)
		return;
	while (cap < want)
		cap *= 2;
	b->ptr = mem_realloc(b->cap ? b->ptr : NULL, cap);
	b->cap = cap;
}

bool buf_append(struct buf *b, const void *data, size_t len, struct err *err)
{
	if (len > b->max || b->len > b->max - len)
		return err_set(err, E_INPUT, "more than the limit of %zu bytes", b->max);
	if (!len)
		return true;
	reserve(b, len);
	memcpy(b->ptr + b->len, data, len);
	b->len += len;
	b->ptr[b->len] = '\0';
	return true;
}

bool buf_printf(struct buf *b, struct err *err, const char *fmt, ...)
{
	AUTO(auto_free) char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	return buf_append(b, text, (size_t)len, err);
}

void buf_put_bytes(struct buf *b, const void *data, size_t len)
{
	struct err err = { 0 };

	if (!buf_append(b, data, len, &err)) {
		fprintf(stderr, "rtbuild: bug: own text passed its limit: %s\n", err.msg);
		abort();
	}
}

void buf_put(struct buf *b, const char *text)
{
	buf_put_bytes(b, text, strlen(text));
}

void buf_put_byte(struct buf *b, unsigned char byte)
{
	buf_put_bytes(b, &byte, 1);
}

void buf_putf(struct buf *b, const char *fmt, ...)
{
	AUTO(auto_free) char *text = NULL;
	va_list ap;
	int len;

	va_start(ap, fmt);
	len = vasprintf(&text, fmt, ap);
	va_end(ap);
	if (len < 0)
		abort();
	buf_put_bytes(b, text, (size_t)len);
}

char *buf_steal(struct buf *b)
{
	char *text = b->cap ? b->ptr : mem_strdup("");

	*b = (struct buf)BUF_INIT(b->max);
	return text;
}

void str_list_free(struct str_list *l)
{
	for (size_t i = 0; i < l->len; i++)
		free(l->items[i]);
	free(l->items);
	*l = (struct str_list){ 0 };
}

void str_list_push_take(struct str_list *l, char *s)
{
	*ARRAY_PUSH(l) = s;
	/* keep a NULL behind the last one, so that the list is an argv at any time */
	l->items = mem_grow(l->items, &l->cap, l->len, sizeof(*l->items));
}

void str_list_push(struct str_list *l, const char *s)
{
	str_list_push_take(l, mem_strdup(s));
}

bool str_list_has(const struct str_list *l, const char *s)
{
	for (size_t i = 0; i < l->len; i++)
		if (str_eq(l->items[i], s))
			return true;
	return false;
}

char **str_list_argv(struct str_list *l)
{
	l->items = mem_grow(l->items, &l->cap, l->len, sizeof(*l->items));
	return l->items;
}

void str_list_sort(struct str_list *l)
{
	if (l->len > 1)
		qsort(l->items, l->len, sizeof(*l->items), str_cmp);
}
