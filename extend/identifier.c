// SPDX-License-Identifier: Apache-2.0
#include "extend/identifier.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "extend/encoding.h"
#include "extend/token.h"

/* Which names may be baked. */

/*
 * Characters c with c.isidentifier(), NFKC(c) == c and combining class 0, in blocks where that
 * holds for each one (checked with unicodedata 15.1). Being starters that compose with nothing else
 * in these ranges, any sequence of them is normalised too.
 */
static const struct {
	unsigned from, to;
} letters[] = {
	{ 0xc0, 0xd6 },     { 0xd8, 0xf6 },     { 0xf8, 0x131 },    { 0x134, 0x13e },
	{ 0x141, 0x148 },   { 0x14a, 0x17e },   { 0x180, 0x1c3 },   { 0x386, 0x386 },
	{ 0x388, 0x38a },   { 0x38c, 0x38c },   { 0x38e, 0x3a1 },   { 0x3a3, 0x3ce },
	{ 0x400, 0x481 },   { 0x48a, 0x52f },   { 0x531, 0x556 },   { 0x561, 0x586 },
	{ 0x5d0, 0x5ea },   { 0x620, 0x64a },   { 0x904, 0x939 },   { 0x10d0, 0x10fa },
	{ 0x3041, 0x3096 }, { 0x30a1, 0x30fa }, { 0x3400, 0x4dbf }, { 0x4e00, 0x9fff },
	{ 0xac00, 0xd7a3 },
};

static bool is_letter(unsigned code)
{
	if (code < 0x80)
		return (code >= 'a' && code <= 'z') || (code >= 'A' && code <= 'Z') || code == '_';
	for (size_t i = 0; i < ARRAY_LEN(letters); i++)
		if (code >= letters[i].from && code <= letters[i].to)
			return true;
	return false;
}

static bool is_shaped(struct slice name)
{
	size_t i = 0;

	while (i < name.len) {
		unsigned code;
		size_t len = encoding_utf8(&code, name.ptr + i, name.len - i);

		if (!len || !(is_letter(code) || (i && code >= '0' && code <= '9')))
			return false;
		i += len;
	}
	return name.len > 0 && name.len <= LIMIT_COMPONENT;
}

bool identifier_is(struct slice name)
{
	return is_shaped(name) && !token_is_keyword(name);
}

bool identifier_check(struct slice name, const char *what, struct err *err)
{
	AUTO(auto_free) char *shown = str_printable(name.ptr, name.len, 80);

	if (identifier_is(name))
		return true;
	if (is_shaped(name))
		return err_set(err, E_INPUT, "%s name '%s' is a Python keyword", what, shown);
	if (!name.len)
		return err_set(err, E_INPUT, "an empty %s name", what);
	if (name.len > LIMIT_COMPONENT)
		return err_set(err, E_INPUT, "%s name of more than %d bytes: '%s'", what,
			       LIMIT_COMPONENT, shown);
	err_set(err, E_INPUT, "%s name '%s' is not a Python identifier", what, shown);
	for (size_t i = 0; i < name.len; i++)
		if ((unsigned char)name.ptr[i] >= 0x80)
			return err_hint(err, "use a name of ASCII letters, digits and underscores");
	return false;
}

bool identifier_check_dotted(const char *name, const char *what, struct err *err)
{
	struct slice rest = slice_of(name);

	while (rest.ptr) {
		struct slice head = slice_cut(rest, '.', &rest);

		if (!identifier_check(head, what, err))
			return false;
	}
	return true;
}

char *identifier_suggest(struct slice name)
{
	AUTO(auto_free) char *text = mem_strndup(name.ptr, name.len);

	for (char *p = text; *p; p++)
		if ((unsigned char)*p < 0x80 && !is_letter((unsigned char)*p) &&
		    !(*p >= '0' && *p <= '9'))
			*p = '_';
	if (*text >= '0' && *text <= '9') {
		char *longer = mem_printf("_%s", text);

		free(text);
		text = longer;
	}
	return identifier_is(slice_of(text)) ? STEAL(text) : NULL;
}
