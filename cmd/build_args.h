// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_ARGS_H
#define CMD_BUILD_ARGS_H

#include "base/opts.h"
#include "cmd/wheel_sources.h"
#include "templates/backend.h"

/* The command line of `rtbuild build`: its option table, and which options go with which. */
struct build_args {
	struct wheel_args wheels;
	struct str_list positionals;
	const char *lithops;
	const char *matrix, *jobs, *backend, *file, *target, *python, *base, *installer, *libc,
		*python_target, *precompile, *network, *isolation, *format, *compression, *print;
	const char *iidfile, *digestfile, *image_refs, *metadata_file;
	const char *shm_size, *call;
	const char *function, *filepath;
	struct str_list secrets, ssh, git_allow, add_hosts, ulimits, allow, templates;
	struct str_list tags, build_args, contexts, requirements, labels, annotations, settings;
	struct str_list cache_from, cache_to;
	struct str_list platforms, outputs, no_cache_filters;
	bool force, no_cache, pull, push, load, plan, check, keep_times, print_config;
};
extern const struct opt build_args_opts[];

/* A directory, "-" or a URL: the context, and no name. */
bool build_args_is_context(const char *word);
/* It is said what to build: a Dockerfile, here or named, or a context. */
bool build_args_have_source(const struct build_args *args);

/* --call, docker's other word for --check. E_UNSUPPORTED for a method that is not made here. */
MUST_CHECK bool build_args_take_call(struct build_args *args, struct err *err);

/* Nothing is taken and then not used. E_USAGE for an option that is not for a function zip, which
 * has no image's parts; for one that is a backend's alone; for one that the file of --matrix says.
 */
MUST_CHECK bool build_args_check_zip(const struct build_args *args, const struct backend *b,
				     struct err *err);
MUST_CHECK bool build_args_check_no_backend(const struct build_args *args, struct err *err);
MUST_CHECK bool build_args_check_matrix(const struct build_args *args, struct err *err);
/* Options that images alone have are not for the zips among the cells. */
void build_args_clear_image(struct build_args *args);

#endif
