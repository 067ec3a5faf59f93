// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_BASE_INTERPRETER_H
#define RUNTIME_BASE_INTERPRETER_H

#include "builder/build.h"
#include "python/precompile.h"

/* The Python of a base image, run in that image's files: all its layers are fetched for that. What
 * it writes is thrown away, and it has no network. */
struct base_interpreter;

/*
 * What `env` points to outlives it. `path` as base_python_find tells it. `*host` is for
 * precompiler_open_in and points into `*out`, which is closed after the precompiler. E_UNSUPPORTED
 * where programs of the image's platform do not run on this machine, with a path to another
 * interpreter as the cure.
 */
MUST_CHECK bool base_interpreter_open(struct base_interpreter **out, struct precompiler_host *host,
				      const struct build_env *env, const char *base,
				      const struct platform *platform, const char *path,
				      struct err *err);
void base_interpreter_close(struct base_interpreter *b); /* NULL is fine */
DEFINE_AUTO(struct base_interpreter, base_interpreter_close)

#endif
