// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_EXTEND_H
#define CMD_BUILD_EXTEND_H

#include "cmd/cmd.h"
#include "cmd/output.h"

/*
 * What `build --backend` does when Lithops' configuration wants the map function inside the image
 * (customized_runtime, BACKEND.runtime_include_function): the built image is extended as well, by
 * the function that map_func_mod and map_func name, under the tag that an unmodified client looks
 * for, so that the client builds nothing itself. Today's configuration names no function: then it
 * is said how to extend.
 */
struct build_extension {
	char *function; /* "map:f"; NULL: nothing is extended */
};
void build_extension_free(struct build_extension *e);

/* Before anything is built: reads the configuration, and checks that the function can be baked.
 * Errors of lithops_config_read and spec_resolve. */
MUST_CHECK bool build_extension_plan(struct build_extension *out, struct session *s,
				     const char *backend, const struct outputs *outputs,
				     struct err *err);

/* When everything was written: to the registry when the image went there, else into the store. An
 * older extension by the same function is replaced, as the image was. */
MUST_CHECK bool build_extension_run(const struct build_extension *e, struct session *s,
				    const struct outputs *outputs, struct err *err);

#endif
