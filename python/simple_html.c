// SPDX-License-Identifier: Apache-2.0
#include <string.h>
#include <strings.h>

#include "base/mem.h"
#include "python/location.h"
#include "python/simple_build.h"

/*
 * PEP 503: the page as HTML, of which only <a>, <base> and <meta> matter. Read as the HTML standard
 * has it ("13.2.5 Tokenization") as far as finding those and their attributes goes; nothing here
 * recurses or goes back.
 */

static const char blanks[] = " \t\r\n\f";

struct tag {
	struct slice name;
	struct slice attributes; /* what is between name and ">" */
};

static bool is_name(struct slice s, const char *want)
{
	return s.len == strlen(want) && strncasecmp(s.ptr, want, s.len) == 0;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static void skip(struct slice *s, size_t len)
{
	s->ptr += len;
	s->len -= len;
}

/* Behind the next `mark`, or to the end. */
static void skip_past(struct slice *s, const char *mark)
{
	const char *at = s->len ? memmem(s->ptr, s->len, mark, strlen(mark)) : NULL;

	skip(s, at ? (size_t)(at - s->ptr) + strlen(mark) : s->len);
}

static size_t span(struct slice s, const char *set)
{
	size_t n = 0;

	while (n < s.len && s.ptr[n] && strchr(set, s.ptr[n]))
		n++;
	return n;
}

static size_t span_until(struct slice s, const char *set)
{
	size_t n = 0;

	while (n < s.len && !(s.ptr[n] && strchr(set, s.ptr[n])))
		n++;
	return n;
}

/* The end of a tag: a ">" outside of quoted values, which stand behind "=". */
static size_t tag_length(struct slice s)
{
	char quote = '\0', before = '\0';

	for (size_t i = 0; i < s.len; i++) {
		char c = s.ptr[i];

		if (quote)
			quote = c == quote ? '\0' : quote;
		else if (c == '>')
			return i;
		else if (before == '=' && (c == '"' || c == '\''))
			quote = c;
		if (!memchr(blanks, c, sizeof(blanks) - 1))
			before = c;
	}
	return s.len;
}

/* Text that only looks like tags: up to the end tag of the same name. */
static void skip_raw_text(struct slice *s, struct slice name)
{
	for (;;) {
		const char *at = s->len ? memmem(s->ptr, s->len, "</", 2) : NULL;

		skip(s, at ? (size_t)(at - s->ptr) + 2 : s->len);
		if (!s->len || (s->len >= name.len && strncasecmp(s->ptr, name.ptr, name.len) == 0))
			return;
	}
}

/* The next start tag; false at the end. */
static bool next_tag(struct tag *out, struct slice *rest)
{
	static const char *const raw[] = { "script", "style", "title", "textarea" };

	for (;;) {
		skip_past(rest, "<");
		if (!rest->len)
			return false;
		if (slice_has_prefix(*rest, "!--")) {
			skip_past(rest, "-->");
			continue;
		}
		if (!is_letter(rest->ptr[0]))
			continue;
		out->name = (struct slice){ rest->ptr, span_until(*rest, " \t\r\n\f/>") };
		skip(rest, out->name.len);
		out->attributes = (struct slice){ rest->ptr, tag_length(*rest) };
		skip(rest, out->attributes.len);
		for (size_t i = 0; i < ARRAY_LEN(raw); i++)
			if (is_name(out->name, raw[i]))
				skip_raw_text(rest, out->name);
		return true;
	}
}

static bool next_attribute(struct slice *name, struct slice *value, struct slice *rest)
{
	skip(rest, span(*rest, " \t\r\n\f/="));
	if (!rest->len)
		return false;
	*name = (struct slice){ rest->ptr, span_until(*rest, " \t\r\n\f/=") };
	skip(rest, name->len);
	skip(rest, span(*rest, blanks));
	*value = (struct slice){ rest->ptr, 0 };
	if (!rest->len || rest->ptr[0] != '=')
		return true;
	skip(rest, 1);
	skip(rest, span(*rest, blanks));
	if (rest->len && (rest->ptr[0] == '"' || rest->ptr[0] == '\'')) {
		char quote[2] = { rest->ptr[0] };

		skip(rest, 1);
		*value = (struct slice){ rest->ptr, span_until(*rest, quote) };
		skip(rest, value->len < rest->len ? value->len + 1 : value->len);
		return true;
	}
	*value = (struct slice){ rest->ptr, span_until(*rest, blanks) };
	skip(rest, value->len);
	return true;
}

/* "&gt;" and the few others that stand in URLs and specifiers; the length taken, 0 for none. */
static size_t named_reference(char *out, struct slice s)
{
	/* clang-format off */
	static const struct {
		const char *name;
		char value;
	} names[] = {
		{ "&amp",  '&' }, { "&lt",   '<' }, { "&gt",  '>' },
		{ "&quot", '"' }, { "&apos", '\'' },
	};
	/* clang-format on */

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		if (!slice_has_prefix(s, names[i].name))
			continue;
		*out = names[i].value;
		return strlen(names[i].name);
	}
	return 0;
}

