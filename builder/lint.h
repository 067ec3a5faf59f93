// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_LINT_H
#define BUILDER_LINT_H

#include "builder/dockerignore.h"
#include "builder/plan.h"

/*
 * The checks of `build --check`: BuildKit's 22 rules, their conditions and words
 * (frontend/dockerfile/linter/ruleset.go, dockerfile2llb/validations.go), with the place of the
 * very word. Adding one is a row here and the place in lint_file.c or lint_steps.c that reports it.
 */
#define LINT_PAGES "https://docs.docker.com/go/dockerfile/rule/"
/* clang-format off */
#define LINT_TABLE(X) \
	X(STAGE_NAME_CASING,      "StageNameCasing",               LINT_PAGES "stage-name-casing/",               "Stage names should be lowercase") \
	X(FROM_AS_CASING,         "FromAsCasing",                  LINT_PAGES "from-as-casing/",                  "The 'as' keyword should match the case of the 'from' keyword") \
	X(EMPTY_CONTINUATION,     "NoEmptyContinuation",           LINT_PAGES "no-empty-continuation/",           "Empty continuation lines will become errors in a future release") \
	X(INSTRUCTION_CASING,     "ConsistentInstructionCasing",   LINT_PAGES "consistent-instruction-casing/",   "All commands within the Dockerfile should use the same casing (either upper or lower)") \
	X(DUPLICATE_STAGE,        "DuplicateStageName",            LINT_PAGES "duplicate-stage-name/",            "Stage names should be unique") \
	X(RESERVED_STAGE,         "ReservedStageName",             LINT_PAGES "reserved-stage-name/",             "Reserved words should not be used as stage names") \
	X(JSON_ARGS,              "JSONArgsRecommended",           LINT_PAGES "json-args-recommended/",           "JSON arguments recommended for ENTRYPOINT/CMD to prevent unintended behavior related to OS signals") \
	X(MAINTAINER,             "MaintainerDeprecated",          LINT_PAGES "maintainer-deprecated/",           "The MAINTAINER instruction is deprecated, use a label instead to define an image author") \
	X(UNDEFINED_ARG_IN_FROM,  "UndefinedArgInFrom",            LINT_PAGES "undefined-arg-in-from/",           "FROM command must use declared ARGs") \
	X(RELATIVE_WORKDIR,       "WorkdirRelativePath",           LINT_PAGES "workdir-relative-path/",           "Relative workdir without an absolute workdir declared within the build can have unexpected results if the base image changes") \
	X(UNDEFINED_VAR,          "UndefinedVar",                  LINT_PAGES "undefined-var/",                   "Variables should be defined before their use") \
	X(MULTIPLE_INSTRUCTIONS,  "MultipleInstructionsDisallowed", LINT_PAGES "multiple-instructions-disallowed/", "Multiple instructions of the same type should not be used in the same stage") \
	X(LEGACY_KEY_VALUE,       "LegacyKeyValueFormat",          LINT_PAGES "legacy-key-value-format/",         "Legacy key/value format with whitespace separator should not be used") \
	X(BASE_PLATFORM,          "InvalidBaseImagePlatform",      "",                                "Base image platform does not match expected target platform") \
	X(REDUNDANT_PLATFORM,     "RedundantTargetPlatform",       LINT_PAGES "redundant-target-platform/",       "Setting platform to predefined $TARGETPLATFORM in FROM is redundant as this is the default behavior") \
	X(SECRETS,                "SecretsUsedInArgOrEnv",         LINT_PAGES "secrets-used-in-arg-or-env/",      "Sensitive data should not be used in the ARG or ENV commands") \
	X(DEFAULT_ARG_IN_FROM,    "InvalidDefaultArgInFrom",       LINT_PAGES "invalid-default-arg-in-from/",     "Default value for global ARG results in an empty or invalid base image name") \
	X(CONSTANT_PLATFORM,      "FromPlatformFlagConstDisallowed", LINT_PAGES "from-platform-flag-const-disallowed/", "FROM --platform flag should not use a constant value") \
	X(COPY_IGNORED,           "CopyIgnoredFile",               LINT_PAGES "copy-ignored-file/",               "Attempting to Copy file that is excluded by .dockerignore") \
	X(DESCRIPTION,            "InvalidDefinitionDescription",  LINT_PAGES "invalid-definition-description/",  "Comment for build stage or argument should follow the format: `# <arg/stage name> <description>`. If this is not intended to be a description comment, add an empty line or comment between the instruction and the comment.") \
	X(PROTOCOL_CASING,        "ExposeProtoCasing",             LINT_PAGES "expose-proto-casing/",             "Protocol in EXPOSE instruction should be lowercase") \
	X(EXPOSE_FORMAT,          "ExposeInvalidFormat",           LINT_PAGES "expose-invalid-format/",           "IP address and host-port mapping should not be used in EXPOSE instruction. This will become an error in a future release")
/* clang-format on */

#define LINT_MEMBER(id, name, page, description) LINT_##id,
enum lint_rule { LINT_TABLE(LINT_MEMBER) LINT_RULES };
#undef LINT_MEMBER

const char *lint_name(enum lint_rule rule);
const char *lint_description(enum lint_rule rule);
/* Of the page that explains it, "" for the one rule that has none. */
const char *lint_url(enum lint_rule rule);

/* "skip=A,B;error=true;experimental=all", as the directive `# check=` and the build argument
 * BUILDKIT_DOCKERFILE_CHECK give it. */
struct lint_config {
	bool skip_all, experimental_all;
	bool as_error;
	struct str_list skip, experimental; /* names of rules */
};
/* Adds to what is there. E_INPUT. */
MUST_CHECK bool lint_config_parse(struct lint_config *config, struct slice text, struct err *err);
void lint_config_free(struct lint_config *config);

struct lint_finding {
	enum lint_rule rule;
	struct place place;
	int width;
	const char *message; /* what is wrong with this very one */
};

struct lint {
	struct arena arena;
	const struct dockerfile *file; /* borrowed */
	struct lint_config config;
	struct {
		struct lint_finding *items;
		size_t len, cap;
	} findings;
};

/* The build argument replaces the directive altogether. E_INPUT with the place. */
MUST_CHECK bool lint_open(struct lint *out, const struct dockerfile *file,
			  const struct map *build_args, struct err *err);
void lint_close(struct lint *l);

/* What shows in the file alone; it may have been read in part. */
void lint_file(struct lint *l);
/* FROM lines, with the global arguments of a plan that may have failed. */
void lint_froms(struct lint *l, const struct plan *plan);

struct lint_view {
	bool all; /* stages, else those the target needs */
	/* The config of a stage's base image, NULL when it is not known: then variables that only
	 * the base can set are not said to be undefined (see lint_steps.c), and its platform is not
	 * looked at. */
	const struct config *(*base)(void *arg, const struct plan_stage *stage);
	void *arg;
	const struct dockerignore *ignored; /* of the build context; NULL: none */
};
/* What instructions do. False when one of them is wrong: findings before it are there. */
MUST_CHECK bool lint_steps(struct lint *l, const struct plan *plan, const struct lint_view *view,
			   struct err *err);

/* By place. */
void lint_sort(struct lint *l);

/* For lint_file.c and lint_steps.c: a finding, unless the configuration or a `# check=` comment
 * before `in` (NULL: none counts) turns the rule off. `message` lives in the arena. */
void lint_report(struct lint *l, enum lint_rule rule, const struct instruction *in,
		 struct place place, size_t width, const char *message);
/* The name of an instruction in the case it is written in; in the arena. */
const char *lint_written(struct lint *l, const struct instruction *in);

#endif
