// SPDX-License-Identifier: Apache-2.0
#include "python/requirement.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "python/name.h"

/* PEP 508 requirements. Lines and options of requirements files are requirements.c's. */

struct parser {
	struct arena *arena;
	struct slice text;
	size_t at;
	struct err *err;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static void skip_blanks(struct parser *p)
{
	while (p->at < p->text.len && is_blank(p->text.ptr[p->at]))
		p->at++;
}

static struct slice rest_of(const struct parser *p)
{
	return (struct slice){ .ptr = p->text.ptr + p->at, .len = p->text.len - p->at };
}

static char next_char(const struct parser *p)
{
	return p->at < p->text.len ? p->text.ptr[p->at] : '\0';
}

static bool parse_name(struct parser *p, struct slice *out)
{
	struct slice rest = rest_of(p);

	*out = (struct slice){ .ptr = rest.ptr, .len = name_span(rest) };
	if (name_is_valid(*out)) {
		p->at += out->len;
		return true;
	}
	if (!out->len)
		return err_set(p->err, E_INPUT,
			       "a requirement begins with a name, '" SLICE_FMT "' does not",
			       SLICE_ARG(rest));
	return err_set(p->err, E_INPUT,
		       "name '" SLICE_FMT "' must begin and end with a letter or digit",
		       SLICE_ARG(*out));
}

static void sort_extras(struct requirement *r)
{
	size_t kept = 0;

	qsort(r->extras, r->extra_count, sizeof(*r->extras), str_cmp);
	for (size_t i = 0; i < r->extra_count; i++)
		if (!kept || !str_eq(r->extras[kept - 1], r->extras[i]))
			r->extras[kept++] = r->extras[i];
	r->extra_count = kept;
}

static bool parse_extras(struct parser *p, struct requirement *r)
{
	size_t open = p->at, most = 1;

	if (next_char(p) != '[')
		return true;
	p->at++;
	for (size_t i = p->at; i < p->text.len && p->text.ptr[i] != ']'; i++)
		most += p->text.ptr[i] == ',';
	r->extras = ARENA_ARRAY(p->arena, const char *, most);
	skip_blanks(p);
	while (next_char(p) != ']' || r->extra_count) {
		struct slice extra;

		if (!parse_name(p, &extra))
			return err_wrap(p->err, "extras");
		r->extras[r->extra_count++] = name_normalize(p->arena, extra);
		skip_blanks(p);
		if (next_char(p) != ',')
			break;
		p->at++;
		skip_blanks(p);
	}
	if (next_char(p) != ']') {
		bool ended = p->at == p->text.len;

		p->at = ended ? open : p->at;
		return err_set(p->err, E_INPUT,
			       ended ? "'[' is not closed" : "extras are separated by commas");
	}
	p->at++;
	sort_extras(r);
	return true;
}

/* As packaging has it: a scheme and a host, or file:// and any path. */
static bool is_url(struct slice url)
{
	size_t scheme = 0;

	while (scheme < url.len &&
	       (name_span((struct slice){ url.ptr + scheme, 1 }) || url.ptr[scheme] == '+'))
		scheme++;
	if (!scheme || url.len < scheme + 3 || memcmp(url.ptr + scheme, "://", 3) != 0)
		return false;
	if (scheme == 4 && memcmp(url.ptr, "file", 4) == 0)
		return true;
	return url.len > scheme + 3 && !strchr("/?#", url.ptr[scheme + 3]);
}

static bool parse_url(struct parser *p, struct requirement *r)
{
	struct slice url;

	p->at++; /* "@" */
	skip_blanks(p);
	url = rest_of(p);
	for (size_t i = 0; i < url.len; i++)
		if (is_blank(url.ptr[i]))
			url.len = i;
	if (!url.len)
		return err_set(p->err, E_INPUT, "a URL must follow the @");
	if (memchr(url.ptr, '\0', url.len) || !is_url(url))
		return err_set(p->err, E_INPUT, "'" SLICE_FMT "' is not a URL", SLICE_ARG(url));
	r->url = arena_slice(p->arena, url);
	p->at += url.len;
	return true;
}

/* A comma may end the list, as packaging has it, but not begin it or follow another. */
static bool check_commas(struct parser *p, struct slice text)
{
	struct slice rest = text;

	while (rest.ptr) {
		struct slice item = slice_cut(rest, ',', &rest);

		if (!slice_trim(item, " \t\r\n").len && (rest.ptr)) {
			p->at += (size_t)(item.ptr - text.ptr) + item.len;
			return err_set(p->err, E_INPUT,
				       "a version specifier is missing before ','");
		}
	}
	return true;
}

/* The specifiers reach to the marker, the end, or the closing parenthesis. */
static bool parse_specifiers(struct parser *p, struct requirement *r)
{
	bool parenthesis = next_char(p) == '(';
	size_t open = p->at, at = 0;
	struct slice text;

	p->at += parenthesis;
	text = rest_of(p);
	for (size_t i = 0; i < text.len; i++)
		if (text.ptr[i] == ';' || (parenthesis && text.ptr[i] == ')'))
			text.len = i;
	if (!check_commas(p, text))
		return false;
	if (!specifier_set_parse(&r->specifiers, p->arena, text, &at, p->err)) {
		p->at += at;
		return false;
	}
	p->at += text.len;
	if (!parenthesis)
		return true;
	if (next_char(p) != ')') {
		p->at = open;
		return err_set(p->err, E_INPUT, "'(' is not closed");
	}
	p->at++;
	return true;
}

static bool parse_marker(struct parser *p, struct requirement *r)
{
	size_t at = 0;
	bool ok;

	p->at++; /* ";" */
	ok = marker_parse(&r->marker, p->arena, rest_of(p), &at, p->err);
	p->at += at;
	return ok;
}

static bool parse_whole(struct parser *p, struct requirement *r)
{
	struct slice name;

	skip_blanks(p);
	if (!parse_name(p, &name))
		return false;
	r->name = arena_slice(p->arena, name);
	r->key = name_normalize(p->arena, name);
	skip_blanks(p);
	if (!parse_extras(p, r))
		return false;
	skip_blanks(p);
	if (next_char(p) == '@' ? !parse_url(p, r) : !parse_specifiers(p, r))
		return false;
	skip_blanks(p);
	if (next_char(p) == ';')
		return parse_marker(p, r);
	if (p->at < p->text.len)
		return err_set(p->err, E_INPUT, "'" SLICE_FMT "' cannot stand here",
			       SLICE_ARG(rest_of(p)));
	return true;
}

bool requirement_parse(struct requirement *out, struct arena *a, struct slice text, size_t *at_out,
		       struct err *err)
{
	struct parser p = { .arena = a, .text = text, .err = err };
	struct requirement r = { 0 };
	bool ok;

	r.text = arena_slice(a, slice_trim(text, " \t\r\n"));
	ok = parse_whole(&p, &r);
	if (at_out)
		*at_out = p.at;
	if (ok)
		*out = r;
	return ok;
}

bool requirement_parse_extras(struct requirement *out, size_t *len_out, struct arena *a,
			      struct slice text, size_t *at_out, struct err *err)
{
	struct parser p = { .arena = a, .text = text, .err = err };
	bool ok = parse_extras(&p, out);

	*len_out = p.at;
	if (at_out)
		*at_out = p.at;
	return ok;
}

void requirement_format(struct buf *out, const struct requirement *r)
{
	buf_put(out, r->name);
	for (size_t i = 0; i < r->extra_count; i++)
		buf_putf(out, "%s%s", i ? "," : "[", r->extras[i]);
	if (r->extra_count)
		buf_put(out, "]");
	if (r->url)
		buf_putf(out, " @ %s", r->url);
	specifier_set_format(out, &r->specifiers);
}
