// SPDX-License-Identifier: Apache-2.0
#include "python/version.h"

#include <string.h>

#include "base/limits.h"

/*
 * PEP 440 versions: reading them in every accepted spelling, writing the normal form, their order.
 * Which versions a requirement allows is specifier.c's.
 */

/*
 * What is left to read, and where to write the normal form. Parts grow by less than GROWTH bytes
 * together ("1-1" becomes "1.post1"), so the room is known beforehand and slices may point there.
 */
struct reader {
	struct slice in;
	char *out;
};

enum { GROWTH = 32 };

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static bool is_separator(char c)
{
	return c == '.' || c == '-' || c == '_';
}

static struct slice skip(struct slice s, size_t n)
{
	return (struct slice){ .ptr = s.ptr + n, .len = s.len - n };
}

static size_t span_digits(struct slice s)
{
	size_t n = 0;

	while (n < s.len && is_digit(s.ptr[n]))
		n++;
	return n;
}

static bool starts_with(struct slice s, const char *word)
{
	size_t len = strlen(word);

	if (s.len < len)
		return false;
	for (size_t i = 0; i < len; i++)
		if (lower(s.ptr[i]) != word[i])
			return false;
	return true;
}

static void write_text(struct reader *r, const char *text)
{
	size_t len = strlen(text);

	memcpy(r->out, text, len);
	r->out += len;
}

/* Take n digits as a number: no leading zeros, at least one digit. */
static struct slice take_number(struct reader *r, size_t n)
{
	struct slice digits = { .ptr = r->in.ptr, .len = n };
	char *start = r->out;

	while (digits.len && digits.ptr[0] == '0')
		digits = skip(digits, 1);
	if (digits.len)
		memcpy(r->out, digits.ptr, digits.len);
	else
		r->out[0] = '0';
	r->out += digits.len ? digits.len : 1;
	r->in = skip(r->in, n);
	return (struct slice){ .ptr = start, .len = (size_t)(r->out - start) };
}

/* "[-_.]? word [-_.]?" for one of `words`: its index, or -1 and nothing is read. */
static int take_word(struct reader *r, const char *const *words, size_t count)
{
	struct slice in = r->in;

	if (in.len && is_separator(in.ptr[0]))
		in = skip(in, 1);
	for (size_t i = 0; i < count; i++) {
		if (!starts_with(in, words[i]))
			continue;
		in = skip(in, strlen(words[i]));
		r->in = in.len && is_separator(in.ptr[0]) ? skip(in, 1) : in;
		return (int)i;
	}
	return -1;
}

static void take_epoch(struct reader *r, struct version *v)
{
	size_t digits = span_digits(r->in);

	v->epoch = SLICE_LIT("0");
	if (!digits || digits == r->in.len || r->in.ptr[digits] != '!')
		return;
	v->epoch = take_number(r, digits);
	r->in = skip(r->in, 1);
	if (slice_eq(v->epoch, "0")) {
		r->out--;
		v->epoch = SLICE_LIT("0");
	} else {
		write_text(r, "!");
	}
}

static bool take_release(struct reader *r, struct version *v)
{
	size_t n = span_digits(r->in);
	char *start = r->out;

	if (!n)
		return false;
	take_number(r, n);
	while (r->in.len > 1 && r->in.ptr[0] == '.' && is_digit(r->in.ptr[1])) {
		r->in = skip(r->in, 1);
		write_text(r, ".");
		take_number(r, span_digits(r->in));
	}
	v->release = (struct slice){ .ptr = start, .len = (size_t)(r->out - start) };
	return true;
}

static void take_pre(struct reader *r, struct version *v)
{
	/* longer words first: "preview" before "pre" */
	static const char *const words[] = {
		"preview", "alpha", "beta", "pre", "rc", "a", "b", "c"
	};
	static const enum version_pre kinds[] = {
		VERSION_CANDIDATE, VERSION_ALPHA, VERSION_BETA, VERSION_CANDIDATE,
		VERSION_CANDIDATE, VERSION_ALPHA, VERSION_BETA, VERSION_CANDIDATE,
	};
	static const char *const normal[] = { "", "a", "b", "rc" };
	int word = take_word(r, words, ARRAY_LEN(words));

	if (word < 0)
		return;
	v->pre_kind = kinds[word];
	write_text(r, normal[v->pre_kind]);
	v->pre = take_number(r, span_digits(r->in));
}

static void take_post(struct reader *r, struct version *v)
{
	static const char *const words[] = { "post", "rev", "r" };

	if (r->in.len > 1 && r->in.ptr[0] == '-' && is_digit(r->in.ptr[1]))
		r->in = skip(r->in, 1); /* "1.0-1" */
	else if (take_word(r, words, ARRAY_LEN(words)) < 0)
		return;
	write_text(r, ".post");
	v->post = take_number(r, span_digits(r->in));
}

static void take_dev(struct reader *r, struct version *v)
{
	static const char *const words[] = { "dev" };

	if (take_word(r, words, ARRAY_LEN(words)) < 0)
		return;
	write_text(r, ".dev");
	v->dev = take_number(r, span_digits(r->in));
}

