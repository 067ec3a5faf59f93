// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_PLAN_H
#define BUILDER_PLAN_H

#include "builder/build.h"
#include "builder/dockerfile.h"
#include "builder/scope.h"
#include "builder/step.h"

/*
 * Dockerfile and arguments to stages: names, bases, which of them the target needs. Pure and const
 * once made; what instructions do is found out when the base's config is known (plan_steps).
 */
struct plan_stage {
	const struct instruction *from;
	const char *name; /* lower case; NULL: none */
	const char *base; /* expanded; "scratch" counts only when is_scratch */
	bool is_scratch;
	size_t base_stage;                        /* SIZE_MAX: none */
	const struct build_context *base_context; /* NULL: none */
	bool is_replaced; /* by `base_context`, which has the stage's name: it has no steps */
	struct platform platform;
	const struct instruction *instructions; /* those behind FROM */
	size_t instruction_count;
	bool used;
};

struct plan {
	struct arena arena;
	const struct dockerfile *file;       /* borrowed */
	const struct build_request *request; /* borrowed */
	struct scope_globals globals;
	struct plan_stage *stages;
	size_t stage_count;
	size_t target;
	/* Images that stages in use copy or mount from, beside their bases; a trigger's excepted.
	 */
	struct {
		struct plan_image {
			const char *name;
			struct platform platform;
		} * items;
		size_t len, cap;
	} images;
	struct str_list notes; /* build arguments that nothing declares, stages that are none */
};
/* E_INPUT with the place; E_NOT_FOUND for a target that is not there. */
MUST_CHECK bool plan_make(struct plan *out, const struct dockerfile *file,
			  const struct build_request *req, struct err *err);
void plan_free(struct plan *p);

/* What --from names, seen from a stage. */
struct plan_source {
	enum { PLAN_SOURCE_STAGE, PLAN_SOURCE_CONTEXT, PLAN_SOURCE_IMAGE } kind;
	size_t stage;
	const struct build_context *context;
	const char *image;
};
/* E_INPUT for a stage that comes later, or itself. */
MUST_CHECK bool plan_source(struct plan_source *out, const struct plan *p, size_t stage,
			    const char *from, struct err *err);

/* Say in `err`, about an image that is not there, which stage may have been meant. */
void plan_hint_stage(const struct plan *p, const char *image, struct err *err);

/* How to name a stage to people: its name, or its number. In the arena. */
const char *plan_stage_label(struct plan *p, size_t stage);

/* Why a step needs all files of its stage's base, or NULL. */
const char *plan_step_needs_tree(const struct step *step);
/* The same, and names of users and groups, for which some layers will do. --link is asked for by
 * the step itself.
 */
const char *plan_step_needs_base(const struct step *step);

/* A step as one line of text, for people and for tests. */
void plan_describe(struct buf *out, const struct step *step);

/*
 * The plan as JSON, what `build --plan` prints. Nothing is asked of store or network: what a base
 * image may set stays as it is written.
 *
 *	dockerfile, platform
 *	target     number of the stage that is asked for
 *	images     [{image, platform}] that have to be there: bases, and those copied from
 *	unused     names, or numbers, of the stages that are not built
 *	stages     those that are: {stage, name, line, platform, steps} and from (an image, or
 *	           scratch), fromStage or fromContext
 *	steps      {line, instruction, text, createdBy, layer}: `text` says it all in one line,
 *	           `createdBy` is the history's; trigger: it is ONBUILD of the base;
 *	           needsBaseFiles: why files of the base have to be fetched for it; unset: names of
 *	           variables that are not set; and by instruction
 *	  RUN               argv, env, cwd, user, network, security, script, mounts [{type, target,
 *	                    readOnly, from, source, id, env, sharing, size, required, mode, uid,
 *	                    gid}]
 *	  COPY, ADD         sources, heredocs [{name, content}], destination, from, chown, chmod,
 *	                    checksum, link, parents, exclude, unpack, keepGitDir
 *	  ENV LABEL ARG     pairs [{name, value}]
 *	  HEALTHCHECK       health {test, interval, timeout, startPeriod, startInterval, retries}:
 *	                    nanoseconds
 *	  CMD ENTRYPOINT SHELL EXPOSE VOLUME   list
 *	  others            value
 *
 * `from` comes with fromStage, fromContext or fromImage.
 */
MUST_CHECK bool plan_json(json_t **out, struct plan *p, struct err *err);

#endif
