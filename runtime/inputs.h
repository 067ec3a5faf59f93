// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_INPUTS_H
#define RUNTIME_INPUTS_H

#include "base/event.h"
#include "builder/build.h"
#include "layers/entry.h"
#include "python/wheel_groups.h"
#include "runtime/base_interpreter.h"
#include "runtime/base_python.h"
#include "runtime/lithops.h"
#include "runtime/pip_files.h"
#include "runtime/request.h"

/*
 * What a backend's image is built from: its Dockerfile, and the two named contexts it copies from.
 * With a Dockerfile of the user's (request->dockerfile) `dockerfile` stays empty, the packages are
 * there when the text names them, and `context_files` go into the main context: an unmodified
 * Dockerfile of Lithops copies the zip it finds there.
 */
struct runtime_inputs {
	const char *python;
	struct base_python base; /* what the base told; minor -1, or zeros: it was not asked */
	char *default_name;      /* as the backend names it when the user does not */
	struct buf dockerfile;
	struct lithops lithops; /* of a backend with a handler */
	struct wheel_list wheels;
	struct base_interpreter *interpreter; /* NULL, or what the precompiler runs in */
	char *base_name;                      /* of `base`, where it was asked */
	struct precompiler *precompiler;      /* NULL: modules have no bytecode */
	struct entry_list packages, handler;
	struct entry_list context_files; /* with a Dockerfile of the user's: the handler's zip */
	struct wheel_groups groups;      /* the same packages, for the layers of an image */
	struct build_group *parts;
	char *packages_identity, *handler_identity;
	struct pip_files pip_files; /* with --installer pip: the user's requirements */
	/* python-packages or python-requirements, lithops-handler; point into this struct */
	struct build_context contexts[2];
	size_t context_count;
};
/* E_NOT_FOUND names the package that no wheel directory has. Stand-ins among the wheels are named
 * by event_note. */
MUST_CHECK bool runtime_inputs_make(struct runtime_inputs *out, const struct runtime_request *req,
				    struct events *events, struct err *err);
void runtime_inputs_free(struct runtime_inputs *in);

/* Lists of the request: where to look for wheels when nothing was said: $RTBUILD_FIND_LINKS
 * (":"-separated), else `store_path`/wheels when it is there. */
void runtime_default_find_links(struct str_list *out, const char *store_path);

#endif
