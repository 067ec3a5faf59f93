// SPDX-License-Identifier: Apache-2.0
#ifndef EXTEND_SPEC_H
#define EXTEND_SPEC_H

#include "base/err.h"
#include "base/event.h"
#include "extend/locate.h"
#include "extend/modules.h"
#include "extend/tag.h"

/* How functions get into an image (facts/lithops.md 2d, plans A to D). */
enum spec_mode {
	SPEC_NATIVE,      /* modules, and func.pickle with a reference; one function */
	SPEC_MODULES,     /* modules alone: the client sends references; any number of functions */
	SPEC_SINGLE_FILE, /* all in func.pickle, which the worker unpacks; no PYTHONPATH */
	SPEC_BY_VALUE,    /* func.pickle with the function's code, made by the user's own Python */
};
const char *spec_mode_name(enum spec_mode mode); /* "native", "modules", ... */
/* E_USAGE that lists them. */
MUST_CHECK bool spec_mode_find(enum spec_mode *out, const char *name, struct err *err);
/* Whether a worker loads func.pickle: Lithops' runtime_include_function. */
bool spec_has_pickle(enum spec_mode mode);
/* Whether the function can be had without func.pickle, by importing its module in the image. */
bool spec_has_modules(enum spec_mode mode);

struct spec_request {
	const char *const *functions; /* as in locate.h */
	size_t function_count;        /* at least 1 */
	const char *filepath, *cwd;   /* as in locate.h */
	const char *const *modules;
	size_t module_count;
	enum spec_mode mode;
	const char *interpreter; /* of SPEC_BY_VALUE; NULL: python3 */
};

/* What to bake, checked: functions and every file that must be there for them. Owned. */
struct spec {
	struct {
		struct target *items;
		size_t len, cap;
	} targets;
	struct modules modules;
	enum spec_mode mode;
	struct buf pickle; /* func.pickle; empty in SPEC_MODULES */
	char *minor;       /* of SPEC_BY_VALUE: "3.11", the only Python that loads it; else NULL */
};

/*
 * Errors of locate_function, of modules.h and of value.h; E_INPUT also for a pickle that cannot be
 * made, E_USAGE for several functions where a mode takes one.
 */
MUST_CHECK bool spec_resolve(struct spec *out, const struct spec_request *req,
			     struct events *events, struct err *err);
void spec_free(struct spec *s);

/* "map:f,map:g": its functions as they are found in a worker; the caller frees. */
char *spec_functions(const struct spec *s);

/*
 * The tag that an unmodified client asks for (tag_lithops): of the function's file, and of the
 * paths where the client finds the modules it would send (client.h) and what they import. A
 * function given without its module is taken as one of the client's main script, which is none of
 * them. E_USAGE for several functions: theirs are one and the same tag.
 */
MUST_CHECK bool spec_lithops_tag(char out[TAG_LEN + 1], const struct spec *s, struct err *err);

#endif
