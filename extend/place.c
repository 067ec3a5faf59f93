// SPDX-License-Identifier: Apache-2.0
#include "extend/place.h"

/* Lines of a source text, for messages. */

size_t place_newline(struct slice text, size_t at)
{
	if (at >= text.len)
		return 0;
	if (text.ptr[at] == '\r')
		return at + 1 < text.len && text.ptr[at + 1] == '\n' ? 2 : 1;
	return text.ptr[at] == '\n';
}

bool place_set(struct err *err, const char *file, struct slice text, int line, int column,
	       int width)
{
	size_t from = 0, to;

	for (int n = 1; n < line && from < text.len; n++) {
		while (from < text.len && !place_newline(text, from))
			from++;
		from += place_newline(text, from);
	}
	for (to = from; to < text.len && !place_newline(text, to);)
		to++;
	err_at(err, file, line, column, text.ptr + from, to - from);
	err->at.width = width;
	return false;
}
