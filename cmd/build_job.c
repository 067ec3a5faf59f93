// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_job.h"

#include <stdlib.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/limits.h"
#include "base/mem.h"
#include "cmd/backends.h"
#include "cmd/buildkit_args.h"

/* From the command line of `rtbuild build` to what the builder is asked for. */

void build_job_free(struct build_job *job)
{
	if (job->has_inputs)
		runtime_inputs_free(&job->inputs);
	free(job->context);
	build_source_free(&job->source);
	map_free(&job->build_args);
	map_free(&job->labels);
	free(job->contexts.items);
	str_list_free(&job->names);
	str_list_free(&job->cache_to);
	str_list_free(&job->owned);
	build_secrets_free(&job->secrets);
	build_caches_free(&job->caches);
	free(job->platforms);
	annotations_free(&job->annotations);
	str_list_free(&job->no_cache_stages);
	run_options_free(&job->run_options);
	outputs_free(&job->outputs);
	backend_table_free(&job->backends);
	map_free(&job->settings);
	free(job->runtime);
	buf_free(&job->config);
}

/* NAME and CONTEXT, in any order: a directory, "-" or a URL is the context. */
static bool sort_positionals(struct build_job *job, const struct build_args *args, struct err *err)
{
	for (size_t i = 0; i < args->positionals.len; i++) {
		const char *word = args->positionals.items[i];

		if (!build_args_is_context(word)) {
			if (word[0] == '/' || word[0] == '.' || str_has_suffix(word, "/"))
				return err_set(err, E_NOT_FOUND, "no directory '%s'", word);
			str_list_push(&job->names, word);
			continue;
		}
		if (job->context)
			return err_set(err, E_USAGE, "two contexts: '%s' and '%s'", job->context,
				       word);
		job->context = mem_strdup(word);
	}
	for (size_t i = 0; i < args->tags.len; i++)
		str_list_push(&job->names, args->tags.items[i]);
	return true;
}

static bool put_pair(struct map *map, const char *text, const char *what, bool from_env,
		     struct err *err)
{
	struct slice value, key = slice_cut(slice_of(text), '=', &value);
	AUTO(auto_free) char *name = mem_strndup(key.ptr, key.len);

	if (!key.len || (!value.ptr && !from_env)) {
		err_set(err, E_USAGE, "--%s '%s' is not KEY=VALUE", what, text);
		return false;
	}
	if (value.ptr)
		map_put_text(map, name, value.ptr);
	else if (env_get(name))
		map_put_text(map, name, env_get(name));
	return true;
}

static bool put_pairs(struct map *map, const struct str_list *list, const char *what, bool from_env,
		      struct err *err)
{
	for (size_t i = 0; i < list->len; i++)
		if (!put_pair(map, list->items[i], what, from_env, err))
			return false;
	return true;
}

static bool layer_options(struct layer_options *out, const struct build_args *args,
			  const struct backend *backend, struct err *err)
{
	static const enum compression kinds[] = { COMPRESSION_NONE, COMPRESSION_GZIP,
						  COMPRESSION_ZSTD };
	const char *want = args->compression ? args->compression : "gzip";
	const char *const *taken = backend ? backend->compressions.items : NULL;
	bool fits = !backend;
	size_t i = 0;

	*out = layer_options_default();
	while (i < ARRAY_LEN(kinds) && !str_eq(compression_name(kinds[i]), want))
		i++;
	if (i == ARRAY_LEN(kinds))
		return err_set(err, E_USAGE, "unknown compression '%s': gzip, zstd or none", want);
	for (size_t j = 0; taken && j < backend->compressions.len; j++)
		fits = fits || str_eq(taken[j], want);
	if (!fits) {
		err_set(err, E_USAGE, "%s does not take %s layers", backend->name, want);
		return err_hint(err, "leave --compression out");
	}
	out->compress.kind = kinds[i];
	if (args->format && str_eq(args->format, "docker"))
		out->family = FAMILY_DOCKER;
	else if (args->format && !str_eq(args->format, "oci"))
		return err_set(err, E_USAGE, "unknown format '%s': oci or docker", args->format);
	if (out->family == FAMILY_DOCKER && kinds[i] == COMPRESSION_ZSTD)
		return err_set(err, E_USAGE, "docker's media types have no zstd layers");
	return true;
}

