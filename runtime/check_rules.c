// SPDX-License-Identifier: Apache-2.0
#include "base/cleanup.h"
#include "runtime/check_facts.h"

/* The rules. Each has a file in tests/checks (tools/check-rules). */

static bool any(const struct backend *b)
{
	return check_is_image(b) || check_is_zip(b);
}

static bool layer_zip(const struct backend *b)
{
	return str_eq(b->artifact, "layer");
}

static bool has_handler(const struct backend *b)
{
	return any(b) && b->handler.as;
}

static bool one_manifest(const struct backend *b)
{
	return check_is_image(b) && b->single_manifest;
}

static bool says_command(const struct backend *b)
{
	return check_is_image(b) && (b->entrypoint || b->command);
}

static bool says_user(const struct backend *b)
{
	return check_is_image(b) && b->user;
}

static bool says_port(const struct backend *b)
{
	return check_is_image(b) && b->port;
}

static bool says_environment(const struct backend *b)
{
	return check_is_image(b) && b->environment.len;
}

static bool packed_limit(const struct backend *b)
{
	return any(b) && (b->packed_max || b->zip.packed_max);
}

static bool unpacked_limit(const struct backend *b)
{
	return any(b) && b->unpacked_max;
}

static bool machine(const struct backend *b)
{
	return str_eq(b->artifact, "vm");
}

static bool extra_files(const struct backend *b)
{
	return check_is_zip(b) && b->zip.files.len;
}

static bool own_packages(const struct backend *b)
{
	return check_is_zip(b) && b->packages.len;
}

