// SPDX-License-Identifier: Apache-2.0
#include "cmd/prompt.h"

#include <errno.h>
#include <stdio.h>
#include <termios.h>
#include <unistd.h>

#include "base/event.h"

/* The terminal's own line editing is used; nothing is buffered here, so that no copy of a password
 * stays. */

bool prompt_possible(void)
{
	return isatty(STDIN_FILENO);
}

static bool read_line(struct buf *out, struct err *err)
{
	for (;;) {
		char c;
		ssize_t n = read(STDIN_FILENO, &c, 1);

		if (n < 0 && errno == EINTR) {
			if (!cancel_check(err))
				return false;
			continue;
		}
		if (n < 0)
			return err_set_errno(err, "read the terminal");
		if (n == 0)
			return err_set(err, E_USAGE, "nothing was typed");
		if (c == '\n')
			return true;
		if (!buf_append(out, &c, 1, err))
			return false;
	}
}

bool prompt_line(struct buf *out, const char *question, bool hidden, struct err *err)
{
	struct termios shown, silent;
	bool changed = hidden && tcgetattr(STDIN_FILENO, &shown) == 0, ok;

	fprintf(stderr, "%s: ", question);
	if (changed) {
		silent = shown;
		silent.c_lflag &= ~(tcflag_t)ECHO;
		changed = tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent) == 0;
	}
	ok = read_line(out, err);
	if (changed) {
		tcsetattr(STDIN_FILENO, TCSANOW, &shown);
		fputc('\n', stderr); /* the one that was typed was not shown */
	}
	return ok;
}
