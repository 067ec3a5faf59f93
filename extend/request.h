// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_REQUEST_H
#define EXTEND_REQUEST_H

#include "base/event.h"
#include "extend/spec.h"
#include "image/store.h"
#include "layers/layer.h"
#include "python/wheels.h"
#include "registry/registry.h"

/* How the result is called when nobody says. */
enum extend_scheme {
	EXTEND_CONTENT, /* by all that goes in (extend/tag.h) */
	EXTEND_LITHOPS, /* as an unmodified client calls it (spec_lithops_tag) */
};

/* What is asked. Borrowed. */
struct extend_request {
	struct reference base;
	const char *const *functions; /* "f", "mod:f", "Class.method" allowed behind the module */
	size_t function_count;
	enum spec_mode mode;
	const char *interpreter;    /* of SPEC_BY_VALUE; NULL: python3 */
	const char *filepath;       /* the .py file; NULL: looked up in the .py files of `cwd` */
	const char *cwd;            /* directory of the look-up: "." */
	const char *const *modules; /* more files and packages to bake */
	size_t module_count;
	const char *tag; /* -t; NULL: as `scheme` says */
	enum extend_scheme scheme;
	const char *python; /* "3.11": of a base that does not say which Python it has; NULL */
	struct platform platform;
	bool has_platform;               /* else every platform of an index, or the one image */
	const char *libc;                /* of packages; NULL: glibc (extend/packages.h) */
	const char *const *requirements; /* files: packages for a layer of their own */
	size_t requirement_count;
	const char *const *find_links; /* where their wheels are */
	size_t find_links_count;
	const struct wheel_indexes *indexes;
	bool plan;        /* only find out what a push would move */
	bool push;        /* to base's repository; else only into the store */
	bool force;       /* overwrite a tag that holds something else */
	bool replace_own; /* overwrite what the same functions made on another base, or before a
			     change */
	bool is_public;   /* Docker Hub, where anyone may look, is meant */
	struct layer_options layer;
	bool has_epoch;
	int64_t epoch;
};

struct extend_env {
	struct store *store;
	struct registry *registry;
	struct events *events;
};

#endif
