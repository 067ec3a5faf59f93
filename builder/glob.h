// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_GLOB_H
#define BUILDER_GLOB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Go's filepath.Match: * any text but "/", ? one character but "/", [a-z] and [^a-z], backslash
 * before a character makes it plain. Characters are UTF-8 sequences; a byte that is none counts as
 * one of its own.
 */
bool glob_is_valid(const char *pattern);
/* False for an invalid pattern too. */
bool glob_match(const char *pattern, const char *name);
/* Whether a source of COPY is a pattern: holds * ? or [ without a backslash before it. */
bool glob_has_wildcards(const char *text);

/* The character at `p` (not its end) and its length in bytes. */
uint32_t glob_character(const char *p, size_t *len_out);
/* A bracket at `p` against `c`: the byte behind it, or NULL when it is malformed. */
const char *glob_bracket(const char *p, uint32_t c, bool *matches_out);

#endif
