// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_PRECOMPILE_H
#define PYTHON_PRECOMPILE_H

#include <stddef.h>
#include <stdint.h>

#include "base/cleanup.h"
#include "base/err.h"
#include "base/event.h"
#include "base/str.h"

/*
 * Modules to bytecode, by an interpreter of the target's minor that runs here: bytecode is the same
 * on every architecture. What is made is hash-based and unchecked (PEP 552), so that file times,
 * which artifacts have fixed, do not make it stale, and read-only systems need not compile again at
 * every start. The same source gives the same bytes: hash seed and environment are fixed.
 */
struct precompiler;

/* Starts `interpreter` (a path, or a name on PATH) and asks what it is. E_NOT_FOUND; E_INPUT when
 * it is no CPython 3.`minor`, or one before 3.7, which has no such bytecode; E_UNSUPPORTED when it
 * does not run. */
MUST_CHECK bool precompiler_open(struct precompiler **out, const char *interpreter, int minor,
				 struct err *err);

/* An interpreter that is started otherwise: in the root tree of an image. `start` may return before
 * it runs; it copies the descriptors, and `argv` (its first word is `interpreter`) and `env` stay.
 * `end` waits for it; its questions have ended by then. It says why when it could not run, or is
 * true. */
struct precompiler_host {
	const char *interpreter;
	bool (*start)(void *arg, const char *const *argv, const char *const *env, int in, int out,
		      struct err *err);
	bool (*end)(void *arg, struct err *err);
	void *arg;
};
MUST_CHECK bool precompiler_open_in(struct precompiler **out, const struct precompiler_host *host,
				    int minor, struct err *err);
void precompiler_close(struct precompiler *p); /* NULL is fine */
DEFINE_AUTO(struct precompiler, precompiler_close)

/* "cpython-311" of "x.cpython-311.pyc". */
const char *precompiler_tag(const struct precompiler *p);
/* What its bytecode depends on beside the source, for cache keys: full version and magic number. */
const char *precompiler_identity(const struct precompiler *p);

/*
 * The .pyc of a source that will lie at `path`. Borrowed until precompiler_close; kept, so that
 * asking again for the same costs nothing. ptr NULL: it does not compile, as templates and modules
 * for other Pythons do not. One at a time; may be called from any thread.
 */
MUST_CHECK bool precompiler_compile(struct slice *out, struct precompiler *p, const char *path,
				    struct slice source, struct err *err);

/* A note of what it made so far and by how much that makes things larger. NULL is fine. */
void precompiler_report(struct precompiler *p, struct events *events);

#endif