/* clang-format off */
const struct check_rule check_rules[] = {
	/* documents of an image */
	{ "manifest-single", one_manifest, CHECK_ERROR, CHECK_MANIFEST,
	  "the name stands for the manifest of one image",
	  "AWS Lambda developer guide, container images; docker/buildx#1533",
	  "push one platform, without attestations (docker build: --provenance=false --sbom=false)", rule_manifest_single },
	{ "manifest-type", check_is_image, CHECK_ERROR, CHECK_MANIFEST,
	  "the manifest is of a format the backend reads",
	  "the backend's row, formats",
	  "build it with --format oci, or --format docker", rule_manifest_type },
	{ "config-type", check_is_image, CHECK_ERROR, CHECK_MANIFEST,
	  "the configuration is an image's",
	  "OCI image-spec, manifest.md, config.mediaType",
	  "name an image: this is an artifact of another kind", rule_config_type },
	{ "layer-type", check_is_image, CHECK_ERROR, CHECK_MANIFEST,
	  "every layer is compressed in a way the backend unpacks",
	  "the backend's row, compressions; rules_oci#645, #777 for Lambda",
	  "build it with --compression gzip", rule_layer_type },
	{ "layer-foreign", check_is_image, CHECK_ERROR, CHECK_MANIFEST,
	  "every layer is in the registry",
	  "OCI image-spec, layer.md, non-distributable layers",
	  "push it with --foreign-layers, onto a base without such layers", rule_layer_foreign },
	{ "layer-count", check_is_image, CHECK_ERROR, CHECK_MANIFEST,
	  "there are no more layers than runtimes mount",
	  "moby, layer/layer_store.go, maxLayerDepth",
	  "begin from a base with fewer layers, or join RUN instructions", rule_layer_count },
	{ "history", one_manifest, CHECK_WARNING, CHECK_DOCUMENTS,
	  "history tells of every layer",
	  "OCI image-spec, config.md, history; rules_oci#777",
	  "rebuild it with rtbuild, which adds the missing entries", rule_history },
	{ "platform", check_is_image, CHECK_ERROR, CHECK_DOCUMENTS,
	  "the configuration's platform is one of the backend's",
	  "the backend's row, platforms",
	  "build it with --platform", rule_platform },
	{ "user", says_user, CHECK_ERROR, CHECK_DOCUMENTS,
	  "it does not run as root where that is refused",
	  "Kubernetes, Pod Security Standards, restricted: runAsNonRoot",
	  "end the Dockerfile with USER and a numeric id", rule_user },
	{ "port", says_port, CHECK_ERROR, CHECK_DOCUMENTS,
	  "its server listens where the platform asks",
	  "the backend's row, port",
	  "leave that variable as the backend's own Dockerfile sets it", rule_port },
	{ "environment", says_environment, CHECK_WARNING, CHECK_DOCUMENTS,
	  "variables of the backend's own runtime are set",
	  "the backend's row, environment",
	  "add the ENV lines of `rtbuild template render`", rule_environment },
	{ "read-only-root", one_manifest, CHECK_WARNING, CHECK_DOCUMENTS,
	  "libraries are told to write to /tmp alone",
	  "AWS Lambda developer guide, container images: the file system is read-only but for /tmp",
	  "let the variable name a directory below /tmp", rule_read_only },
	{ "baked-hidden", machine, CHECK_WARNING, CHECK_DOCUMENTS,
	  "nothing was baked where Lithops mounts its own files",
	  "lithops/standalone: workers run the image with /opt/lithops of the host",
	  "use the image that was extended: functions are sent to workers of machines", rule_baked_hidden },
	/* sizes */
	{ "size-packed", packed_limit, CHECK_ERROR, CHECK_MANIFEST,
	  "it is not larger than the platform takes",
	  "the backend's row, packed_max",
	  "leave packages out, or split them (rtbuild layer --split)", rule_size_packed },
	{ "size-unpacked", unpacked_limit, CHECK_ERROR, CHECK_LISTING,
	  "its files are not larger than the platform takes",
	  "the backend's row, unpacked_max",
	  "leave packages out; the container image of the same platform takes more", rule_size_unpacked },
	/* Python and what it imports */
	{ "python-found", check_is_image, CHECK_ERROR, CHECK_LISTING,
	  "python3 is on PATH",
	  "lithops 3.7.1.dev0, every backend's entry point",
	  "begin from a Python image, or install python3", rule_python_found },
	{ "python-version", check_is_image, CHECK_ERROR, CHECK_LISTING,
	  "that Python is the asked one, and one of the backend's",
	  "lithops 3.7.1.dev0, client and runtime must have one minor version; the backend's row, pythons",
	  "begin from the base of that Python", rule_python_version },
	{ "module-abi", any, CHECK_ERROR, CHECK_LISTING,
	  "extension modules are for that Python",
	  "PEP 3149, file names of extension modules",
	  "install the packages again with this Python (--python X.Y)", rule_module_abi },
	{ "interpreter-machine", check_is_image, CHECK_ERROR, CHECK_CONTENTS,
	  "the interpreter is for the platform the configuration names",
	  "System V ABI, ELF header, e_machine",
	  "build it for one platform, with a base of that platform", rule_interpreter_machine },
	{ "module-machine", any, CHECK_ERROR, CHECK_CONTENTS,
	  "extension modules are for that platform",
	  "System V ABI, ELF header, e_machine",
	  "install the packages again with --platform", rule_module_machine },
	{ "lithops-found", has_handler, CHECK_ERROR, CHECK_LISTING,
	  "lithops can be imported",
	  "lithops 3.7.1.dev0, utils.create_handler_zip",
	  "build it with --backend, or copy and unpack the handler's zip", rule_lithops_found },
	{ "lithops-version", has_handler, CHECK_ERROR, CHECK_CONTENTS,
	  "it is the client's version",
	  "lithops 3.7.1.dev0, invokers.py: client and runtime must have one version",
	  "build it with --lithops VERSION, the client's", rule_lithops_version },
	{ "lithops-twice", has_handler, CHECK_WARNING, CHECK_CONTENTS,
	  "no other version of it stands behind",
	  "Python, sys.path: the first one found is imported",
	  "do not install lithops as a package: the handler brings it", rule_lithops_twice },
	{ "shadows-stdlib", has_handler, CHECK_ERROR, CHECK_LISTING,
	  "nothing beside the handler has the name of a standard module",
	  "Python, sys.path[0]; sys.stdlib_module_names",
	  "rename it, or put it into a package", rule_shadows_stdlib },
	{ "shadows-package", has_handler, CHECK_WARNING, CHECK_LISTING,
	  "nothing beside the handler has the name of an installed package",
	  "Python, sys.path[0]",
	  "rename it, or put it into a package", rule_shadows_package },
	/* what is started */
	{ "entry-point", has_handler, CHECK_ERROR, CHECK_LISTING,
	  "the handler is where the platform starts it",
	  "the backend's row, handler",
	  "build it with --backend; a zip must hold the files, not their folder", rule_entry_point },
	{ "command-set", says_command, CHECK_ERROR, CHECK_DOCUMENTS,
	  "the image says what to start",
	  "the backend's row, entrypoint and command",
	  "end the Dockerfile with the backend's ENTRYPOINT or CMD (rtbuild template render)", rule_command_set },
	{ "command-found", says_command, CHECK_ERROR, CHECK_LISTING,
	  "the program it starts is there",
	  "OCI runtime-spec, config.md, process.args; PATH of the image",
	  "install the package that brings it", rule_command_found },
	{ "command-executable", says_command, CHECK_ERROR, CHECK_LISTING,
	  "that program may be executed",
	  "execve(2), EACCES",
	  "COPY --chmod=755, or start it through its interpreter", rule_command_executable },
	{ "command-interpreter", says_command, CHECK_ERROR, CHECK_CONTENTS,
	  "the interpreter that program names is there",
	  "execve(2), interpreter scripts",
	  "install it for the Python of this image (rtbuild writes such scripts anew)", rule_command_interpreter },
	{ "user-known", check_is_image, CHECK_ERROR, CHECK_CONTENTS,
	  "a user given by name has a line in /etc/passwd",
	  "OCI image-spec, config.md, User",
	  "create the user, or give a numeric id", rule_user_known },
	{ "files-readable", has_handler, CHECK_ERROR, CHECK_LISTING,
	  "every user can read the handler",
	  "AWS Lambda developer guide: code runs as a user of the platform's",
	  "chmod a+rX", rule_files_readable },
	{ "baked-function", check_is_image, CHECK_ERROR, CHECK_CONTENTS,
	  "a function that was baked can be loaded",
	  "lithops 3.7.1.dev0, worker/utils.py: /opt/lithops/func.pickle",
	  "bake it again with rtbuild extend", rule_baked_function },
	/* zips */
	{ "layer-root", layer_zip, CHECK_ERROR, CHECK_LISTING,
	  "packages are below python/",
	  "AWS Lambda developer guide, layer paths",
	  "pip install --target python, and zip that folder; or rtbuild layer", rule_layer_root },
	{ "zip-in-zip", check_is_zip, CHECK_ERROR, CHECK_LISTING,
	  "no archive is packed in it where code should be",
	  "AWS Lambda developer guide, .zip deployment packages",
	  "unpack it first, and pack the files", rule_zip_in_zip },
	{ "zip-files", extra_files, CHECK_ERROR, CHECK_LISTING,
	  "the platform's own files are in it",
	  "the backend's row, zip.files",
	  "build it with --backend", rule_zip_files },
	{ "zip-packages", own_packages, CHECK_ERROR, CHECK_LISTING,
	  "packages are in it, or the list of them",
	  "the backend's row, layout.site and zip.requirements",
	  "build it with --backend", rule_zip_packages },
};
/* clang-format on */
const size_t check_rule_count = ARRAY_LEN(check_rules);
