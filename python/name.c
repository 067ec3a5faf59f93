// SPDX-License-Identifier: Apache-2.0
#include "python/name.h"

/* What a name is and when two are the same. */

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_mark(char c)
{
	return c == '.' || c == '_' || c == '-';
}

size_t name_span(struct slice s)
{
	size_t n = 0;

	while (n < s.len && (is_alnum(s.ptr[n]) || is_mark(s.ptr[n])))
		n++;
	return n;
}

bool name_is_valid(struct slice name)
{
	return name.len && name_span(name) == name.len && is_alnum(name.ptr[0]) &&
	       (is_alnum(name.ptr[name.len - 1]) || name.ptr[name.len - 1] == '_');
}

char *name_normalize(struct arena *a, struct slice name)
{
	char *out = arena_alloc(a, name.len + 1), *at = out;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.ptr[i];

		if (is_mark(c)) {
			if (i == 0 || !is_mark(name.ptr[i - 1]))
				*at++ = '-';
			continue;
		}
		*at++ = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
	}
	return out;
}
