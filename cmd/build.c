// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>

#include "base/mem.h"
#include "cmd/build_check.h"
#include "cmd/build_extend.h"
#include "cmd/build_job.h"
#include "cmd/build_matrix.h"
#include "cmd/build_runtime.h"
#include "cmd/build_zip.h"
#include "cmd/check_report.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/outcome.h"
#include "registry/standby.h"
#include "registry/stream.h"

/* rtbuild build: a backend's runtime, or any Dockerfile. */

static bool show_plan(const struct build_job *job, struct err *err)
{
	AUTO(auto_json_decref) json_t *plan = NULL;

	return build_plan_json(&plan, &job->request, err) && session_print_json(plan, err);
}

/* `alone`: the registry's client is no other build's. */
static void expect_pushes(struct registry *registry, const struct outputs *outputs, bool alone)
{
	for (size_t i = 0; i < outputs->len; i++)
		for (size_t k = 0; k < outputs->items[i].name_count; k++)
			if (output_is_pushed(&outputs->items[i])) {
				registry_expect_push(registry, &outputs->items[i].names[k]);
				if (alone)
					registry_standby_for(registry, &outputs->items[i].names[k]);
			}
}

/*
 * Layers go up while they are made, to the first repository; others have them mounted, or sent,
 * when they are whole. What this store holds under the name is what the last push from here left
 * there.
 */
static bool follow_pushes(struct blob_follower **out, struct session *s,
			  const struct outputs *outputs, struct err *err)
{
	AUTO(image_free) struct image held = { 0 };
	const struct reference *to = NULL;
	struct registry *registry;
	struct store *store;
	struct err none = { 0 };

	for (size_t i = 0; !to && i < outputs->len; i++)
		if (output_is_pushed(&outputs->items[i]) && outputs->items[i].name_count)
			to = &outputs->items[i].names[0];
	*out = NULL;
	/* a layer of several images goes to one repository, whose is known when it is pushed */
	if (!to || s->company)
		return true;
	if (!session_store(&store, s, err) || !session_registry(&registry, s, err))
		return false;
	*out = registry_stream(registry, to,
			       store_find_image(&held, store, to, NULL, &none) ? &held : NULL);
	return true;
}

static bool build(struct artifact *out, struct session *s, struct build_job *job,
		  struct cache_remote *cache, struct err *err)
{
	struct build_env env = { .sandbox = s->sandbox,
				 .events = s->events,
				 .cache = cache,
				 .company = s->company ? s->company->builds : NULL,
				 .ca_file = s->options.ca_file,
				 .insecure = s->options.insecure };
	struct index_recipe recipe = { .family = job->request.layer.family };
	struct json_pairs of_index = { 0 };

	if (!session_store(&env.store, s, err) || !session_registry(&env.registry, s, err) ||
	    !follow_pushes(&env.follower, s, &job->outputs, err))
		return false;
	if (!build_images(out->images, &env, &job->request, job->platforms, job->platform_count,
			  err))
		return false;
	if (!job->is_index)
		return true;
	annotations_of_index(&recipe, &job->annotations, job->platforms, job->platform_count,
			     &of_index);
	artifact_make_index(out, &recipe);
	return true;
}

static bool run_zip(struct session *s, const struct build_args *args,
		    const struct backend_table *table, const struct backend *b, struct err *err)
{
	struct zip_build want = { .table = table,
				  .backend = b,
				  .python = args->python,
				  .lithops = args->lithops,
				  .libc = args->libc,
				  .precompile = args->precompile,
				  .python_target = args->python_target,
				  .installer = args->installer,
				  .names = { &args->positionals, &args->tags },
				  .requirements = &args->requirements,
				  .wheels = &args->wheels,
				  .platforms = &args->platforms,
				  .outputs = &args->outputs,
				  .settings = &args->settings };

	bool ok;

	if (!build_args_check_zip(args, b, err))
		return false;
	session_resolve_begin(s);
	ok = build_zip(s, &want, err);
	session_resolve_end(s);
	return ok;
}

