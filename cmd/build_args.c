// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_args.h"

#include <sys/stat.h>
#include <unistd.h>

#include "cmd/build_context.h"

/* Of docker, buildx and buildah; here for what they answer. */
#define LIMITS "rtbuild makes no cgroups: a RUN has the limits of rtbuild itself"
#define LIMITED                                                                                  \
	"run it in a limited one: systemd-run --scope -p MemoryMax=2G -p CPUQuota=100% rtbuild " \
	"build ..."
#define ATTESTS "no attestation is made: AWS Lambda refuses an image that has one"
#define ATTESTED "=false; attach one to what was pushed, as cosign attest does"
#define NAMESPACES "a RUN has namespaces of its own"
#define ISOLATION "--isolation says how a RUN is kept apart"
#define PLATFORM "it is a part of --platform here"
#define RIGHTS "a RUN has docker's default rights and no more"
#define LEAVE "leave it out"
#define RESOLVER "a RUN has this machine's /etc/resolv.conf"
#define ADDRESS "--add-host NAME:ADDRESS says where a host is"
#define USERS "the user namespace is made from /etc/subuid and /etc/subgid"

/* clang-format off */
const struct opt build_args_opts[] = {
	OPT_ARGS("NAME] [CONTEXT", struct build_args, positionals,
		 "a directory, - (a tar or Dockerfile on stdin) or a URL is the context (default: .), else a name"),
	OPT_GROUP("What to build"),
	OPT_TEXT('b', "backend", "NAME",          struct build_args, backend,      "a serverless backend's runtime: `rtbuild template list`"),
	OPT_TEXT(0,   "matrix", "FILE",           struct build_args, matrix,       "many runtimes, backends by Pythons by platforms: one YAML file, one process"),
	OPT_TEXT('j', "jobs", "N",                struct build_args, jobs,         "of --matrix: so many runtimes at once (default: the processors, at most 8)"),
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
	OPT_LIST(0,   "allow", "RIGHT",           struct build_args, allow,        "network.host: RUN --network=host has it also under --network none; security.insecure: RUN --security=insecure has all rights of who builds"),
	OPT_LIST(0,   "add-host", "NAME:ADDRESS", struct build_args, add_hosts,    "a line of /etc/hosts for RUN"),
	OPT_LIST(0,   "ulimit", "NAME=SOFT[:HARD]", struct build_args, ulimits,    "a limit for RUN, as nofile=1024:4096; -1 is none"),
	OPT_TEXT(0,   "shm-size", "SIZE",         struct build_args, shm_size,     "of /dev/shm in RUN (default: 64m)"),
	OPT_TEXT(0,   "isolation", "HOW",         struct build_args, isolation,    "for RUN: auto (default), oci, builtin or chroot"),
	OPT_FLAG(0,   "keep-times",               struct build_args, keep_times,   "keep the context's file times (default: 1980-01-01)"),
	OPT_TEXT(0,   "compression", "KIND",      struct build_args, compression,  "of new layers: gzip (default), zstd or none"),
	OPT_TEXT(0,   "format", "KIND",           struct build_args, format,       "media types: oci (default) or docker"),
	OPT_FLAG(0,   "plan",                     struct build_args, plan,         "show the plan as JSON and stop"),
	OPT_FLAG(0,   "check",                    struct build_args, check,        "check the Dockerfile by the linter's rules and stop; 1 when it finds something"),
	OPT_TEXT(0,   "call", "METHOD",           struct build_args, call,         "build (default), or check: the same as --check"),
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
	/* docker and buildx */
	OPT_OTHER(0,   "attest", "SPEC",       "type=provenance,disabled=true|type=sbom,disabled=true", ATTESTS, "--attest type=sbom,disabled=true; attach one to what was pushed, as cosign attest does"),
	OPT_OTHER(0,   "builder", "NAME",      NULL, "there is one builder, this program", LEAVE),
	OPT_OTHER(0,   "cgroup-parent", "NAME", NULL, LIMITS, LIMITED),
	OPT_OTHER(0,   "compress", NULL,       "true|false", NULL, NULL),
	OPT_OTHER(0,   "cpu-period", "N",      NULL, LIMITS, LIMITED),
	OPT_OTHER(0,   "cpu-quota", "N",       NULL, LIMITS, LIMITED),
	OPT_OTHER('c', "cpu-shares", "N",      NULL, LIMITS, LIMITED),
	OPT_OTHER(0,   "cpuset-cpus", "LIST",  NULL, LIMITS, "taskset -c LIST rtbuild build ... holds for every RUN"),
	OPT_OTHER(0,   "cpuset-mems", "LIST",  NULL, LIMITS, "numactl -m LIST rtbuild build ... holds for every RUN"),
	OPT_OTHER(0,   "disable-content-trust", NULL, "true", "docker's signatures (Notary) are not asked for", LEAVE),
	OPT_OTHER(0,   "force-rm", NULL,       "true|false", NULL, NULL),
	OPT_OTHER('m', "memory", "BYTES",      NULL, LIMITS, LIMITED),
	OPT_OTHER(0,   "memory-swap", "BYTES", NULL, LIMITS, LIMITED),
	OPT_OTHER(0,   "provenance", "SPEC",   "false", ATTESTS, "--provenance" ATTESTED),
	OPT_OTHER(0,   "rm", NULL,             "true", "of a RUN its layer stays and nothing else", LEAVE),
	OPT_OTHER(0,   "sbom", "SPEC",         "false", ATTESTS, "--sbom" ATTESTED),
	OPT_OTHER(0,   "security-opt", "SPEC", "label=disable|apparmor=unconfined", RIGHTS, LEAVE),
	OPT_OTHER(0,   "squash", NULL,         "false", "each step is a layer of its own, which others share", "end with FROM scratch and COPY --from=STAGE / /: one layer"),
	/* buildah and podman */
	OPT_OTHER(0,   "all-platforms", NULL,  "false", "the platforms are those that are named", "--platform a,b"),
	OPT_OTHER(0,   "arch", "ARCH",         NULL, PLATFORM, "--platform linux/ARCH"),
	OPT_OTHER(0,   "cache-ttl", "AGE",     NULL, "what is in a cache counts, however old", "--no-cache, or rtbuild gc"),
	OPT_OTHER(0,   "cap-add", "NAME",      NULL, RIGHTS, LEAVE),
	OPT_OTHER(0,   "cap-drop", "NAME",     NULL, RIGHTS, LEAVE),
	OPT_OTHER(0,   "cert-dir", "DIR",      NULL, "certificates are read from /etc/docker/certs.d and /etc/containers/certs.d", "--ca-file FILE trusts one more authority"),
	OPT_OTHER(0,   "cgroupns", "HOW",      NULL, LIMITS, LEAVE),
	OPT_OTHER(0,   "cpp-flag", "FLAG",     NULL, "a Dockerfile is read as it is", "cpp -E FLAG Dockerfile.in | rtbuild build -f - ."),
	OPT_OTHER(0,   "creds", "USER:PASSWORD", NULL, "others on this machine could read the password", "rtbuild login HOST --password-stdin"),
	OPT_OTHER(0,   "decryption-key", "KEY", NULL, "encrypted layers are not read", NULL),
	OPT_OTHER(0,   "device", "DEVICE",     NULL, "no RUN gets a device", LEAVE),
	OPT_OTHER('D', "disable-compression", NULL, "false", "a layer is compressed when it is made", "--compression none"),
	OPT_OTHER(0,   "dns", "ADDRESS",       NULL, RESOLVER, ADDRESS),
	OPT_OTHER(0,   "dns-option", "OPTION", NULL, RESOLVER, LEAVE),
	OPT_OTHER(0,   "dns-search", "DOMAIN", NULL, RESOLVER, ADDRESS),
	OPT_OTHER(0,   "env", "NAME=VALUE",    NULL, "the Dockerfile says the image's variables", "ARG NAME and ENV NAME=$NAME, then --build-arg NAME=VALUE"),
	OPT_OTHER(0,   "from", "IMAGE",        NULL, "a base is replaced by its name", "--build-context BASE=docker-image://IMAGE"),
	OPT_OTHER(0,   "hooks-dir", "DIR",     NULL, "nothing is run before or after a RUN", LEAVE),
	OPT_OTHER(0,   "http-proxy", NULL,     "false", "a RUN has no variables of this machine", "--build-arg HTTPS_PROXY: its value is in no layer, history or key"),
	OPT_OTHER(0,   "identity-label", NULL, "false", "the image says the same whatever built it", LEAVE),
	OPT_OTHER(0,   "ignorefile", "FILE",   NULL, "the file of what is ignored goes with the Dockerfile", "name it like that: Dockerfile.dockerignore"),
	OPT_OTHER(0,   "ipc", "HOW",           "private", NAMESPACES, LEAVE),
	OPT_OTHER(0,   "layers", NULL,         "true", "each step is a layer of its own", "--no-cache, when it was meant so"),
	OPT_OTHER(0,   "logfile", "FILE",      NULL, "progress goes to stderr, and a RUN's output is kept in the store", "--progress=plain 2>FILE"),
	OPT_OTHER(0,   "logsplit", NULL,       "false", "progress goes to stderr", LEAVE),
	OPT_OTHER(0,   "manifest", "NAME",     NULL, "several platforms make an index", "--platform a,b -t NAME"),
	OPT_OTHER(0,   "no-hosts", NULL,       "false", "/etc/hosts of a RUN is made for it, the image's stays", LEAVE),
	OPT_OTHER(0,   "omit-history", NULL,   "false", "the history is a part of the image", LEAVE),
	OPT_OTHER(0,   "os", "OS",             "linux", PLATFORM, "--platform OS/ARCH"),
	OPT_OTHER(0,   "os-feature", "NAME",   NULL, "it is the base image's", LEAVE),
	OPT_OTHER(0,   "os-version", "VERSION", NULL, "it is the base image's", LEAVE),
	OPT_OTHER(0,   "pid", "HOW",           "private", NAMESPACES, LEAVE),
	OPT_OTHER(0,   "retry", "N",           NULL, "what can be tried again is", LEAVE),
	OPT_OTHER(0,   "retry-delay", "TIME",  NULL, "what can be tried again is, as the server says", LEAVE),
	OPT_OTHER(0,   "runtime", "PATH",      NULL, "crun or runc is taken where it works", ISOLATION),
	OPT_OTHER(0,   "runtime-flag", "FLAG", NULL, "the runtime is told what it needs", LEAVE),
	OPT_OTHER(0,   "sign-by", "KEY",       NULL, "images are not signed here", "cosign sign NAME@DIGEST, behind the push"),
	OPT_OTHER(0,   "skip-unused-stages", NULL, "true", "a stage nobody needs is not built", "--target STAGE builds it"),
	OPT_OTHER(0,   "stdin", NULL,          "false", "a RUN reads nothing: its standard input is empty", "RUN --mount=type=bind or a here-document gives it a file"),
	OPT_OTHER(0,   "timestamp", "SECONDS", NULL, "that is an environment variable", "SOURCE_DATE_EPOCH=SECONDS rtbuild build ..."),
	OPT_OTHER(0,   "source-date-epoch", "SECONDS", NULL, "that is an environment variable", "SOURCE_DATE_EPOCH=SECONDS rtbuild build ..."),
	OPT_OTHER(0,   "tls-verify", NULL,     "true", "that is two options", "--insecure: TLS without verification; --plain-http: no TLS"),
	OPT_OTHER(0,   "unsetenv", "NAME",     NULL, "the Dockerfile says the image's variables", "ENV NAME= makes it empty"),
	OPT_OTHER(0,   "userns", "HOW",        NULL, USERS, ISOLATION),
	OPT_OTHER(0,   "userns-gid-map", "MAP", NULL, USERS, LEAVE),
	OPT_OTHER(0,   "userns-gid-map-group", "NAME", NULL, USERS, LEAVE),
	OPT_OTHER(0,   "userns-uid-map", "MAP", NULL, USERS, LEAVE),
	OPT_OTHER(0,   "userns-uid-map-user", "NAME", NULL, USERS, LEAVE),
	OPT_OTHER(0,   "uts", "HOW",           "private", NAMESPACES, LEAVE),
	OPT_OTHER(0,   "variant", "VARIANT",   NULL, PLATFORM, "--platform linux/ARCH/VARIANT"),
	OPT_OTHER(0,   "volume", "DIR:PATH",   NULL, "the Dockerfile says what a RUN sees", "RUN --mount=type=bind,from=NAME,target=PATH and --build-context NAME=DIR"),
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

bool build_args_take_call(struct build_args *args, struct err *err)
{
	if (!args->call || str_eq(args->call, "build"))
		return true;
	args->check = str_eq(args->call, "check");
	if (args->check)
		return true;
	err_set(err, E_UNSUPPORTED, "--call '%s': build and check can be called", args->call);
	return err_hint(err, "--plan shows stages, steps and arguments as JSON, --check --json the "
			     "findings");
}

/* Options by what has them, and what does not. */
static const char of_images[] =
	"file target build-arg build-context secret git-allow ssh label annotation base "
	"cache-from cache-to no-cache no-cache-filter pull network isolation allow "
	"add-host ulimit shm-size keep-times compression format plan check push force "
	"load print print-config iidfile digestfile image-refs metadata-file function "
	"filepath";
static const char of_backends[] =
	"templates python python-target lithops base requirements installer libc "
	"precompile find-links index-url extra-index-url no-index offline extra group "
	"no-default-groups setting print-config";
static const char of_cells[] =
	"backend tag output platform python python-target file push plan check print "
	"print-config iidfile digestfile image-refs metadata-file";

bool build_args_check_zip(const struct build_args *args, const struct backend *b, struct err *err)
{
	const char *given = opts_given(args, build_args_opts, of_images);

	return !given || err_set(err, E_USAGE, "--%s: %s is a zip, not an image", given, b->name);
}

void build_args_clear_image(struct build_args *args)
{
	opts_unset(args, build_args_opts, of_images);
}

bool build_args_check_no_backend(const struct build_args *args, struct err *err)
{
	const char *given = opts_given(args, build_args_opts, of_backends);

	if (!given)
		return true;
	err_set(err, E_USAGE, "--%s is for --backend", given);
	return err_hint(err, "-b NAME, one of `rtbuild template list`");
}

bool build_args_check_matrix(const struct build_args *args, struct err *err)
{
	const char *given = opts_given(args, build_args_opts, of_cells);

	if (given)
		return err_set(err, E_USAGE, "--%s and --matrix: the file says that of each",
			       given);
	if (args->function || args->filepath)
		return err_set(err, E_USAGE,
			       "--function and --matrix: `rtbuild extend` each of its images");
	if (args->positionals.len)
		return err_set(err, E_USAGE, "'%s' and --matrix: it names its images itself",
			       args->positionals.items[0]);
	return true;
}
