// SPDX-License-Identifier: Apache-2.0
#include "python/specifier.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/mem.h"

/* PEP 440 version specifiers: reading them and asking them. Versions themselves are version.c's. */

/* "===" before "==": the longest operator is the one that is meant. */
static const struct {
	const char *text;
	enum specifier_op op;
} operators[] = {
	{ "===", SPECIFIER_ARBITRARY }, { "~=", SPECIFIER_COMPATIBLE },
	{ "==", SPECIFIER_EQUAL },      { "!=", SPECIFIER_NOT_EQUAL },
	{ "<=", SPECIFIER_LESS_EQUAL }, { ">=", SPECIFIER_GREATER_EQUAL },
	{ "<", SPECIFIER_LESS },        { ">", SPECIFIER_GREATER },
};

static const char blanks[] = " \t\n\r\f\v";

/* The operator at the start; its length, 0 when there is none. */
static size_t find_operator(enum specifier_op *op, struct slice text)
{
	for (size_t i = 0; i < ARRAY_LEN(operators); i++) {
		if (!slice_has_prefix(text, operators[i].text))
			continue;
		*op = operators[i].op;
		return strlen(operators[i].text);
	}
	return 0;
}

static bool is_equality(enum specifier_op op)
{
	return op == SPECIFIER_EQUAL || op == SPECIFIER_NOT_EQUAL;
}

/* "1.2" of "1.2.*": no further parts. */
static bool parse_prefix(struct specifier *s, struct arena *a, struct slice operand,
			 struct err *err)
{
	const struct version *v = &s->version;

	operand.len -= 2;
	s->wildcard = true;
	if (!version_parse(&s->version, a, operand, err))
		return false;
	if (v->pre.ptr || v->post.ptr || v->dev.ptr || v->local.ptr)
		return err_set(err, E_INPUT, "'%s': .* may only follow release numbers", s->text);
	return true;
}

static bool parse_operand(struct specifier *s, struct arena *a, struct slice operand,
			  struct err *err)
{
	struct err ignored = { 0 };

	s->has_version = true;
	if (s->op == SPECIFIER_ARBITRARY) {
		s->has_version = version_parse(&s->version, a, operand, &ignored);
		return true;
	}
	if (is_equality(s->op) && operand.len > 2 && str_has_suffix(s->operand, ".*"))
		return parse_prefix(s, a, operand, err);
	if (!version_parse(&s->version, a, operand, err))
		return false;
	if (s->version.local.ptr && !is_equality(s->op))
		return err_set(err, E_INPUT,
			       "'%s': a local version (+...) only goes with == and !=", s->text);
	if (s->op == SPECIFIER_COMPATIBLE && version_release_parts(&s->version) < 2)
		return err_set(err, E_INPUT, "'%s': ~= needs two numbers or more, as in ~=1.4",
			       s->text);
	return true;
}

bool specifier_parse(struct specifier *out, struct arena *a, struct slice text, struct err *err)
{
	struct specifier s = { 0 };
	struct slice operand;
	size_t len;

	text = slice_trim(text, blanks);
	len = find_operator(&s.op, text);
	if (!len) {
		err_set(err, E_INPUT, "'" SLICE_FMT "' does not begin with a comparison",
			SLICE_ARG(text));
		if (text.len && text.ptr[0] == '=')
			return err_hint(err, "an exact version is asked for by ==");
		return err_hint(err, "write ==, ~=, !=, <=, >=, <, > or === before the version");
	}
	operand =
		slice_trim((struct slice){ .ptr = text.ptr + len, .len = text.len - len }, blanks);
	if (!operand.len && s.op != SPECIFIER_ARBITRARY)
		return err_set(err, E_INPUT, "'" SLICE_FMT "' has no version", SLICE_ARG(text));
	for (size_t i = 0; i < operand.len; i++)
		if (strchr(" \t\n\r\f\v;)", operand.ptr[i]))
			return err_set(err, E_INPUT, "'" SLICE_FMT "' is not a version specifier",
				       SLICE_ARG(text));
	s.operand = arena_slice(a, operand);
	s.text = arena_printf(a, SLICE_FMT "%s", (int)len, text.ptr, s.operand);
	if (!parse_operand(&s, a, operand, err))
		return false;
	*out = s;
	return true;
}

bool specifier_set_parse(struct specifier_set *out, struct arena *a, struct slice text,
			 size_t *at_out, struct err *err)
{
	struct specifier_set set = { 0 };
	struct slice rest = text;
	size_t most = 1;

	for (size_t i = 0; i < text.len; i++)
		most += text.ptr[i] == ',';
	set.items = ARENA_ARRAY(a, struct specifier, most);
	while (rest.ptr) {
		struct slice one = slice_trim(slice_cut(rest, ',', &rest), blanks);

		if (!one.len)
			continue;
		if (at_out)
			*at_out = (size_t)(one.ptr - text.ptr);
		if (!specifier_parse(&set.items[set.len++], a, one, err))
			return false;
	}
	*out = set;
	return true;
}

void specifier_set_add(struct specifier_set *set, struct arena *a, const struct specifier_set *more)
{
	struct specifier *items;

	if (!more->len)
		return;
	items = ARENA_ARRAY(a, struct specifier, set->len + more->len);
	if (set->len)
		memcpy(items, set->items, set->len * sizeof(*items));
	memcpy(items + set->len, more->items, more->len * sizeof(*items));
	set->items = items;
	set->len += more->len;
}

static bool equals(const struct specifier *s, const struct version *v)
{
	if (s->wildcard)
		return version_has_prefix(v, &s->version, version_release_parts(&s->version));
	return s->version.local.ptr ? version_cmp(v, &s->version) == 0
				    : version_cmp_public(v, &s->version) == 0;
}

