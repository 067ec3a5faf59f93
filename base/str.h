// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

/* Borrowed text: not NUL-terminated, by value. */
struct slice {
	const char *ptr;
	size_t len;
};

#define SLICE_FMT "%.*s"
#define SLICE_ARG(s) (int)(s).len, (s).ptr
#define SLICE_LIT(lit) ((struct slice){ .ptr = (lit), .len = sizeof(lit) - 1 })

struct slice slice_of(const char *s); /* NULL gives the empty slice */
bool slice_eq(struct slice s, const char *text);
bool slice_has_prefix(struct slice s, const char *prefix);
struct slice slice_trim(struct slice s, const char *set);
/* Cut `s` at the first `sep`: the part before it; *rest is the part behind, rest->ptr NULL when
 * there was none. */
struct slice slice_cut(struct slice s, char sep, struct slice *rest);

bool str_eq(const char *a, const char *b);
bool str_has_prefix(const char *s, const char *prefix);
bool str_has_suffix(const char *s, const char *suffix);
int str_cmp(const void *a, const void *b); /* qsort over char *[] : bytewise */

/* Whole text is a decimal number of at most `max`: no sign, no blanks, no overflow. */
MUST_CHECK bool str_to_u64(uint64_t *out, struct slice s, uint64_t max);

/* Damerau-Levenshtein distance, for "did you mean"; both at most 64 bytes, else a large number. */
size_t str_distance(const char *a, const char *b);

/* The candidate nearest to `word` (distance at most 2 and less than its length), or NULL. */
const char *str_nearest(const char *word, const char *const *candidates, size_t count);

/* "12.3 MB" (SI) into a static-size value. */
struct str_size {
	char text[16];
};
struct str_size str_format_size(uint64_t bytes);

/*
 * Owned, growable bytes with a stated maximum. Always NUL-terminated; ptr is
 * never NULL after buf_init. Passing the maximum is the input's fault: E_INPUT.
 */
struct buf {
	char *ptr;
	size_t len;
	size_t cap;
	size_t max;
};

extern char buf_empty[1]; /* what an empty buf points at; never written */
/* clang-format off */
#define BUF_INIT(limit) { .ptr = buf_empty, .max = (limit) }
/* clang-format on */

void buf_free(struct buf *b);
void buf_clear(struct buf *b);
MUST_CHECK bool buf_append(struct buf *b, const void *data, size_t len, struct err *err);
MUST_CHECK bool buf_printf(struct buf *b, struct err *err, const char *fmt, ...) PRINTF_LIKE(3, 4);
/* For text we make ourselves and whose size we know to be small: passing the maximum aborts. */
void buf_put(struct buf *b, const char *text);
void buf_put_bytes(struct buf *b, const void *data, size_t len);
void buf_putf(struct buf *b, const char *fmt, ...) PRINTF_LIKE(2, 3);
void buf_put_byte(struct buf *b, unsigned char byte);
/* The text, now the caller's to free; the buf is empty again. */
char *buf_steal(struct buf *b);

/* A list of owned strings. Zero is empty. */
struct str_list {
	char **items;
	size_t len, cap;
};
void str_list_free(struct str_list *l);
void str_list_push(struct str_list *l, const char *s);
void str_list_push_take(struct str_list *l, char *s); /* takes ownership */
bool str_list_has(const struct str_list *l, const char *s);
/* items[len] is always NULL afterwards, as execve wants it. */
char **str_list_argv(struct str_list *l);
void str_list_sort(struct str_list *l);

/*
 * Text from outside, made safe for a terminal: C0 (but tab and newline become a
 * blank), DEL, C1, bidi controls and invalid UTF-8 come out as \xNN. Cut at `max` bytes with "...".
 * The result is the caller's to free.
 */
char *str_printable(const char *s, size_t len, size_t max);

/* How many bytes at the start are well-formed UTF-8 (RFC 3629). */
size_t str_utf8_prefix(const char *s, size_t len);

/* base64 (RFC 4648, with padding). */
char *str_base64_encode(const void *data, size_t len);
MUST_CHECK bool str_base64_decode(struct buf *out, struct slice text, struct err *err);
/* Percent-encode everything but unreserved characters (RFC 3986, 2.3). */
void buf_put_urlencoded(struct buf *b, const char *s);
/* Decode %XX in place; the length, since it may hold a NUL now. What is no escape stays. */
size_t str_urldecode(char *s);
void buf_put_hex(struct buf *b, const void *data, size_t len);

#endif