static bool network_option(bool *out, const char *text, struct err *err)
{
	*out = !text || str_eq(text, "host") || str_eq(text, "default");
	if (*out || str_eq(text, "none"))
		return true;
	err_set(err, E_USAGE, "unknown network '%s': host or none", text);
	return err_hint(err,
			"host is this machine's; no bridge is made, since nothing here outlives "
			"the build");
}

static bool add_each(struct run_options *out, const struct str_list *texts,
		     bool (*add)(struct run_options *o, const char *text, struct err *err),
		     struct err *err)
{
	for (size_t i = 0; i < texts->len; i++)
		if (!add(out, texts->items[i], err))
			return false;
	return true;
}

static bool read_run_options(struct run_options *out, const struct build_args *args,
			     struct err *err)
{
	return add_each(out, &args->allow, run_options_allow, err) &&
	       add_each(out, &args->add_hosts, run_options_add_host, err) &&
	       add_each(out, &args->ulimits, run_options_add_limit, err) &&
	       (!args->shm_size || run_options_set_shm(out, args->shm_size, err));
}

static bool read_annotations(struct build_job *job, const struct build_args *args, struct err *err)
{
	if (args->annotations.len && job->request.layer.family == FAMILY_DOCKER)
		return err_set(err, E_USAGE, "docker's media types have no annotations");
	return annotations_parse(&job->annotations, &args->annotations, job->platforms,
				 job->platform_count, job->is_index, err);
}

static bool read_index(struct build_job *job, struct err *err)
{
	bool several = job->platform_count > 1;

	job->is_index = several;
	if (!buildkit_args_switch(&job->is_index, &job->build_args, "BUILDKIT_MULTI_PLATFORM", err))
		return false;
	return job->is_index || !several ||
	       err_set(err, E_USAGE, "--build-arg BUILDKIT_MULTI_PLATFORM=0 and several platforms");
}

static bool read_caches(struct build_job *job, const struct build_args *args, struct err *err)
{
	bool is_inline = false;

	if (!buildkit_args_switch(&is_inline, &job->build_args, "BUILDKIT_INLINE_CACHE", err))
		return false;
	for (size_t i = 0; i < args->cache_to.len; i++) {
		str_list_push(&job->cache_to, args->cache_to.items[i]);
		is_inline = is_inline && !str_has_prefix(args->cache_to.items[i], "type=inline");
	}
	if (is_inline)
		str_list_push(&job->cache_to, "type=inline");
	return build_caches_parse(&job->caches, &args->cache_from, &job->cache_to,
				  compression_name(job->request.layer.compress.kind), err);
}

static void split_names(struct str_list *out, const struct str_list *lists)
{
	for (size_t i = 0; i < lists->len; i++) {
		struct slice rest = slice_of(lists->items[i]);

		while (rest.ptr) {
			struct slice name = slice_trim(slice_cut(rest, ',', &rest), " ");

			if (name.len)
				str_list_push_take(out, mem_strndup(name.ptr, name.len));
		}
	}
}

/* A Dockerfile of the user's, for a backend or not. */
static bool has_own_file(const struct build_args *args)
{
	return !args->backend || args->file;
}

/* What a backend's Dockerfile decides is not asked of a user's, and a context is the user's. */
static bool check_file_args(const struct build_job *job, const struct build_args *args,
			    struct err *err)
{
	const char *other = args->base ? "base" : args->installer ? "installer" : NULL;

	if (!args->file && build_context_is_source(job->context)) {
		err_set(err, E_USAGE, "--backend %s takes no context: '%s'", job->backend->name,
			job->context);
		return err_hint(err, "-f FILE: a Dockerfile of yours");
	}
	if (!args->file || !other)
		return true;
	err_set(err, E_USAGE, "--%s and --file", other);
	return err_hint(err, "the Dockerfile decides that");
}