/* "Exclusive ordered comparison": <3.1 does not take 3.1rc1, though it sorts before. */
static bool less(const struct version *v, const struct version *than)
{
	if (version_cmp(v, than) >= 0)
		return false;
	return version_is_prerelease(than) || !version_is_prerelease(v) ||
	       !version_same_base(v, than);
}

/* >3.1 takes neither 3.1.post1 nor 3.1+local. */
static bool greater(const struct version *v, const struct version *than)
{
	if (version_cmp(v, than) <= 0)
		return false;
	if (!version_same_base(v, than))
		return true;
	return !v->local.ptr && (than->post.ptr || !v->post.ptr);
}

bool specifier_matches(const struct specifier *s, const struct version *v)
{
	switch (s->op) {
	case SPECIFIER_COMPATIBLE:
		return version_cmp_public(v, &s->version) >= 0 &&
		       version_has_prefix(v, &s->version, version_release_parts(&s->version) - 1);
	case SPECIFIER_EQUAL:
		return equals(s, v);
	case SPECIFIER_NOT_EQUAL:
		return !equals(s, v);
	case SPECIFIER_LESS_EQUAL:
		return version_cmp_public(v, &s->version) <= 0;
	case SPECIFIER_GREATER_EQUAL:
		return version_cmp_public(v, &s->version) >= 0;
	case SPECIFIER_LESS:
		return less(v, &s->version);
	case SPECIFIER_GREATER:
		return greater(v, &s->version);
	case SPECIFIER_ARBITRARY:
		return strcasecmp(v->text, s->operand) == 0;
	}
	abort();
}

bool specifier_set_matches(const struct specifier_set *set, const struct version *v)
{
	for (size_t i = 0; i < set->len; i++)
		if (!specifier_matches(&set->items[i], v))
			return false;
	return true;
}

static bool names_prerelease(const struct specifier *s)
{
	bool inclusive = s->op != SPECIFIER_NOT_EQUAL && s->op != SPECIFIER_LESS &&
			 s->op != SPECIFIER_GREATER;

	return inclusive && s->has_version && version_is_prerelease(&s->version);
}

bool specifier_set_names_prerelease(const struct specifier_set *set)
{
	for (size_t i = 0; i < set->len; i++)
		if (names_prerelease(&set->items[i]))
			return true;
	return false;
}

static bool lets_prereleases_in(const struct specifier_set *set, enum prereleases pre)
{
	return pre == PRERELEASES_ALLOWED ||
	       (pre == PRERELEASES_AUTO && specifier_set_names_prerelease(set));
}

bool specifier_set_contains(const struct specifier_set *set, const struct version *v,
			    enum prereleases pre)
{
	if (version_is_prerelease(v) && !lets_prereleases_in(set, pre))
		return false;
	return specifier_set_matches(set, v);
}

void specifier_set_filter(bool *keep_out, const struct specifier_set *set,
			  const struct version *const *versions, size_t count, enum prereleases pre)
{
	size_t kept = 0;

	for (size_t i = 0; i < count; i++) {
		keep_out[i] = specifier_set_contains(set, versions[i], pre);
		kept += keep_out[i];
	}
	if (!kept && !set->len && pre == PRERELEASES_AUTO)
		for (size_t i = 0; i < count; i++)
			keep_out[i] = true;
}

bool specifier_set_is_pinned(const struct specifier_set *set)
{
	for (size_t i = 0; i < set->len; i++) {
		const struct specifier *s = &set->items[i];

		if (s->op == SPECIFIER_ARBITRARY || (s->op == SPECIFIER_EQUAL && !s->wildcard))
			return true;
	}
	return false;
}

/* By what is asked for: 0 where one of the two is enough, as ">=1" and ">=1.0" are. */
static int cmp_meaning(const struct specifier *a, const struct specifier *b)
{
	bool counts = a->wildcard || a->op == SPECIFIER_COMPATIBLE; /* how many parts there are */
	int c = (a->op > b->op) - (a->op < b->op);

	if (!c && a->op == SPECIFIER_ARBITRARY)
		return strcmp(a->operand, b->operand);
	if (!c)
		c = (int)a->wildcard - (int)b->wildcard;
	if (!c)
		c = version_cmp(&a->version, &b->version);
	if (!c && counts) {
		size_t m = version_release_parts(&a->version);
		size_t n = version_release_parts(&b->version);

		c = (m > n) - (m < n);
	}
	return c;
}

/* Of those that ask for the same, the one written first comes first. */
static int cmp_specifiers(const void *left, const void *right)
{
	const struct specifier *a = *(const struct specifier *const *)left;
	const struct specifier *b = *(const struct specifier *const *)right;
	int c = cmp_meaning(a, b);

	return c ? c : (a > b) - (a < b);
}

void specifier_set_format(struct buf *out, const struct specifier_set *set)
{
	AUTO(auto_free) const struct specifier **items = mem_alloc((set->len + 1) * sizeof(*items));
	AUTO(auto_free) const char **texts = mem_alloc((set->len + 1) * sizeof(*texts));
	size_t len = 0;

	for (size_t i = 0; i < set->len; i++)
		items[i] = &set->items[i];
	qsort(items, set->len, sizeof(*items), cmp_specifiers);
	for (size_t i = 0; i < set->len; i++)
		if (!i || cmp_meaning(items[i - 1], items[i]) != 0)
			texts[len++] = items[i]->text;
	qsort(texts, len, sizeof(*texts), str_cmp);
	for (size_t i = 0; i < len; i++)
		buf_putf(out, "%s%s", i ? "," : "", texts[i]);
}
