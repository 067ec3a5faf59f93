// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_REQUIREMENT_H
#define PYTHON_REQUIREMENT_H

#include "python/marker.h"
#include "python/specifier.h"

/*
 * One requirement (PEP 508; packaging.python.org, "Dependency specifiers"):
 * "requests [security] >= 2.8.1, == 2.8.* ; python_version < '3.13'". Everything is in the arena.
 */
struct requirement {
	const char *text;    /* as written, trimmed */
	const char *name;    /* as written */
	const char *key;     /* normalised */
	const char **extras; /* normalised, sorted, each once */
	size_t extra_count;
	struct specifier_set specifiers;
	const char *url;             /* "name @ url"; NULL: none */
	const struct marker *marker; /* NULL: always */
};

/* E_INPUT; *at_out (may be NULL): the offset in `text` where it went wrong. */
MUST_CHECK bool requirement_parse(struct requirement *out, struct arena *a, struct slice text,
				  size_t *at_out, struct err *err);

/* "[a, b]" at the start of `text` into the extras of `out`; *len_out: the bytes taken, 0 when there
 * is no "[". */
MUST_CHECK bool requirement_parse_extras(struct requirement *out, size_t *len_out, struct arena *a,
					 struct slice text, size_t *at_out, struct err *err);

/* "numpy[a,b]>=1.20": name, extras and what is wanted of it, without the marker. */
void requirement_format(struct buf *out, const struct requirement *r);

#endif
