// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_TOML_SCALAR_H
#define BASE_TOML_SCALAR_H

#include "base/json.h"

/* Inside the TOML reader: where it stands, and the values that hold no others. */

struct toml_scan {
	const char *file, *data, *end;
	const char *p; /* the next byte; never beyond `end` */
};

/* E_INPUT, "FILE: words", at `at`. */
bool toml_fail(const struct toml_scan *s, const char *at, struct err *err, const char *fmt, ...)
	PRINTF_LIKE(4, 5);

int toml_peek(const struct toml_scan *s); /* the next byte, or -1 at the end */
bool toml_take(struct toml_scan *s, const char *text);

/* A basic or literal string at the scan, of one line or (when `multi`) also of several. */
MUST_CHECK bool toml_string(struct buf *out, struct toml_scan *s, bool multi, struct err *err);

/* A boolean, number, date or time at the scan. */
MUST_CHECK bool toml_scalar(json_t **out, struct toml_scan *s, struct err *err);

#endif
