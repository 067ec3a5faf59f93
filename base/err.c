// SPDX-License-Identifier: Apache-2.0
#include "base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* The error value: its text, place and cure. Showing it is cmd/'s business. */

struct row {
	int exit_status;
	bool retryable;
	const char *name;
	const char *meaning;
};

#define E_ROW(code, exit, retry, text) [code] = { exit, retry, #code, text },
static const struct row rows[] = { E_TABLE(E_ROW) };
#undef E_ROW

int err_exit_status(enum err_code code)
{
	return rows[code].exit_status;
}

bool err_is_retryable(enum err_code code)
{
	return rows[code].retryable;
}

const char *err_meaning(enum err_code code)
{
	return rows[code].meaning;
}

const char *err_name(enum err_code code)
{
	return rows[code].name;
}

bool err_set(struct err *err, enum err_code code, const char *fmt, ...)
{
	va_list ap;

	err_clear(err);
	err->code = code;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	return false;
}

bool err_set_errno(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	size_t len;
	va_list ap;

	err_clear(err);
	err->code = saved == ENOENT ? E_NOT_FOUND : E_IO;
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", strerror(saved));
	if (saved == ENOSPC || saved == EDQUOT)
		err_hint(err,
			 "free some space there, or choose another place by --store or $TMPDIR");
	return false;
}

bool err_wrap(struct err *err, const char *fmt, ...)
{
	char old[ERR_MSG_MAX];
	size_t len;
	va_list ap;

	memcpy(old, err->msg, sizeof(old));
	va_start(ap, fmt);
	vsnprintf(err->msg, sizeof(err->msg), fmt, ap);
	va_end(ap);
	len = strlen(err->msg);
	snprintf(err->msg + len, sizeof(err->msg) - len, ": %s", old);
	return false;
}

bool err_hint(struct err *err, const char *fmt, ...)
{
	va_list ap;

	if (err->hint[0])
		return false;
	va_start(ap, fmt);
	vsnprintf(err->hint, sizeof(err->hint), fmt, ap);
	va_end(ap);
	return false;
}

bool err_at(struct err *err, const char *file, int line, int column, const char *text, size_t len)
{
	struct err_place *at = &err->at;

	if (at->line)
		return false;
	at->line = line;
	at->column = column;
	snprintf(at->file, sizeof(at->file), "%s", file);
	if (len >= sizeof(at->text))
		len = sizeof(at->text) - 1;
	if (text)
		memcpy(at->text, text, len);
	at->text[text ? len : 0] = '\0';
	return false;
}

void err_clear(struct err *err)
{
	err->code = E_NONE;
	err->msg[0] = '\0';
	err->hint[0] = '\0';
	err->at.line = 0;
	err->at.column = 0;
	err->at.width = 0;
}
