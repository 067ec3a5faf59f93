// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_runtime.h"

#include <stdlib.h>

#include "base/mem.h"
#include "cmd/backends.h"
#include "cmd/build_zip.h"
#include "cmd/configuration.h"
#include "runtime/pip_options.h"
#include "runtime/target.h"
#include "templates/naming.h"

/* A backend's part of `rtbuild build`: which it is, what it is built from, what it is called. */

/* The configuration alone does not decide the name (Lithops asks its cloud for the rest): then it
 * is the plain one. */
static void keep_plain_name(struct build_job *job, struct session *s, struct err *err)
{
	event_note(s->events, "named without Lithops' rule: %s", err->msg);
	*err = (struct err){ 0 };
	if (!job->names.len)
		str_list_push(&job->names, job->inputs.default_name);
}

/*
 * A runtime's name is Lithops' kind of name where its configuration is known, --setting: then it
 * decides the reference, as it does in `lithops runtime build`. What -t says is a reference
 * already.
 */
static bool make_names(struct build_job *job, struct session *s, const struct build_args *args,
		       struct err *err)
{
	const struct runtime_inputs *in = &job->inputs;
	size_t own = job->names.len - args->tags.len;
	struct naming_request req = {
		.backend = job->backend,
		.python = in->python,
		.lithops_version = in->lithops.version,
		.settings = &job->settings,
	};

	if (!job->names.len && !args->settings.len)
		str_list_push(&job->names, in->default_name);
	if (!job->names.len)
		own = 1;
	for (size_t i = 0; args->settings.len && i < own; i++) {
		AUTO(naming_free) struct naming n = { 0 };

		req.name = i < job->names.len ? job->names.items[i] : NULL;
		if (!naming_make(&n, &req, err)) {
			if (job->settings_asked || err->code != E_USAGE)
				return false;
			keep_plain_name(job, s, err);
			break;
		}
		if (!req.name)
			str_list_push(&job->names, "");
		free(job->names.items[i]);
		job->names.items[i] = STEAL(n.image);
		if (!job->runtime)
			job->runtime = STEAL(n.runtime);
	}
	if (!job->runtime)
		job->runtime = mem_strdup(job->names.items[0]);
	naming_print_config(&job->config, &req, job->runtime);
	return true;
}

/* What was said here of indexes reaches the image's pip; what this shell's variables say does not,
 * as with any RUN. */
static bool make_pip_options(struct str_list *out, struct runtime_request *want,
			     const struct build_args *args, struct err *err)
{
	const struct pip_places places = { .index_url = args->wheels.index_url,
					   .extra_index_urls = &args->wheels.extra_index_urls,
					   .find_links = &args->wheels.find_links,
					   .no_index = args->wheels.no_index };

	want->pip_options = out;
	return pip_options_make(out, &places, err);
}

bool build_runtime_inputs(struct build_job *job, struct session *s, const struct build_args *args,
			  struct err *err)
{
	AUTO(wheel_sources_free) struct wheel_sources sources = { 0 };
	const struct backend *backend = job->backend;
	struct runtime_request want = { .table = &job->backends,
					.backend = backend,
					.python = args->python,
					.base = args->base,
					.lithops = args->lithops,
					.dockerfile = args->file ? &job->source.dockerfile : NULL,
					.libc = args->libc,
					.precompile = args->precompile,
					.requirements = &args->requirements,
					.find_links = &sources.find_links,
					.indexes = &sources.indexes,
					.platform = job->request.platform,
					.company = s->company ? s->company->builds : NULL,
					.sandbox = s->sandbox,
					.pull = args->pull };
	AUTO(python_profile_free) struct python_profile target = { 0 };
	AUTO(str_list_free) struct str_list pip_options = { 0 };
	bool ok;

	if (job->platform_count > 1) {
		err_set(err, E_USAGE, "--backend %s is built for one platform", backend->name);
		return err_hint(err,
				"its packages differ: run the command once for each, or --matrix; "
				"`rtbuild index` puts images under one name");
	}
	if (job->is_index)
		return err_set(err, E_USAGE, "--backend %s takes no index", backend->name);

	if ((args->python_target &&
	     !runtime_request_target(&want, &target, args->python_target, true, err)) ||
	    !installer_parse(&want.installer, args->installer, err) ||
	    (want.installer == INSTALLER_PIP &&
	     !make_pip_options(&pip_options, &want, args, err)) ||
	    !session_store(&want.store, s, err) || !session_registry(&want.registry, s, err) ||
	    !wheel_sources_make(&sources, s, &args->wheels, err))
		return false;
	job->has_inputs = true;
	session_resolve_begin(s);
	ok = runtime_inputs_make(&job->inputs, &want, s->events, err);
	session_resolve_end(s);
	if (!ok)
		return false;
	for (size_t i = 0; i < job->inputs.context_count; i++)
		*ARRAY_PUSH(&job->contexts) = job->inputs.contexts[i];
	return make_names(job, s, args, err);
}

/* The keys that its names, or the files of its zip, depend on. */
static bool configure_settings(struct build_args *args, struct session *s, const struct backend *b,
			       struct err *err)
{
	const struct backend_zip_setting *own = b->zip.settings.items;
	size_t count = 0;

	while (naming_keys[count])
		count++;
	if (!build_zip_is_made(b))
		return configuration_fill(&args->settings, s, b, naming_keys, count, err);
	for (size_t i = 0; i < b->zip.settings.len; i++)
		if (!configuration_fill(&args->settings, s, b, &own[i].name, 1, err))
			return false;
	return true;
}

/* What is not said is the configuration's: settings, the runtime's name, the platform. */
static bool configure(struct build_args *args, struct session *s, const struct backend *b,
		      struct err *err)
{
	const char *platform = NULL, *runtime = NULL;

	if (!configure_settings(args, s, b, err) ||
	    (!args->platforms.len && !args->python_target &&
	     !configuration_platform(&platform, s, b, err)) ||
	    (!args->positionals.len && !args->tags.len &&
	     !configuration_text(&runtime, s, b, "runtime", err)))
		return false;
	if (platform)
		str_list_push(&args->platforms, platform);
	if (runtime && !build_args_is_context(runtime))
		str_list_push(&args->positionals, runtime);
	return true;
}

bool build_runtime_find(struct build_job *job, struct session *s, struct build_args *args,
			struct err *err)
{
	if (!args->backend && build_args_have_source(args))
		return build_args_check_no_backend(args, err);
	if (!backends_load(&job->backends, s, &args->templates, err))
		return false;
	if (args->backend ? !backend_find(&job->backend, &job->backends, args->backend, err)
			  : !configuration_backend(&job->backend, s, &job->backends, err))
		return false;
	if (!job->backend)
		return build_args_check_no_backend(args, err);
	args->backend = job->backend->name;
	job->settings_asked = args->settings.len > 0;
	if (!configure(args, s, job->backend, err))
		return false;
	if (backend_is_image(job->backend) || build_zip_is_made(job->backend))
		return true;
	return backend_check_built(job->backend, err) &&
	       err_set(err, E_USAGE, "%s is a %s, not an image", job->backend->name,
		       job->backend->artifact);
}
