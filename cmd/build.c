// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"
#include "builder/build.h"
#include "builder/runoptions.h"
#include "cmd/annotation.h"
#include "cmd/backends.h"
#include "cmd/build_cache.h"
#include "cmd/build_check.h"
#include "cmd/build_context.h"
#include "cmd/build_extend.h"
#include "cmd/build_matrix.h"
#include "cmd/build_secrets.h"
#include "cmd/build_zip.h"
#include "cmd/check_report.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/configuration.h"
#include "cmd/outcome.h"
#include "cmd/output.h"
#include "runtime/inputs.h"
#include "runtime/target.h"
#include "templates/naming.h"

/* rtbuild build: a backend's runtime, or any Dockerfile. */

struct build_args {
	struct wheel_args wheels;
	struct str_list positionals;
	const char *lithops;
	const char *matrix, *backend, *file, *target, *python, *base, *installer, *libc,
		*python_target, *precompile, *network, *isolation, *format, *compression, *print;
	const char *iidfile, *digestfile, *image_refs, *metadata_file;
	const char *shm_size;
	struct str_list secrets, ssh, git_allow, add_hosts, ulimits, allow, templates;
	struct str_list tags, build_args, contexts, requirements, labels, annotations, settings;
	struct str_list cache_from, cache_to;
	struct str_list platforms, outputs, no_cache_filters;
	bool force, no_cache, pull, push, load, plan, check, keep_times, print_config;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARGS("NAME] [CONTEXT", struct build_args, positionals,
		 "a directory, - (a tar or Dockerfile on stdin) or a URL is the context (default: .), else a name"),
	OPT_GROUP("What to build"),
	OPT_TEXT('b', "backend", "NAME",          struct build_args, backend,      "a serverless backend's runtime: `rtbuild template list`"),
	OPT_TEXT(0,   "matrix", "FILE",           struct build_args, matrix,       "many runtimes, backends by Pythons by platforms: one YAML file, one process"),
	OPT_TEXT('f', "file", "FILE",             struct build_args, file,         "the Dockerfile (default: Dockerfile in the context); - for stdin, or a URL"),
	OPT_TEXT(0,   "target", "STAGE",          struct build_args, target,       "stop at this stage"),
	OPT_LIST(0,   "platform", "OS/ARCH,...",  struct build_args, platforms,    "the platforms it is for: several make an index (default: this machine's)"),
	OPT_LIST(0,   "build-arg", "NAME[=VALUE]", struct build_args, build_args,  "set an ARG; without a value, from the environment"),
	OPT_LIST(0,   "build-context", "NAME=SOURCE", struct build_args, contexts, "for FROM NAME and COPY --from=NAME: a directory, URL, docker-image:// or oci-layout://"),
	OPT_LIST(0,   "secret", "id=ID[,src=FILE|,env=VAR]", struct build_args, secrets, "for RUN --mount=type=secret, and GIT_AUTH_TOKEN for git"),
	OPT_LIST(0,   "git-allow", "URL",         struct build_args, git_allow,    "read git repositories below it, though of this machine or a submodule of another host"),
	OPT_LIST(0,   "ssh", "ID[=SOCKET|KEY,...]", struct build_args, ssh,        "for RUN --mount=type=ssh and git; default is $SSH_AUTH_SOCK"),
	OPT_LIST(0,   "label", "KEY=VALUE",       struct build_args, labels,       "label the image"),
	OPT_LIST(0,   "annotation", "[TYPE:]KEY=VALUE", struct build_args, annotations, "annotate the manifest (default), index or manifest-descriptor; manifest[OS/ARCH]: for one"),
	OPT_GROUP("A backend's runtime"),
	OPT_LIST(0,   "templates", "DIR|GIT-URL", struct build_args, templates,    "more backends, as DIR/NAME/backend.yaml"),
	OPT_TEXT(0,   "python", "X.Y",            struct build_args, python,       "Python version (default: the backend's)"),
	OPT_TEXT(0,   "lithops", "VERSION|WHEEL|DIR", struct build_args, lithops, "this Lithops: a version, a wheel, a source tree or installed package (default: the best wheel)"),
	OPT_TEXT(0,   "base", "IMAGE",            struct build_args, base,         "base image instead of the backend's; its Python and C library are looked up in it"),
	OPT_LIST('r', "requirements", "FILE",     struct build_args, requirements, "more packages, as pip takes them"),
	OPTS_WHEELS(struct build_args, wheels),
	OPT_TEXT(0,   "installer", "WAY",         struct build_args, installer,    "wheels (default: no Python needed here) or pip (in a RUN; for a zip, the platform's)"),
	OPT_LIST(0,   "setting", "KEY=VALUE",     struct build_args, settings,     "a key of Lithops' configuration: names, and files of a zip, depend on it"),
	OPT_TEXT(0,   "libc", "NAME-VERSION",     struct build_args, libc,         "the base's C library for wheel tags (default: what the base has)"),
	OPT_TEXT(0,   "precompile", "PYTHON",     struct build_args, precompile,   "bytecode for all modules, by this interpreter of the same minor version; base: the base image's own"),
	OPT_TEXT(0,   "python-target", "NAME|FILE.json", struct build_args, python_target, "Python, platform and C library together: `rtbuild python target list`"),
	OPT_GROUP("How"),
	OPT_FLAG(0,   "no-cache",                 struct build_args, no_cache,     "run every step again"),
	OPT_LIST(0,   "cache-from", "CACHE",      struct build_args, cache_from,   "read a build cache: type=registry,ref=NAME or type=local,src=DIR"),
	OPT_LIST(0,   "cache-to", "CACHE",        struct build_args, cache_to,     "write one: type=registry,ref=NAME, type=local,dest=DIR (both: mode=min|max) or type=inline"),
	OPT_LIST(0,   "no-cache-filter", "STAGE,...", struct build_args, no_cache_filters, "run every step of these stages again"),
	OPT_FLAG(0,   "pull",                     struct build_args, pull,         "ask the registry for base images even when the store has them"),
	OPT_TEXT(0,   "network", "MODE",          struct build_args, network,      "for RUN: host (default) or none"),
	OPT_LIST(0,   "allow", "RIGHT",           struct build_args, allow,        "network.host: RUN --network=host has it also under --network none"),
	OPT_LIST(0,   "add-host", "NAME:ADDRESS", struct build_args, add_hosts,    "a line of /etc/hosts for RUN"),
	OPT_LIST(0,   "ulimit", "NAME=SOFT[:HARD]", struct build_args, ulimits,    "a limit for RUN, as nofile=1024:4096; -1 is none"),
	OPT_TEXT(0,   "shm-size", "SIZE",         struct build_args, shm_size,     "of /dev/shm in RUN (default: 64m)"),
	OPT_TEXT(0,   "isolation", "HOW",         struct build_args, isolation,    "for RUN: auto (default), oci, builtin or chroot"),
	OPT_FLAG(0,   "keep-times",               struct build_args, keep_times,   "keep the context's file times (default: 1980-01-01)"),
	OPT_TEXT(0,   "compression", "KIND",      struct build_args, compression,  "of new layers: gzip (default), zstd or none"),
	OPT_TEXT(0,   "format", "KIND",           struct build_args, format,       "media types: oci (default) or docker"),
	OPT_FLAG(0,   "plan",                     struct build_args, plan,         "show the plan as JSON and stop"),
	OPT_FLAG(0,   "check",                    struct build_args, check,        "check the Dockerfile by the linter's rules and stop; 1 when it finds something"),
	OPT_GROUP("What becomes of it"),
	OPT_LIST('t', "tag", "NAME[:TAG]",        struct build_args, tags,         "name the image; several are fine"),
	OPT_LIST('o', "output", "type=TYPE[,dest=PATH]", struct build_args, outputs, "store (default), registry, oci, docker, tar, local, cacheonly; several are fine; DIR is local"),
	OPT_FLAG(0,   "push",                     struct build_args, push,         "push it under its names"),
	OPT_FLAG(0,   "force",                    struct build_args, force,        "push it though a rule of its backend says no (`rtbuild check`)"),
	OPT_FLAG(0,   "load",                     struct build_args, load,         "into the store: what happens anyway without -o"),
	OPT_TEXT(0,   "print", "WHAT",            struct build_args, print,        "ref (default: name@digest), tag (name:tag) or digest"),
	OPT_FLAG(0,   "print-config",             struct build_args, print_config, "of a backend: print the part of Lithops\' configuration that uses it"),
	OPT_TEXT(0,   "iidfile", "FILE",          struct build_args, iidfile,      "write the config digest (docker's image ID) here"),
	OPT_TEXT(0,   "digestfile", "FILE",       struct build_args, digestfile,   "write the manifest digest here"),
	OPT_TEXT(0,   "image-refs", "FILE",       struct build_args, image_refs,   "write all references with digest here, one a line"),
	OPT_TEXT(0,   "metadata-file", "FILE",    struct build_args, metadata_file, "write buildx's metadata JSON here"),
	OPT_END
};
/* clang-format on */

