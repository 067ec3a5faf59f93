// SPDX-License-Identifier: Apache-2.0
#include "registry/pattern.h"

#include <fnmatch.h>
#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"

/* Globs and regular expressions are libc's; ranges of versions are ours. */

/* --- versions (semver.org 2.0.0; parts may be missing) --- */

struct version {
	uint64_t part[3];
	int given;               /* how many parts were there */
	struct slice prerelease; /* ptr NULL: none */
};

static bool take_number(uint64_t *out, struct slice *s)
{
	size_t len = 0;

	while (len < s->len && s->ptr[len] >= '0' && s->ptr[len] <= '9')
		len++;
	if (!str_to_u64(out, (struct slice){ s->ptr, len }, UINT32_MAX))
		return false;
	s->ptr += len;
	s->len -= len;
	return true;
}

static bool is_identifier(struct slice s)
{
	for (size_t i = 0; i < s.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_",
			    s.ptr[i]))
			return false;
	return s.len > 0;
}

static bool version_parse(struct version *out, struct slice s)
{
	struct slice build;

	*out = (struct version){ 0 };
	if (s.len && (*s.ptr == 'v' || *s.ptr == 'V')) {
		s.ptr++;
		s.len--;
	}
	s = slice_cut(s, '+', &build);
	for (out->given = 0; out->given < 3;) {
		if (!s.len || !take_number(&out->part[out->given++], &s))
			return false;
		if (!s.len || *s.ptr != '.' || out->given == 3)
			break;
		s.ptr++;
		s.len--;
	}
	if (!s.len)
		return true;
	if (*s.ptr != '-')
		return false;
	out->prerelease = (struct slice){ s.ptr + 1, s.len - 1 };
	return is_identifier(out->prerelease);
}

static int compare_u64(uint64_t a, uint64_t b)
{
	return a < b ? -1 : a > b;
}

static int compare_text(struct slice a, struct slice b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int order = len ? memcmp(a.ptr, b.ptr, len) : 0;

	return order ? order : compare_u64(a.len, b.len);
}

/* semver.org, 11.4: numbers below texts, fewer fields below more. */
static int compare_prerelease(struct slice a, struct slice b)
{
	if (!a.ptr || !b.ptr)
		return (b.ptr != NULL) - (a.ptr != NULL);
	while (a.ptr && b.ptr) {
		struct slice x = slice_cut(a, '.', &a), y = slice_cut(b, '.', &b);
		uint64_t nx, ny;
		bool is_x = str_to_u64(&nx, x, UINT64_MAX), is_y = str_to_u64(&ny, y, UINT64_MAX);
		int order = is_x && is_y   ? compare_u64(nx, ny)
			    : is_x != is_y ? (is_x ? -1 : 1)
					   : compare_text(x, y);

		if (order)
			return order;
	}
	return (a.ptr != NULL) - (b.ptr != NULL);
}

static int version_compare(const struct version *a, const struct version *b)
{
	for (int i = 0; i < 3; i++)
		if (a->part[i] != b->part[i])
			return compare_u64(a->part[i], b->part[i]);
	return compare_prerelease(a->prerelease, b->prerelease);
}

/* --- patterns --- */

enum bound { BOUND_LT, BOUND_LE, BOUND_GT, BOUND_GE, BOUND_EQ, BOUND_NE };

struct comparator {
	enum bound bound;
	struct version version;
};

struct tag_pattern {
	enum { PATTERN_GLOB, PATTERN_REGEX, PATTERN_RANGE } kind;
	char *text;
	regex_t regex;
	struct {
		struct comparator *items;
		size_t len, cap;
	} range;
	bool names_prerelease;
};

static void pattern_free(struct tag_pattern *p)
{
	if (p->kind == PATTERN_REGEX)
		regfree(&p->regex);
	free(p->range.items);
	free(p->text);
	free(p);
}

void tag_patterns_free(struct tag_patterns *p)
{
	for (size_t i = 0; i < p->len; i++)
		pattern_free(p->items[i]);
	free(p->items);
	*p = (struct tag_patterns){ 0 };
}

static void add_comparator(struct tag_pattern *p, enum bound bound, struct version v)
{
	*ARRAY_PUSH(&p->range) = (struct comparator){ bound, v };
}

/* The first version behind those that agree with `v` in its first `kept` parts. */
static struct version behind(struct version v, int kept)
{
	struct version next = { .given = 3 };

	for (int i = 0; i < kept; i++)
		next.part[i] = v.part[i];
	next.part[kept - 1]++;
	return next;
}

/* ^1.2.3: the leftmost part that is not 0 stays; ~1.2.3: major and minor stay. */
static int kept_parts(char sign, const struct version *v)
{
	if (sign == '~')
		return v->given > 1 ? 2 : 1;
	if (sign == '=')
		return v->given;
	for (int i = 0; i < v->given; i++)
		if (v->part[i])
			return i + 1;
	return v->given;
}

