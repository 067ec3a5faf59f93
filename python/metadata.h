// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_METADATA_H
#define PYTHON_METADATA_H

#include "base/arena.h"
#include "base/err.h"
#include "base/str.h"
#include "python/wheel_name.h"

/* The mail-like header files of a wheel: METADATA (core metadata, PEP 566) and WHEEL (PEP 427). */

/* One field after the other; a body (a long description) is not looked at. */
struct header_reader {
	struct slice rest;
};
/* False at the end. `value` is trimmed; the lines it is folded over stay inside. */
bool header_next(struct slice *name_out, struct slice *value_out, struct header_reader *r);
bool header_is(struct slice name, const char *want); /* letter case aside */

/* What resolving needs to know; in the arena, but the lists. */
struct metadata {
	const char *name, *version;    /* "" when absent */
	const char *summary;           /* "" when absent */
	const char *requires_python;   /* NULL: none */
	struct str_list requires_dist; /* as written */
	struct str_list extras;        /* Provides-Extra, normalised */
};
/* E_INPUT without name or version, E_UNSUPPORTED for a newer major Metadata-Version. */
MUST_CHECK bool metadata_parse(struct metadata *out, struct arena *a, struct slice text,
			       struct err *err);
void metadata_free(struct metadata *m);
/* Name and Version are those of the file's name, else E_INTEGRITY. */
MUST_CHECK bool metadata_check_name(const struct metadata *m, struct arena *a,
				    const struct wheel_name *name, struct err *err);

/* E_INPUT without a Wheel-Version, E_UNSUPPORTED for a newer major one. */
MUST_CHECK bool metadata_check_wheel(struct slice text, struct err *err);

#endif
