// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_args.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cmd/build_context.h"

/* clang-format off */
const struct opt build_args_opts[] = {
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
	OPT_TEXT(0,   "function", "[MOD:]F",      struct build_args, function,     "bake this map function in as well: `rtbuild extend` of what is built"),
	OPT_TEXT(0,   "filepath", "FILE.py",      struct build_args, filepath,     "the file it is in"),
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

bool build_args_is_context(const char *word)
{
	struct stat st;

	return (stat(word, &st) == 0 && S_ISDIR(st.st_mode)) || build_context_is_source(word);
}

bool build_args_have_source(const struct build_args *args)
{
	for (size_t i = 0; i < args->positionals.len; i++)
		if (build_args_is_context(args->positionals.items[i]))
			return true;
	return args->file || access("Dockerfile", F_OK) == 0;
}

bool build_args_check_zip(const struct build_args *args, const struct backend *b, struct err *err)
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
		{ "allow", args->allow.len },
		{ "add-host", args->add_hosts.len },
		{ "ulimit", args->ulimits.len },
		{ "shm-size", args->shm_size },
		{ "keep-times", args->keep_times },
		{ "compression", args->compression },
		{ "format", args->format },
		{ "plan", args->plan },
		{ "check", args->check },
		{ "push", args->push },
		{ "force", args->force },
		{ "load", args->load },
		{ "print", args->print },
		{ "print-config", args->print_config },
		{ "iidfile", args->iidfile },
		{ "digestfile", args->digestfile },
		{ "image-refs", args->image_refs },
		{ "metadata-file", args->metadata_file },
		{ "function", args->function },
		{ "filepath", args->filepath },
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].given)
			return err_set(err, E_USAGE, "--%s: %s is a zip, not an image",
				       others[i].name, b->name);
	return true;
}

bool build_args_check_no_backend(const struct build_args *args, struct err *err)
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
		{ "extra", args->wheels.choice.extras.len },
		{ "group", args->wheels.choice.groups.len },
		{ "no-default-groups", args->wheels.choice.no_default_groups },
		{ "setting", args->settings.len },
		{ "print-config", args->print_config },
	};

	for (size_t i = 0; i < ARRAY_LEN(others); i++)
		if (others[i].given) {
			err_set(err, E_USAGE, "--%s is for --backend", others[i].name);
			return err_hint(err, "-b NAME, one of `rtbuild template list`");
		}
	return true;
}

bool build_args_check_matrix(const struct build_args *args, struct err *err)
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
	if (args->function || args->filepath)
		return err_set(err, E_USAGE,
			       "--function and --matrix: `rtbuild extend` each of its images");
	if (args->positionals.len)
		return err_set(err, E_USAGE, "'%s' and --matrix: it names its images itself",
			       args->positionals.items[0]);
	return true;
}

void build_args_clear_image(struct build_args *args)
{
	const struct build_args none = { 0 };

	args->target = args->base = args->network = args->isolation = none.base;
	args->format = args->compression = none.base;
	args->no_cache = args->pull = args->load = args->force = args->keep_times = false;
	args->build_args = args->contexts = args->secrets = args->labels = none.labels;
	args->ssh = args->git_allow = args->annotations = args->cache_from = none.labels;
	args->cache_to = args->no_cache_filters = none.labels;
	args->allow = args->add_hosts = args->ulimits = none.labels;
	args->shm_size = none.base;
}
