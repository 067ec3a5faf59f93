// SPDX-License-Identifier: Apache-2.0
#ifndef TESTS_FUZZ_FUZZ_H
#define TESTS_FUZZ_FUZZ_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/err.h"
#include "base/mem.h"
#include "base/str.h"

/*
 * What the fuzz targets share. A target is one file with one function, which libFuzzer calls
 * (`make fuzz`) and tests/fuzz/replay/main.c (`make check`). Beside not crashing, each says by
 * assert what must hold of any input.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Success touches no error, failure sets one that says something: the verdict, for a condition. */
static inline bool verdict(bool ok, struct err *err)
{
	assert(ok == (err->code == E_NONE));
	assert(ok || err->msg[0]);
	assert(err->at.line >= 0 && err->at.column >= 0);
	err_clear(err);
	return ok;
}

/* The next part of an input in several parts, which lines of "%%" separate; ptr NULL: none left. */
static inline struct slice next_part(struct slice *rest)
{
	static const char mark[] = "\n%%\n";
	struct slice part = *rest;
	const char *end = part.ptr ? memmem(part.ptr, part.len, mark, strlen(mark)) : NULL;

	*rest = (struct slice){ 0 };
	if (!end)
		return part;
	*rest = (struct slice){ end + strlen(mark), part.len };
	part.len = (size_t)(end - part.ptr);
	rest->len -= part.len + strlen(mark);
	return part;
}

/* As text, owned; what follows a NUL is lost to those who take text. */
static inline char *next_text(struct slice *rest)
{
	struct slice part = next_part(rest);

	return mem_strndup(part.ptr ? part.ptr : "", part.len);
}

#endif