/* Caches go last: their blobs can be mounted from what was pushed. */
static bool write_caches(struct cache_remote *cache, const struct artifact *a,
			 const struct outputs *outputs, struct err *err)
{
	AUTO(auto_free) const struct image **images = mem_alloc(a->count * sizeof(*images));
	const struct output *pushed = NULL;

	for (size_t i = 0; i < a->count; i++)
		images[i] = &a->images[i];
	for (size_t i = 0; !pushed && i < outputs->len; i++)
		if (output_is_pushed(&outputs->items[i]))
			pushed = &outputs->items[i];
	return cache_remote_write(cache, images, a->count, pushed ? pushed->names : NULL,
				  pushed ? pushed->name_count : 0, err);
}

/* What to paste into Lithops' configuration: on stdout when asked for, else a note. */
static bool show_config(struct session *s, const struct build_job *job,
			const struct build_args *args, struct err *err)
{
	struct slice rest = { job->config.ptr, job->config.len };

	if (args->print_config && job->outputs.takes_stdout)
		return err_set(err, E_USAGE, "--print-config and an output for standard output");
	if (args->print_config)
		return session_print_raw(job->config.ptr, job->config.len, err);
	if (!job->config.len)
		return true;
	event_note(s->events, "in Lithops' configuration:");
	while (rest.ptr && rest.len) {
		struct slice line = slice_cut(rest, '\n', &rest);

		event_note(s->events, "  " SLICE_FMT, SLICE_ARG(line));
	}
	return true;
}

/* What the platform would refuse is not pushed. Only what is here anyway is looked at, and no
 * file's bytes: `rtbuild check` looks at everything. */
static bool check_rules_kept(struct session *s, const struct build_job *job,
			     const struct artifact *artifact, bool force, struct err *err)
{
	AUTO(check_report_free) struct check_report report = { 0 };
	struct check_request req = { .backend = job->backend,
				     .root = MEDIA_MANIFEST,
				     .image = &artifact->images[0],
				     .python = job->inputs.python,
				     .platform = &job->platforms[0],
				     .depth = CHECK_LISTING,
				     .local = true };
	bool pushed = false;

	for (size_t i = 0; i < job->outputs.len; i++)
		pushed = pushed || output_is_pushed(&job->outputs.items[i]);
	if (!job->backend || !pushed)
		return true;
	if (!session_store(&req.store, s, err) || !check_run(&report, &req, err))
		return false;
	if (check_report_warn(s, &report, job->backend, "not pushed", err))
		return true;
	if (!force)
		return err_hint(err, "--force pushes it nevertheless");
	*err = (struct err){ 0 };
	return true;
}

static struct outcome_files result_files(const struct build_args *args)
{
	return (struct outcome_files){ args->iidfile, args->digestfile, args->image_refs,
				       args->metadata_file };
}

/* Packages are chosen and laid out by tags, markers and ELF headers; the Python they are for runs
 * only where it makes bytecode or is pip's. What a Dockerfile of the user's runs is not known. */
static const char *verified(const struct build_job *job, const struct build_args *args)
{
	if (!job->backend || args->file)
		return NULL;
	return job->inputs.interpreter || (args->installer && str_eq(args->installer, "pip"))
		       ? "executed"
		       : "static";
}

static bool build_and_give(struct session *s, struct build_job *job, const struct build_args *args,
			   struct err *err)
{
	AUTO(auto_cache_remote_close) struct cache_remote *cache = NULL;
	AUTO(artifact_free) struct artifact artifact = { 0 };
	const struct outcome_files files = result_files(args);
	AUTO(build_extension_free) struct build_extension extension = { 0 };
	const struct build_extension_request function = {
		.backend = job->backend ? job->backend->name : NULL,
		.python = job->has_inputs ? job->inputs.python : NULL,
		.function = args->function,
		.filepath = args->filepath,
	};
	struct registry *registry;

	artifact_init(&artifact, job->platforms, job->platform_count);
	if (!build_extension_plan(&extension, s, &function, &job->outputs, err) ||
	    !session_registry(&registry, s, err))
		return false;
	expect_pushes(registry, &job->outputs, !s->company);
	if (!build_caches_open(&cache, &job->caches, s, &job->platforms[0], err) ||
	    !build(&artifact, s, job, cache, err) ||
	    !check_rules_kept(s, job, &artifact, args->force, err) ||
	    !outputs_write(&job->outputs, s, &artifact, err) ||
	    !write_caches(cache, &artifact, &job->outputs, err) ||
	    !build_extension_run(&extension, s, &job->outputs, err))
		return false;
	return outcome_write(s,
			     &(struct outcome){ .artifact = &artifact,
						.refs = job->outputs.names,
						.ref_count = job->outputs.name_count,
						.files = &files,
						.print = args->print,
						.extension = extension.report,
						.verified = verified(job, args),
						.stdout_taken = job->outputs.takes_stdout ||
								args->print_config },
			     err) &&
	       show_config(s, job, args, err);
}

