// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PATTERN_H
#define REGISTRY_PATTERN_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/*
 * Which tags somebody means. One pattern is
 *
 *	3.1?-slim*           a glob: * ? [a-z] [!a-z], of the whole tag
 *	/^v[0-9]+$/          a POSIX extended regular expression, anywhere in the tag
 *	>=1.2 <2, ^1.4, ~1   a range of versions (semver.org), "v" in front and missing parts
 *allowed; all parts must hold; a tag with a pre-release ("1.2-rc1") only fits a range that names
 *one
 */
struct tag_pattern;
struct tag_patterns {
	struct tag_pattern **items;
	size_t len, cap;
};
void tag_patterns_free(struct tag_patterns *p);
/* Added to `out`. E_INPUT says what is wrong with a pattern. */
MUST_CHECK bool tag_patterns_add(struct tag_patterns *out, const char *text, struct err *err);
/* Any of them fits. None at all: false. */
bool tag_patterns_match(const struct tag_patterns *p, const char *tag);

/* Order for people: numbers in tags by their value, so that 1.10 comes after 1.9. */
int tag_compare(const char *a, const char *b);

#endif
