// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_SHELLPATTERN_H
#define BUILDER_SHELLPATTERN_H

#include "base/err.h"

/*
 * The patterns of ${v#p} and its kin: * any text, ? any character, backslash before * ? \ makes
 * them plain (and before } or / is only there for the parser). Newlines are matched by neither *
 * nor ?. All results are the caller's to free.
 */

/* `value` without the shortest or longest prefix or suffix that matches. E_INPUT for a bad escape.
 */
MUST_CHECK bool pattern_trim(char **out, const char *value, const char *pattern, bool suffix,
			     bool longest, struct err *err);
/* The first or every leftmost-longest match replaced. */
MUST_CHECK bool pattern_replace(char **out, const char *value, const char *pattern,
				const char *with, bool all, struct err *err);

#endif