/* "&#62;", "&#x3e;", of ASCII. */
static size_t numeric_reference(char *out, struct slice s)
{
	bool is_hex = s.len > 2 && (s.ptr[2] == 'x' || s.ptr[2] == 'X');
	size_t len = is_hex ? 3 : 2, digits;
	unsigned long code = 0;

	if (!slice_has_prefix(s, "&#"))
		return 0;
	digits = span((struct slice){ s.ptr + len, s.len - len },
		      is_hex ? "0123456789abcdefABCDEF" : "0123456789");
	if (!digits || digits > 8)
		return 0;
	for (size_t i = len; i < len + digits; i++)
		code = code * (is_hex ? 16 : 10) + (unsigned long)location_hex_value(s.ptr[i]);
	if (!code || code > '~')
		return 0;
	*out = (char)code;
	return len + digits;
}

static size_t character_reference(char *out, struct slice s)
{
	size_t len = named_reference(out, s);

	if (!len)
		len = numeric_reference(out, s);
	return len && len < s.len && s.ptr[len] == ';' ? len + 1 : len;
}

static char *decode(struct arena *a, struct slice s)
{
	char *out = arena_alloc(a, s.len + 1), *to = out;

	while (s.len) {
		size_t len = s.ptr[0] == '&' ? character_reference(to, s) : 0;

		if (!len) {
			*to = s.ptr[0];
			len = 1;
		}
		to++;
		skip(&s, len);
	}
	*to = '\0';
	return out;
}

/* An attribute's value, decoded and trimmed; NULL when it is not there. The first one counts. */
static const char *attribute(struct arena *a, const struct tag *tag, const char *want)
{
	struct slice rest = tag->attributes, name, value;

	while (next_attribute(&name, &value, &rest))
		if (is_name(name, want)) {
			struct slice text = slice_of(decode(a, value));

			return arena_slice(a, slice_trim(text, blanks));
		}
	return NULL;
}

static void take_metadata(struct simple_file *f, struct arena *a, const struct tag *tag)
{
	const char *text = attribute(a, tag, "data-core-metadata");
	struct slice value, kind;

	if (!text)
		text = attribute(a, tag, "data-dist-info-metadata");
	if (!text || strcasecmp(text, "false") == 0)
		return;
	f->has_metadata = true;
	kind = slice_cut(slice_of(text), '=', &value);
	if (value.ptr && !file_hashes_add(&f->metadata_hashes, kind, value))
		f->refused = "has a malformed hash of its metadata on its page";
}

static bool take_anchor(struct simple_build *b, const struct tag *tag, struct err *err)
{
	const char *link = attribute(b->arena, tag, "href");
	struct simple_file *f = NULL;

	if (!link)
		return true;
	if (!simple_build_file(&f, b, link, NULL, err) || !f)
		return !err->code;
	f->requires_python = attribute(b->arena, tag, "data-requires-python");
	f->yanked = attribute(b->arena, tag, "data-yanked");
	take_metadata(f, b->arena, tag);
	return true;
}

static bool take_meta(struct simple_build *b, const struct tag *tag, struct err *err)
{
	const char *name = attribute(b->arena, tag, "name");
	const char *content = attribute(b->arena, tag, "content");

	if (!name || !content)
		return true;
	if (str_eq(name, "pypi:repository-version"))
		return simple_build_version(b, content, err);
	if (str_eq(name, "pypi:project-status"))
		b->page->status = content;
	else if (str_eq(name, "pypi:project-status-reason"))
		b->page->status_reason = content;
	return true;
}

/* The first <base> counts, and only one that leads somewhere. */
static void take_base(struct simple_build *b, struct url *base, const struct tag *tag)
{
	const char *link = attribute(b->arena, tag, "href");
	struct err ignored = { 0 };

	if (link && !base->target && url_resolve(base, b->from, link, &ignored))
		b->base = base;
}

bool simple_html_read(struct simple_build *b, struct slice text, struct err *err)
{
	AUTO(url_free) struct url base = { 0 };
	struct tag tag;

	while (next_tag(&tag, &text)) {
		if (is_name(tag.name, "base"))
			take_base(b, &base, &tag);
		else if (is_name(tag.name, "meta") ? !take_meta(b, &tag, err)
			 : is_name(tag.name, "a")  ? !take_anchor(b, &tag, err)
						   : false)
			return false;
	}
	return true;
}