/* What the options say by themselves. */
static bool read_options(struct build_job *job, const struct build_args *args, struct err *err)
{
	struct build_request *r = &job->request;

	job->build_args = job->labels = job->settings = (struct map)MAP_TEXT;
	job->config = (struct buf)BUF_INIT(LIMIT_TEMPLATE);
	return sort_positionals(job, args, err) &&
	       backends_settings(&job->settings, &args->settings, err) &&
	       session_platforms(&job->platforms, &job->platform_count, &args->platforms, err) &&
	       layer_options(&r->layer, args, job->backend, err) &&
	       network_option(&r->network, args->network, err) &&
	       read_run_options(&job->run_options, args, err) &&
	       sandbox_isolation_parse(&r->isolation, args->isolation ? args->isolation : "auto",
				       err) &&
	       clock_source_date_epoch(&r->epoch, &r->has_epoch, err) &&
	       put_pairs(&job->build_args, &args->build_args, "build-arg", true, err) &&
	       read_index(job, err) && read_caches(job, args, err) &&
	       put_pairs(&job->labels, &args->labels, "label", false, err) &&
	       build_secrets_read(&job->secrets, &args->secrets, &args->ssh, err) &&
	       read_annotations(job, args, err);
}

static bool name_contexts(struct build_job *job, const struct build_args *args, struct err *err)
{
	if (!job->context)
		job->context = mem_strdup(".");
	for (size_t i = 0; i < args->contexts.len; i++)
		if (!build_context_named(ARRAY_PUSH(&job->contexts), &job->owned,
					 args->contexts.items[i], err))
			return false;
	return !job->backend || check_file_args(job, args, err);
}

/* The options that are the request's as they are. */
static void fill_request(struct build_job *job, const struct build_args *args)
{
	struct build_request *r = &job->request;

	r->platform = job->platforms[0];
	r->secrets = job->secrets.secrets.items;
	r->secret_count = job->secrets.secrets.len;
	r->ssh = job->secrets.ssh.items;
	r->ssh_count = job->secrets.ssh.len;
	r->git_allow = &args->git_allow;
	r->run_options = &job->run_options;
	r->build_args = &job->build_args;
	r->labels = &job->labels;
	r->annotations = job->annotations.manifest.items;
	r->annotation_count = job->annotations.manifest.len;
	split_names(&job->no_cache_stages, &args->no_cache_filters);
	r->no_cache_stages = &job->no_cache_stages;
	r->target = args->target;
	r->no_cache = args->no_cache;
	r->pull = args->pull;
	r->keep_times = args->keep_times;
}

bool build_job_prepare(struct build_job *job, struct session *s, const struct build_args *args,
		       struct err *err)
{
	if (!read_options(job, args, err) || !name_contexts(job, args, err))
		return false;
	fill_request(job, args);
	return !has_own_file(args) ||
	       build_source_read(&job->source, s, &job->request, job->context, args->file, err);
}

void build_job_set_source(struct build_job *job, const struct build_args *args)
{
	struct build_request *r = &job->request;
	const struct build_source *own = &job->source;

	r->contexts = job->contexts.items;
	r->context_count = job->contexts.len;
	if (!has_own_file(args)) {
		r->dockerfile = job->inputs.dockerfile.ptr;
		r->dockerfile_len = job->inputs.dockerfile.len;
		r->dockerfile_name = job->backend->name;
		return;
	}
	r->dockerfile = own->dockerfile.ptr;
	r->dockerfile_len = own->dockerfile.len;
	r->dockerfile_name = own->dockerfile_name;
	r->context_dir = own->dir;
	r->context = own->context;
	r->has_context_time = own->time >= 0;
	r->context_time = own->time;
	r->context_files = &job->inputs.context_files;
}

/* --load and -o type=store say the same. */
bool build_job_outputs(struct build_job *job, const struct build_args *args, struct err *err)
{
	AUTO(str_list_free) struct str_list texts = { 0 };
	bool has_bundle = job->backend && bundle_is_made(job->backend);
	const struct output_request request = { .texts = &texts,
						.names = &job->names,
						.push = args->push,
						.bundle = has_bundle ? &job->bundle : NULL,
						.is_index = job->is_index };

	job->bundle = (struct bundle_request){ .table = &job->backends,
					       .backend = job->backend,
					       .python = job->inputs.python,
					       .runtime = job->runtime };

	for (size_t i = 0; i < args->outputs.len; i++)
		str_list_push(&texts, args->outputs.items[i]);
	if (args->load && texts.len)
		str_list_push(&texts, "type=store");
	return outputs_parse(&job->outputs, &request, err);
}
