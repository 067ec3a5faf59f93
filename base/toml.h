// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_TOML_H
#define BASE_TOML_H

#include "base/json.h"

/*
 * TOML 1.0.0 (toml.io/en/v1.0.0), the whole language, as a JSON value. Tables are objects in the
 * order of their first mention, arrays lists, integers and floats numbers. What JSON has no word
 * for is text: dates and times as RFC 3339 writes them ("1979-05-27T07:32:00Z", with a "T" and a
 * "Z" whatever stood there), infinities and not-a-number as "inf", "-inf" and "nan".
 *
 * Refused beyond the specification, E_INPUT: a NUL by escape, which no text here can hold; nesting
 * beyond LIMIT_JSON_DEPTH, by brackets and by dots together; more than LIMIT_TOML bytes. Every
 * error has its place, the line shown, in `file`.
 */
MUST_CHECK bool toml_parse(json_t **out, const char *data, size_t len, const char *file,
			   struct err *err);

#endif
