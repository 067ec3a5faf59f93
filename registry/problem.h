// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_PROBLEM_H
#define REGISTRY_PROBLEM_H

#include "base/err.h"
#include "net/http.h"

/* What a registry's refusal means: statuses and errors[].code to our codes, by two tables. */

enum err_code problem_code(int status); /* of a status alone */

/*
 * Set the error for an answer that is not a success, "<text>: HTTP 403: denied: ..."; reads the
 * body. Always false.
 */
bool problem_error(struct err *err, struct http_reply *reply, const char *fmt, ...)
	PRINTF_LIKE(3, 4);

/* Whether the body of a refusal holds a word, in any case; it can be read all the same. */
bool problem_says(struct http_reply *reply, const char *word);
/* Whether the error is this errors[].code ("BLOB_UPLOAD_UNKNOWN"): it is in the text. */
bool problem_is(const struct err *err, const char *code);

#endif
