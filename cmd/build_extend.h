// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_EXTEND_H
#define CMD_BUILD_EXTEND_H

#include "cmd/cmd.h"
#include "cmd/output.h"
#include "extend/request.h"

/*
 * The map function inside the image that `build` made: --function, or what map_func_mod and
 * map_func of Lithops' configuration name where that wants it so (customized_runtime,
 * BACKEND.runtime_include_function). The built image is extended as well. Where the configuration
 * wants it, the tag is the one that an unmodified client looks for, so that it builds nothing
 * itself; else it is by content. Today's configuration names no function, and the client takes the
 * one of each job: without --function it is then said how to extend.
 */
struct build_extension_request {
	const char *backend;  /* NULL: a Dockerfile of the user's, which has no configuration */
	const char *python;   /* "3.11": of the built image; NULL: it says itself */
	const char *function; /* --function; NULL */
	const char *filepath; /* --filepath; NULL */
};

struct build_extension {
	char *function; /* "map:f"; NULL: nothing is extended */
	const struct build_extension_request *request;
	enum extend_scheme scheme;
	json_t *report; /* of --json, when it was extended */
};
void build_extension_free(struct build_extension *e);

/*
 * Before anything is built: reads the configuration, and checks that the function can be baked.
 * Errors of lithops_config_read and spec_resolve; E_USAGE for a function that was asked for and
 * nothing with a name to bake it into, and for Docker Hub. `request` must stay.
 */
MUST_CHECK bool build_extension_plan(struct build_extension *out, struct session *s,
				     const struct build_extension_request *request,
				     const struct outputs *outputs, struct err *err);

/* When everything was written: to the registry when the image went there, else into the store. An
 * older extension by the same function is replaced, as the image was. */
MUST_CHECK bool build_extension_run(struct build_extension *e, struct session *s,
				    const struct outputs *outputs, struct err *err);

#endif
