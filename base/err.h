// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_ERR_H
#define BASE_ERR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/cleanup.h"

/*
 * Every way this program can fail: the code, its exit status, whether trying
 * again may help, and what it means. The only place that decides any of these.
 */
/* clang-format off */
#define E_TABLE(X)                                                                     \
	X(E_NONE,          0, false, "no error")                                           \
	X(E_NEGATIVE,      1, false, "a check said no")                                    \
	X(E_USAGE,         2, false, "bad command line")                                   \
	X(E_INPUT,         3, false, "something given by the user is malformed")           \
	X(E_NETWORK,       4, true,  "the network or the server failed after retries")     \
	X(E_AUTH,          5, false, "the server refused our credentials")                 \
	X(E_NOT_FOUND,     6, false, "a named thing does not exist")                       \
	X(E_INTEGRITY,     7, false, "bytes did not match what was promised of them")      \
	X(E_UNSUPPORTED,   8, false, "this host or rtbuild cannot do it")                  \
	X(E_IO,            9, false, "the local system refused an operation")              \
	X(E_STEP,         10, false, "a RUN step failed")                                  \
	X(E_CANCELLED,   130, false, "interrupted")
/* clang-format on */

#define E_MEMBER(code, exit, retry, text) code,
enum err_code { E_TABLE(E_MEMBER) };
#undef E_MEMBER

enum { ERR_MSG_MAX = 1024, ERR_HINT_MAX = 384, ERR_FILE_MAX = 256, ERR_LINE_MAX = 256 };

/*
 * Where in a text an error lies. `line` and `column` count from 1; column 0
 * means the whole line, line 0 means there is no place. `text` is the line.
 */
struct err_place {
	int line;
	int column;
	int width; /* of the marked part, in bytes; 0 and 1 both mark one byte */
	char file[ERR_FILE_MAX];
	char text[ERR_LINE_MAX];
};

/*
 * A value: no heap, nothing to free, safe to copy into a job and hand to a
 * thread. It starts zeroed, is never NULL, and success never touches it.
 */
struct err {
	enum err_code code;
	char msg[ERR_MSG_MAX];
	char hint[ERR_HINT_MAX]; /* the cure, one sentence; empty when there is none */
	struct err_place at;
};

/* All of these return false, so that failing is one statement. */
bool err_set(struct err *err, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* As err_set, with the text of errno behind the message; E_NOT_FOUND for ENOENT, else E_IO. */
bool err_set_errno(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Put "<text>: " in front of the message: who was doing this. */
bool err_wrap(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Say the cure. A hint that is there already stays: the deepest one knows best. */
bool err_hint(struct err *err, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* Say the place; the first one stays. `text` (len bytes, no newline needed) is cut to fit. */
bool err_at(struct err *err, const char *file, int line, int column, const char *text, size_t len);

/* Forget a failure that was dealt with. */
void err_clear(struct err *err);

int err_exit_status(enum err_code code);
bool err_is_retryable(enum err_code code);
const char *err_meaning(enum err_code code);
const char *err_name(enum err_code code);

#endif
