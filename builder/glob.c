// SPDX-License-Identifier: Apache-2.0
#include "builder/glob.h"

#include <string.h>

/* Matching by Go's rules, as COPY's wildcards have them. */

uint32_t glob_character(const char *p, size_t *len_out)
{
	enum { NO_CHARACTER = 0x200000 }; /* above all that four bytes can say */
	const unsigned char *u = (const unsigned char *)p;
	size_t len = u[0] < 0xc2 ? 1 : u[0] < 0xe0 ? 2 : u[0] < 0xf0 ? 3 : u[0] < 0xf5 ? 4 : 1;
	uint32_t c = len == 1 ? u[0] : u[0] & (0x7fU >> len);

	for (size_t i = 1; i < len; i++) {
		if ((u[i] & 0xc0) != 0x80) {
			*len_out = 1;
			return NO_CHARACTER | u[0];
		}
		c = c << 6 | (u[i] & 0x3fU);
	}
	*len_out = len;
	return len == 1 && c >= 0x80 ? NO_CHARACTER | c : c;
}

/* One end of a range inside brackets. */
static const char *bracket_character(const char *p, uint32_t *out)
{
	size_t len;

	if (!*p || *p == '-' || *p == ']')
		return NULL;
	if (*p == '\\' && !*++p)
		return NULL;
	*out = glob_character(p, &len);
	p += len;
	return *p ? p : NULL;
}

const char *glob_bracket(const char *p, uint32_t c, bool *matches_out)
{
	bool negated = p[1] == '^';
	bool found = false;
	size_t ranges = 0;

	p += negated ? 2 : 1;
	for (;;) {
		uint32_t low, high;

		if (*p == ']' && ranges)
			break;
		p = bracket_character(p, &low);
		if (!p)
			return NULL;
		high = low;
		if (*p == '-') {
			p = bracket_character(p + 1, &high);
			if (!p)
				return NULL;
		}
		if (low <= c && c <= high)
			found = true;
		ranges++;
	}
	*matches_out = found != negated;
	return p + 1;
}

bool glob_is_valid(const char *pattern)
{
	const char *p = pattern;

	while (*p) {
		bool ignored;

		if (*p == '[') {
			p = glob_bracket(p, 0, &ignored);
			if (!p)
				return false;
			continue;
		}
		if (*p == '\\' && !*++p)
			return false;
		p++;
	}
	return true;
}

/* One pattern element other than a star against the character at `name`. */
static bool match_one(const char **pattern, const char **name)
{
	const char *p = *pattern;
	size_t len, pattern_len;
	uint32_t c = glob_character(*name, &len);
	bool matches = false;

	if (*p == '[') {
		p = glob_bracket(p, c, &matches);
		if (!p || !matches || c == '/')
			return false;
		*pattern = p;
		*name += len;
		return true;
	}
	if (*p == '?') {
		*pattern = p + 1;
		*name += len;
		return c != '/';
	}
	if (*p == '\\')
		p++;
	glob_character(p, &pattern_len);
	if (pattern_len != len || memcmp(p, *name, len) != 0)
		return false;
	*pattern = p + pattern_len;
	*name += len;
	return true;
}

bool glob_match(const char *pattern, const char *name)
{
	const char *star = NULL; /* behind the last star, and where it may still grow from */
	const char *retry = NULL;

	if (!glob_is_valid(pattern))
		return false;
	while (*name || *pattern == '*') {
		if (*pattern == '*') {
			star = ++pattern;
			retry = name;
			continue;
		}
		if (*pattern && match_one(&pattern, &name))
			continue;
		if (!star || *retry == '/' || !*retry)
			return false;
		pattern = star;
		name = ++retry;
	}
	return !*pattern;
}

bool glob_has_wildcards(const char *text)
{
	for (const char *p = text; *p; p++) {
		if (*p == '*' || *p == '?' || *p == '[')
			return true;
		if (*p == '\\' && !*++p)
			return false;
	}
	return false;
}
