// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_JOB_H
#define CMD_BUILD_JOB_H

#include "builder/build.h"
#include "builder/runoptions.h"
#include "cmd/annotation.h"
#include "cmd/build_args.h"
#include "cmd/build_cache.h"
#include "cmd/build_context.h"
#include "cmd/build_secrets.h"
#include "cmd/output.h"
#include "runtime/inputs.h"

/* Everything a build needs, gathered from the command line; released together. */
struct build_job {
	struct backend_table backends;
	const struct backend *backend; /* NULL: a Dockerfile of the user's */
	struct map settings;
	char *runtime;     /* its name for Lithops */
	struct buf config; /* for Lithops' configuration */
	struct bundle_request bundle;
	struct runtime_inputs inputs;
	bool has_inputs;
	bool settings_asked; /* on the command line: not only by the configuration */
	char *context;       /* the word that names it; NULL: the default */
	struct build_source source;
	struct map build_args, labels;
	struct {
		struct build_context *items;
		size_t len, cap;
	} contexts;
	struct str_list names;
	struct str_list owned; /* text the contexts point at */
	struct build_secrets secrets;
	struct build_caches caches;
	struct platform *platforms;
	size_t platform_count;
	bool is_index;            /* of several platforms, or asked for */
	struct str_list cache_to; /* all there are */
	struct annotations annotations;
	struct str_list no_cache_stages;
	struct run_options run_options;
	struct outputs outputs;
	struct build_request request;
};
void build_job_free(struct build_job *job);

/* The request from the command line, and the Dockerfile and context of the user's read;
 * job->backend is known. */
MUST_CHECK bool build_job_prepare(struct build_job *job, struct session *s,
				  const struct build_args *args, struct err *err);
/* The last of it: the Dockerfile and its contexts, the user's or the backend's. */
void build_job_set_source(struct build_job *job, const struct build_args *args);
/* Where it goes; after the preparation, which says the names. */
MUST_CHECK bool build_job_outputs(struct build_job *job, const struct build_args *args,
				  struct err *err);

#endif
