// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_SURVEY_H
#define BUILDER_SURVEY_H

#include "builder/plan.h"

/*
 * Stages gone through step by step as a build would, triggers included, with nothing done: for the
 * plan's document and for the linter. What a base image sets is known only when `base` gives its
 * config; else variables it may set stay as they are written.
 */
struct survey_step {
	const struct step *step;
	size_t stage;
	const struct scope *scope;                       /* behind the step */
	size_t env_before, args_before, declared_before; /* what of its maps was there before it */
	bool is_trigger;                                 /* ONBUILD of the base */
};

struct survey {
	const struct plan *plan;
	bool all; /* else used stages alone */
	/* NULL: nothing is known of base images. Gives NULL for one that is not known. */
	const struct config *(*base)(void *arg, const struct plan_stage *stage);
	/* All but the first may be NULL. */
	bool (*step)(void *arg, const struct survey_step *step, struct err *err);
	void (*stage)(void *arg, size_t stage, const struct scope *scope); /* before its first */
	void *arg;
};
/* In the order of the file. Steps live for the call. E_INPUT or E_UNSUPPORTED with the place, from
 * a step or a callback. */
MUST_CHECK bool survey_run(const struct survey *s, struct err *err);

#endif