static bool add_range_part(struct tag_pattern *p, struct slice text)
{
	/* clang-format off */
	static const struct {
		const char *sign;
		enum bound bound;
	} bounds[] = {
		{ ">=", BOUND_GE }, { "<=", BOUND_LE }, { "!=", BOUND_NE }, { ">", BOUND_GT }, { "<", BOUND_LT },
	};
	/* clang-format on */
	struct version v;
	char sign = *text.ptr;

	for (size_t i = 0; i < ARRAY_LEN(bounds); i++) {
		size_t len = strlen(bounds[i].sign);

		if (!slice_has_prefix(text, bounds[i].sign))
			continue;
		if (!version_parse(&v, (struct slice){ text.ptr + len, text.len - len }))
			return false;
		p->names_prerelease = p->names_prerelease || v.prerelease.ptr;
		add_comparator(p, bounds[i].bound, v);
		return true;
	}
	if (!strchr("^~=", sign) ||
	    !version_parse(&v, (struct slice){ text.ptr + 1, text.len - 1 }))
		return false;
	p->names_prerelease = p->names_prerelease || v.prerelease.ptr;
	if (sign == '=' && v.given == 3) {
		add_comparator(p, BOUND_EQ, v);
		return true;
	}
	add_comparator(p, BOUND_GE, v);
	add_comparator(p, BOUND_LT, behind(v, kept_parts(sign, &v)));
	return true;
}

static bool parse_range(struct tag_pattern *p, struct err *err)
{
	struct slice rest = slice_of(p->text);

	for (size_t i = 0; p->text[i]; i++)
		if (p->text[i] == ',')
			p->text[i] = ' ';
	while (rest.ptr) {
		struct slice part = slice_cut(rest, ' ', &rest);

		if (part.len && !add_range_part(p, part)) {
			err_set(err, E_INPUT, "'" SLICE_FMT "' is no range of versions",
				SLICE_ARG(part));
			return err_hint(err, "like >=1.2 <2, ^1.4.0 or ~3.11");
		}
	}
	return true;
}

static bool parse_regex(struct tag_pattern *p, const char *text, struct err *err)
{
	AUTO(auto_free) char *body = mem_strndup(text + 1, strlen(text) - 2);
	int status = regcomp(&p->regex, body, REG_EXTENDED | REG_NOSUB);
	char why[128];

	if (!status) {
		p->kind = PATTERN_REGEX;
		return true;
	}
	regerror(status, &p->regex, why, sizeof(why));
	return err_set(err, E_INPUT, "regular expression %s: %s", text, why);
}

static bool pattern_parse(struct tag_pattern *p, const char *text, struct err *err)
{
	size_t len = strlen(text);

	p->text = mem_strdup(text);
	if (!len)
		return err_set(err, E_INPUT, "a pattern of tags is empty");
	if (text[0] == '/') {
		if (len < 3 || text[len - 1] != '/')
			return err_set(err, E_INPUT, "'%s': a regular expression ends with / too",
				       text);
		return parse_regex(p, text, err);
	}
	if (!strchr("<>=^~", text[0]) && !str_has_prefix(text, "!="))
		return true;
	p->kind = PATTERN_RANGE;
	return parse_range(p, err);
}

bool tag_patterns_add(struct tag_patterns *out, const char *text, struct err *err)
{
	struct tag_pattern *p = mem_alloc(sizeof(*p));

	if (!pattern_parse(p, text, err)) {
		pattern_free(p);
		return false;
	}
	*ARRAY_PUSH(out) = p;
	return true;
}

static bool holds(const struct comparator *c, const struct version *v)
{
	int order = version_compare(v, &c->version);

	switch (c->bound) {
	case BOUND_LT:
		return order < 0;
	case BOUND_LE:
		return order <= 0;
	case BOUND_GT:
		return order > 0;
	case BOUND_GE:
		return order >= 0;
	case BOUND_EQ:
		return order == 0;
	case BOUND_NE:
		return order != 0;
	}
	return false;
}

static bool in_range(const struct tag_pattern *p, const char *tag)
{
	struct version v;

	if (!version_parse(&v, slice_of(tag)) || (v.prerelease.ptr && !p->names_prerelease))
		return false;
	for (size_t i = 0; i < p->range.len; i++)
		if (!holds(&p->range.items[i], &v))
			return false;
	return true;
}

static bool matches(const struct tag_pattern *p, const char *tag)
{
	switch (p->kind) {
	case PATTERN_GLOB:
		return fnmatch(p->text, tag, 0) == 0;
	case PATTERN_REGEX:
		return regexec(&p->regex, tag, 0, NULL, 0) == 0;
	case PATTERN_RANGE:
		return in_range(p, tag);
	}
	return false;
}

bool tag_patterns_match(const struct tag_patterns *p, const char *tag)
{
	for (size_t i = 0; i < p->len; i++)
		if (matches(p->items[i], tag))
			return true;
	return false;
}

/* --- order --- */

static size_t digits(const char *s)
{
	return strspn(s, "0123456789");
}

int tag_compare(const char *a, const char *b)
{
	const char *x = a, *y = b;

	while (*x && *y) {
		size_t nx, ny;

		if (!digits(x) || !digits(y)) {
			if (*x != *y)
				return (unsigned char)*x < (unsigned char)*y ? -1 : 1;
			x++;
			y++;
			continue;
		}
		x += strspn(x, "0");
		y += strspn(y, "0");
		nx = digits(x);
		ny = digits(y);
		if (nx != ny)
			return nx < ny ? -1 : 1;
		if (memcmp(x, y, nx) != 0)
			return memcmp(x, y, nx);
		x += nx;
		y += ny;
	}
	if (*x || *y)
		return *x ? 1 : -1;
	return strcmp(a, b);
}