/* Everything a build needs, gathered from the command line; released together. */
struct job {
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
	struct annotations annotations;
	struct str_list no_cache_stages;
	struct run_options run_options;
	struct outputs outputs;
	struct build_request request;
};

static void job_free(struct job *job)
{
	if (job->has_inputs)
		runtime_inputs_free(&job->inputs);
	free(job->context);
	build_source_free(&job->source);
	map_free(&job->build_args);
	map_free(&job->labels);
	free(job->contexts.items);
	str_list_free(&job->names);
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

static bool is_directory(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* NAME and CONTEXT, in any order: a directory, "-" or a URL is the context. */
static bool sort_positionals(struct job *job, const struct build_args *args, struct err *err)
{
	for (size_t i = 0; i < args->positionals.len; i++) {
		const char *word = args->positionals.items[i];

		if (!is_directory(word) && !build_context_is_source(word)) {
			if (word[0] == '/' || word[0] == '.')
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

/* The configuration alone does not decide the name (Lithops asks its cloud for the rest): then it
 * is the plain one. */
static void keep_plain_name(struct job *job, struct session *s, struct err *err)
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
static bool make_names(struct job *job, struct session *s, const struct build_args *args,
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

/* The runtime of a backend: its Dockerfile and the contexts it copies from. */
static bool make_inputs(struct job *job, struct session *s, const struct build_args *args,
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
					.sandbox = s->sandbox,
					.pull = args->pull };
	AUTO(python_profile_free) struct python_profile target = { 0 };

	if (job->platform_count > 1) {
		err_set(err, E_USAGE, "--backend %s is built for one platform", backend->name);
		return err_hint(err, "its packages differ: run the command once for each");
	}

	if ((args->python_target &&
	     !runtime_request_target(&want, &target, args->python_target, true, err)) ||
	    !installer_parse(&want.installer, args->installer, err) ||
	    !session_store(&want.store, s, err) || !session_registry(&want.registry, s, err) ||
	    !wheel_sources_make(&sources, s, &args->wheels, err))
		return false;
	job->has_inputs = true;
	if (!runtime_inputs_make(&job->inputs, &want, s->events, err))
		return false;
	for (size_t i = 0; i < job->inputs.context_count; i++)
		*ARRAY_PUSH(&job->contexts) = job->inputs.contexts[i];
	return make_names(job, s, args, err);
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
	if (!*out && !str_eq(text, "none"))
		return err_set(err, E_USAGE, "unknown network '%s': host or none", text);
	return true;
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

/* --load and -o type=store say the same. */
static bool read_outputs(struct job *job, const struct build_args *args, struct err *err)
{
	AUTO(str_list_free) struct str_list texts = { 0 };
	bool has_bundle = job->backend && bundle_is_made(job->backend);
	const struct output_request request = { .texts = &texts,
						.names = &job->names,
						.push = args->push,
						.bundle = has_bundle ? &job->bundle : NULL,
						.platform_count = job->platform_count };

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

static bool read_annotations(struct job *job, const struct build_args *args, struct err *err)
{
	if (args->annotations.len && job->request.layer.family == FAMILY_DOCKER)
		return err_set(err, E_USAGE, "docker's media types have no annotations");
	return annotations_parse(&job->annotations, &args->annotations, job->platforms,
				 job->platform_count, err);
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
static bool check_file_args(const struct job *job, const struct build_args *args, struct err *err)
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
static bool read_options(struct job *job, const struct build_args *args, struct err *err)
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
	       build_caches_parse(&job->caches, &args->cache_from, &args->cache_to,
				  compression_name(r->layer.compress.kind), err) &&
	       put_pairs(&job->build_args, &args->build_args, "build-arg", true, err) &&
	       put_pairs(&job->labels, &args->labels, "label", false, err) &&
	       build_secrets_read(&job->secrets, &args->secrets, &args->ssh, err) &&
	       read_annotations(job, args, err);
}

static bool name_contexts(struct job *job, const struct build_args *args, struct err *err)
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
static void fill_request(struct job *job, const struct build_args *args)
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

/* The Dockerfile and its context, the user's or the backend's. */
static bool find_source(struct job *job, struct session *s, const struct build_args *args,
			struct err *err)
{
	struct build_request *r = &job->request;
	const struct build_source *own = &job->source;

	if (has_own_file(args) &&
	    !build_source_read(&job->source, s, r, job->context, args->file, err))
		return false;
	if (job->backend && !make_inputs(job, s, args, err))
		return false;
	r->contexts = job->contexts.items;
	r->context_count = job->contexts.len;
	if (!has_own_file(args)) {
		r->dockerfile = job->inputs.dockerfile.ptr;
		r->dockerfile_len = job->inputs.dockerfile.len;
		r->dockerfile_name = job->backend->name;
		return true;
	}
	r->dockerfile = own->dockerfile.ptr;
	r->dockerfile_len = own->dockerfile.len;
	r->dockerfile_name = own->dockerfile_name;
	r->context_dir = own->dir;
	r->context = own->context;
	r->has_context_time = own->time >= 0;
	r->context_time = own->time;
	r->context_files = &job->inputs.context_files;
	return true;
}

static bool prepare(struct job *job, struct session *s, const struct build_args *args,
		    struct err *err)
{
	if (!read_options(job, args, err) || !name_contexts(job, args, err))
		return false;
	fill_request(job, args);
	return find_source(job, s, args, err);
}

static bool show_plan(const struct job *job, struct err *err)
{
	AUTO(auto_json_decref) json_t *plan = NULL;

	return build_plan_json(&plan, &job->request, err) && session_print_json(plan, err);
}

static void expect_pushes(struct registry *registry, const struct outputs *outputs)
{
	for (size_t i = 0; i < outputs->len; i++)
		for (size_t k = 0; k < outputs->items[i].name_count; k++)
			if (output_is_pushed(&outputs->items[i]))
				registry_expect_push(registry, &outputs->items[i].names[k]);
}

static bool build(struct artifact *out, struct session *s, struct job *job,
		  struct cache_remote *cache, struct err *err)
{
	struct build_env env = { .sandbox = s->sandbox,
				 .events = s->events,
				 .cache = cache,
				 .ca_file = s->options.ca_file,
				 .insecure = s->options.insecure };
	struct index_recipe recipe = { .family = job->request.layer.family };
	struct json_pairs of_index = { 0 };

	if (!session_store(&env.store, s, err) || !session_registry(&env.registry, s, err))
		return false;
	if (!build_images(out->images, &env, &job->request, job->platforms, job->platform_count,
			  err))
		return false;
	annotations_of_index(&recipe, &job->annotations, job->platforms, job->platform_count,
			     &of_index);
	artifact_finish(out, &recipe);
	return true;
}

/* A function zip has no image's parts, so what is asked of those is refused. */
static bool check_zip_args(const struct build_args *args, const struct backend *b, struct err *err)
{
	const struct {
		const char *name;
		bool given;
	} others[] = {
		{ "file", args->file },
		{ "target", args->target },
		{ "build-arg", args->build_args.len },
		{ "build-context", args->contexts.len },
		{ "secret", args->secrets.len },
		{ "git-allow", args->git_allow.len },
		{ "ssh", args->ssh.len },
		{ "label", args->labels.len },
		{ "annotation", args->annotations.len },
		{ "base", args->base },
		{ "cache-from", args->cache_from.len },
		{ "cache-to", args->cache_to.len },
		{ "no-cache", args->no_cache },
		{ "no-cache-filter", args->no_cache_filters.len },
		{ "pull", args->pull },
		{ "network", args->network },
		{ "isolation", args->isolation },
		{ "keep-times", args->keep_times },
		{ "compression", args->compression },
		{ "format", args->format },
		{ "plan", args->plan },
		{ "check", args->check },
		{ "push", args->push },
		{ "force", args->force },
		{ "load", args->load },
		{ "print", args->print },
		{ "iidfile", args->iidfile },
		{ "digestfile", args->digestfile },
		{ "image-refs", args->image_refs },
		{ "metadata-file", args->metadata_file },
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].given)
			return err_set(err, E_USAGE, "--%s: %s is a zip, not an image",
				       others[i].name, b->name);
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

	return check_zip_args(args, b, err) && build_zip(s, &want, err);
}

/* Nothing is taken and then not used. */
static bool check_no_backend(const struct build_args *args, struct err *err)
{
	const struct {
		const char *name;
		bool given;
	} others[] = {
		{ "templates", args->templates.len },
		{ "python", args->python },
		{ "python-target", args->python_target },
		{ "lithops", args->lithops },
		{ "base", args->base },
		{ "requirements", args->requirements.len },
		{ "installer", args->installer },
		{ "libc", args->libc },
		{ "precompile", args->precompile },
		{ "find-links", args->wheels.find_links.len },
		{ "index-url", args->wheels.index_url },
		{ "extra-index-url", args->wheels.extra_index_urls.len },
		{ "no-index", args->wheels.no_index },
		{ "offline", args->wheels.offline },
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].given) {
			err_set(err, E_USAGE, "--%s is for --backend", others[i].name);
			return err_hint(err, "-b NAME, one of `rtbuild template list`");
		}
	return true;
}

/* Nothing says what to build: no Dockerfile here and none named, no context. */
static bool has_no_source(const struct build_args *args)
{
	for (size_t i = 0; i < args->positionals.len; i++)
		if (is_directory(args->positionals.items[i]) ||
		    build_context_is_source(args->positionals.items[i]))
			return false;
	return !args->file && access("Dockerfile", F_OK) != 0;
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
	if (runtime && !is_directory(runtime) && !build_context_is_source(runtime))
		str_list_push(&args->positionals, runtime);
	return true;
}

static bool find_backend(struct job *job, struct session *s, struct build_args *args,
			 struct err *err)
{
	if (!args->backend && !has_no_source(args))
		return check_no_backend(args, err);
	if (!backends_load(&job->backends, s, &args->templates, err))
		return false;
	if (args->backend ? !backend_find(&job->backend, &job->backends, args->backend, err)
			  : !configuration_backend(&job->backend, s, &job->backends, err))
		return false;
	if (!job->backend)
		return check_no_backend(args, err);
	args->backend = job->backend->name;
	job->settings_asked = args->settings.len > 0;
	if (!configure(args, s, job->backend, err))
		return false;
	if (backend_is_image(job->backend) || build_zip_is_made(job->backend))
		return true;
	if (str_eq(job->backend->artifact, "host")) {
		err_set(err, E_USAGE, "%s runs on %s: nothing is built", job->backend->name,
			job->backend->title);
		return err_hint(err, "localhost:container is the image");
	}
	return err_set(err, E_USAGE, "%s is a %s, not an image", job->backend->name,
		       job->backend->artifact);
}

static bool check_settings(const struct build_args *args, const struct backend *b, struct err *err)
{
	if (b && build_zip_is_made(b) && args->print_config)
		return err_set(err, E_USAGE, "--print-config: %s is a zip, not an image", b->name);
	if (b || (!args->settings.len && !args->print_config))
		return true;
	err_set(err, E_USAGE, "--%s is for --backend",
		args->settings.len ? "setting" : "print-config");
	return args->settings.len ? err_hint(err, "--build-arg sets an ARG of a Dockerfile")
				  : false;
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
static bool show_config(struct session *s, const struct job *job, const struct build_args *args,
			struct err *err)
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
static bool check_rules_kept(struct session *s, const struct job *job,
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

static bool build_and_give(struct session *s, struct job *job, const struct build_args *args,
			   struct err *err)
{
	AUTO(auto_cache_remote_close) struct cache_remote *cache = NULL;
	AUTO(artifact_free) struct artifact artifact = { 0 };
	const struct outcome_files files = { args->iidfile, args->digestfile, args->image_refs,
					     args->metadata_file };
	AUTO(build_extension_free) struct build_extension extension = { 0 };
	struct registry *registry;

	artifact_init(&artifact, job->platforms, job->platform_count);
	if (job->backend &&
	    !build_extension_plan(&extension, s, job->backend->name, &job->outputs, err))
		return false;
	if (!session_registry(&registry, s, err))
		return false;
	expect_pushes(registry, &job->outputs);
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
						.stdout_taken = job->outputs.takes_stdout ||
								args->print_config },
			     err) &&
	       show_config(s, job, args, err);
}

static bool run_one(struct session *s, struct build_args *args, struct err *err)
{
	AUTO(job_free) struct job job = { 0 };

	if (!outcome_print_check(args->print, err) || !find_backend(&job, s, args, err) ||
	    !check_settings(args, job.backend, err))
		return false;
	if (job.backend && build_zip_is_made(job.backend))
		return run_zip(s, args, &job.backends, job.backend, err);
	if (!prepare(&job, s, args, err))
		return false;
	if (args->plan)
		return show_plan(&job, err);
	if (args->check)
		return build_check(s, &job.request, err);
	return read_outputs(&job, args, err) && build_and_give(s, &job, args, err);
}

/* What the file says of each cell, and what is of one image alone. */
static bool check_matrix_args(const struct build_args *args, struct err *err)
{
	const struct {
		const char *name;
		bool given;
	} others[] = {
		{ "backend", args->backend },
		{ "tag", args->tags.len },
		{ "output", args->outputs.len },
		{ "platform", args->platforms.len },
		{ "python", args->python },
		{ "python-target", args->python_target },
		{ "file", args->file },
		{ "push", args->push },
		{ "plan", args->plan },
		{ "check", args->check },
		{ "print", args->print },
		{ "print-config", args->print_config },
		{ "iidfile", args->iidfile },
		{ "digestfile", args->digestfile },
		{ "image-refs", args->image_refs },
		{ "metadata-file", args->metadata_file },
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].given)
			return err_set(err, E_USAGE,
				       "--%s and --matrix: the file says that of each",
				       others[i].name);
	if (args->positionals.len)
		return err_set(err, E_USAGE, "'%s' and --matrix: it names its images itself",
			       args->positionals.items[0]);
	return true;
}

/* Options that images alone have are not for the zips among the cells. */
static void clear_image_args(struct build_args *args)
{
	const struct build_args none = { 0 };

	args->target = args->base = args->network = args->isolation = none.base;
	args->format = args->compression = none.base;
	args->no_cache = args->pull = args->load = args->force = args->keep_times = false;
	args->build_args = args->contexts = args->secrets = args->labels = none.labels;
	args->ssh = args->git_allow = args->annotations = args->cache_from = none.labels;
	args->cache_to = args->no_cache_filters = none.labels;
}

static bool run_cell(void *arg, struct session *s, const struct matrix_cell *cell, bool push,
		     struct err *err)
{
	struct build_args args = *(const struct build_args *)arg;
	AUTO(str_list_free)
	struct str_list tags = { 0 }, platforms = { 0 }, outputs = { 0 }, settings = { 0 };

	args.matrix = NULL;
	args.backend = cell->backend->name;
	args.python = cell->python;
	str_list_push(&platforms, cell->platform);
	if (cell->name)
		str_list_push(&tags, cell->name);
	if (build_zip_is_made(cell->backend)) {
		clear_image_args(&args);
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
	return run_one(s, &args, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	struct build_args *args = arg;

	if (!args->matrix)
		return run_one(s, args, err);
	return check_matrix_args(args, err) &&
	       build_matrix(s, args->matrix, &args->templates,
			    &(struct build_matrix){ .build = run_cell, .arg = args }, err);
}

const struct cmd cmd_build = {
	.name = "build",
	.summary = "build a backend's runtime, or any Dockerfile",
	.about = "Layers of the base image are fetched only when a step needs its files. The same "
		 "input "
		 "gives the same digest.",
	.example = "  rtbuild build --backend aws_lambda -t registry.example.com/me/rt:1 --push\n"
		   "  rtbuild build -t me/app:1 .",
	.opts = opts,
	.args_size = sizeof(struct build_args),
	.flags = CMD_SANDBOX,
	.run = run,
};