static bool is_alnum(char c)
{
	return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* "+", then alphanumeric segments; false when it is malformed. */
static bool take_local(struct reader *r, struct version *v)
{
	char *start = r->out + 1;

	if (!r->in.len || r->in.ptr[0] != '+')
		return true;
	do {
		size_t n = 0;

		write_text(r, r->out < start ? "+" : ".");
		r->in = skip(r->in, 1);
		while (n < r->in.len && is_alnum(r->in.ptr[n]))
			n++;
		if (!n)
			return false;
		if (span_digits(r->in) >= n) {
			take_number(r, n);
			continue;
		}
		for (size_t i = 0; i < n; i++)
			*r->out++ = lower(r->in.ptr[i]);
		r->in = skip(r->in, n);
	} while (r->in.len && is_separator(r->in.ptr[0]));
	v->local = (struct slice){ .ptr = start, .len = (size_t)(r->out - start) };
	return true;
}

static int cmp_number(struct slice a, struct slice b)
{
	if (a.len != b.len)
		return a.len < b.len ? -1 : 1;
	return a.len ? memcmp(a.ptr, b.ptr, a.len) : 0;
}

/* The next number of a release; "0" behind its end, since 1.0 is 1.0.0. */
static struct slice next_number(struct slice *rest)
{
	if (!rest->ptr)
		return SLICE_LIT("0");
	return slice_cut(*rest, '.', rest);
}

static int cmp_release(struct slice a, struct slice b)
{
	int c = 0;

	while (!c && (a.ptr || b.ptr)) {
		struct slice left = next_number(&a), right = next_number(&b);

		c = cmp_number(left, right);
	}
	return c;
}

/* An absent part sorts before or behind every number: `absent` is -1 or 1. */
static int cmp_part(struct slice a, struct slice b, int absent)
{
	if (!a.ptr || !b.ptr)
		return a.ptr ? -absent : b.ptr ? absent : 0;
	return cmp_number(a, b);
}

/* 1.0.dev1 sorts before 1.0a1; but 1.0a1.dev1 and 1.0.post1.dev1 belong to their a1 and post1. */
static int pre_rank(const struct version *v)
{
	if (v->pre_kind != VERSION_FINAL)
		return v->pre_kind;
	return !v->post.ptr && v->dev.ptr ? 0 : VERSION_CANDIDATE + 1;
}

static int cmp_text(struct slice a, struct slice b)
{
	size_t shorter = a.len < b.len ? a.len : b.len;
	int c = shorter ? memcmp(a.ptr, b.ptr, shorter) : 0;

	return c ? c : (a.len > b.len) - (a.len < b.len);
}

/* Segment by segment; numbers behind words, the shorter one first. */
static int cmp_local(struct slice a, struct slice b)
{
	int c = 0;

	while (!c && a.ptr && b.ptr) {
		struct slice left = slice_cut(a, '.', &a), right = slice_cut(b, '.', &b);
		bool left_number = span_digits(left) == left.len;
		bool right_number = span_digits(right) == right.len;

		if (left_number != right_number)
			c = left_number ? 1 : -1;
		else
			c = left_number ? cmp_number(left, right) : cmp_text(left, right);
	}
	return c ? c : (a.ptr != NULL) - (b.ptr != NULL);
}

bool version_parse(struct version *out, struct arena *a, struct slice text, struct err *err)
{
	struct reader r = { .in = slice_trim(text, " \t\n\r\f\v") };
	struct version v = { 0 };
	struct slice whole = r.in;

	if (r.in.len > LIMIT_PYTHON_VERSION)
		return err_set(err, E_INPUT, "a version of more than %d bytes",
			       LIMIT_PYTHON_VERSION);
	r.out = arena_alloc(a, r.in.len + GROWTH);
	v.text = r.out;
	if (starts_with(r.in, "v"))
		r.in = skip(r.in, 1);
	take_epoch(&r, &v);
	if (!take_release(&r, &v))
		return err_set(err, E_INPUT, "'" SLICE_FMT "' is not a version (PEP 440)",
			       SLICE_ARG(whole));
	take_pre(&r, &v);
	take_post(&r, &v);
	take_dev(&r, &v);
	if (!take_local(&r, &v) || r.in.len)
		return err_set(err, E_INPUT, "'" SLICE_FMT "' is not a version (PEP 440)",
			       SLICE_ARG(whole));
	*r.out = '\0';
	*out = v;
	return true;
}

int version_cmp_public(const struct version *a, const struct version *b)
{
	int c = cmp_number(a->epoch, b->epoch);

	if (!c)
		c = cmp_release(a->release, b->release);
	if (!c)
		c = pre_rank(a) - pre_rank(b);
	if (!c)
		c = cmp_part(a->pre, b->pre, 1);
	if (!c)
		c = cmp_part(a->post, b->post, -1);
	return c ? c : cmp_part(a->dev, b->dev, 1);
}

int version_cmp(const struct version *a, const struct version *b)
{
	int c = version_cmp_public(a, b);

	if (c)
		return c;
	if (!a->local.ptr || !b->local.ptr)
		return (a->local.ptr != NULL) - (b->local.ptr != NULL);
	return cmp_local(a->local, b->local);
}

bool version_same_base(const struct version *a, const struct version *b)
{
	return cmp_number(a->epoch, b->epoch) == 0 && cmp_release(a->release, b->release) == 0;
}

bool version_has_prefix(const struct version *v, const struct version *prefix, size_t parts)
{
	struct slice have = v->release, want = prefix->release;

	if (cmp_number(v->epoch, prefix->epoch) != 0)
		return false;
	for (size_t i = 0; i < parts; i++) {
		struct slice left = next_number(&have), right = next_number(&want);

		if (cmp_number(left, right) != 0)
			return false;
	}
	return true;
}

size_t version_release_parts(const struct version *v)
{
	size_t n = 1;

	for (size_t i = 0; i < v->release.len; i++)
		n += v->release.ptr[i] == '.';
	return n;
}

bool version_is_prerelease(const struct version *v)
{
	return v->pre_kind != VERSION_FINAL || v->dev.ptr;
}
