// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_RENDER_H
#define CMD_RENDER_H

#include <stdio.h>

#include "base/err.h"
#include "base/event.h"

/* Events and errors on stderr. */
enum render_mode { RENDER_TTY, RENDER_PLAIN, RENDER_JSON };

struct render_options {
	enum render_mode mode;
	bool quiet;   /* warnings and errors only */
	bool verbose; /* details too */
};

/* auto, tty, plain, json (rawjson); auto is tty when stderr is one, TERM is not dumb and CI is
 * unset. E_USAGE. */
MUST_CHECK bool render_mode_parse(enum render_mode *out, const char *text, struct err *err);

/* One renderer for the process; released by render_close, which ends a live display. */
struct events *render_open(const struct render_options *opt);
void render_close(struct events *events);

/* The line of a place, and a caret below it. */
void render_place(FILE *to, const struct err_place *at);

/* "rtbuild: FILE:LINE:COL: message", the line with a caret, and the cure. */
void render_error(const struct err *err, enum render_mode mode);

#endif