static bool run_one(struct session *s, struct build_args *args, struct err *err)
{
	AUTO(build_job_free) struct build_job job = { 0 };
	const struct outcome_files files = result_files(args);

	if (!outcome_print_check(args->print, err) || !outcome_files_check(&files, err) ||
	    !build_runtime_find(&job, s, args, err))
		return false;
	if (job.backend && build_zip_is_made(job.backend))
		return run_zip(s, args, &job.backends, job.backend, err);
	if (!build_job_prepare(&job, s, args, err) ||
	    (job.backend && !build_runtime_inputs(&job, s, args, err)))
		return false;
	build_job_set_source(&job, args);
	if (args->plan)
		return show_plan(&job, err);
	if (args->check)
		return build_check(s, &job.request, err);
	return build_job_outputs(&job, args, err) && build_and_give(s, &job, args, err);
}

static bool run_cell(const void *arg, struct session *s, const struct matrix_cell *cell, bool push,
		     struct err *err)
{
	struct build_args args = *(const struct build_args *)arg;
	AUTO(str_list_free)
	struct str_list tags = { 0 }, platforms = { 0 }, outputs = { 0 }, settings = { 0 };
	bool ok;

	args.matrix = args.jobs = NULL;
	args.backend = cell->backend->name;
	args.python = cell->python;
	str_list_push(&platforms, cell->platform);
	if (cell->name)
		str_list_push(&tags, cell->name);
	if (build_zip_is_made(cell->backend)) {
		build_args_clear_image(&args);
		str_list_push(&outputs, cell->output);
	} else if (cell->output) {
		str_list_push_take(&outputs, mem_printf("type=bundle,dest=%s", cell->output));
		str_list_push(&outputs, "type=store");
	}
	/* a SIF is a file of its host's, not of a registry */
	args.push =
		push && backend_is_image(cell->backend) && !str_eq(cell->backend->artifact, "sif");
	for (size_t i = 0; i < args.settings.len; i++)
		str_list_push(&settings, args.settings.items[i]);
	for (size_t i = 0; i < cell->settings.len; i++)
		str_list_push(&settings, cell->settings.items[i]);
	args.settings = settings;
	args.tags = tags;
	args.platforms = platforms;
	args.outputs = outputs;
	ok = run_one(s, &args, err);
	str_list_free(&args.positionals); /* a name of the configuration's */
	return ok;
}

static bool run_matrix(struct session *s, const struct build_args *args, struct err *err)
{
	AUTO(wheel_sources_free) struct wheel_sources sources = { 0 };
	const struct build_matrix how = { .file = args->matrix,
					  .jobs = args->jobs,
					  .templates = &args->templates,
					  .build = run_cell,
					  .arg = args };

	/* the index client that it makes is all cells' */
	return build_args_check_matrix(args, err) &&
	       wheel_sources_make(&sources, s, &args->wheels, err) && build_matrix(s, &how, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	struct build_args *args = arg;

	if (!build_args_take_call(args, err))
		return false;
	if (args->matrix)
		return run_matrix(s, args, err);
	if (args->jobs && !str_eq(args->jobs, "0")) { /* buildah: as many as are useful */
		err_set(err, E_USAGE, "--jobs is for --matrix");
		return err_hint(err, "of one build as many stages run at once as there are "
				     "processors: taskset -c 0 rtbuild build ... for one");
	}
	return run_one(s, args, err);
}

const struct cmd cmd_build = {
	.name = "build",
	.summary = "build a backend's runtime, or any Dockerfile",
	.about = "Layers of the base image are fetched only when a step needs its files. The same "
		 "input "
		 "gives the same digest.",
	.example = "  rtbuild build --backend aws_lambda -t registry.example.com/me/rt:1 --push\n"
		   "  rtbuild build -t me/app:1 .",
	.opts = build_args_opts,
	.args_size = sizeof(struct build_args),
	.flags = CMD_SANDBOX,
	.run = run,
};
