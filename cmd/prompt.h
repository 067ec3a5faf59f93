// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_PROMPT_H
#define CMD_PROMPT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/str.h"

/* Questions to a person at a terminal. */

/* Whether one is there: stdin is a terminal. */
bool prompt_possible(void);
/* Ask on stderr, and read one line of stdin without its end. `hidden`: what is typed is not shown;
 * the terminal is as before whatever comes of it. E_USAGE at end of input. */
MUST_CHECK bool prompt_line(struct buf *out, const char *question, bool hidden, struct err *err);

#endif
