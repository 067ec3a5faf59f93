// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_zip.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/wheel_sources.h"
#include "runtime/layer_zip.h"
#include "runtime/target.h"
#include "templates/table.h"

/* rtbuild layer: an AWS Lambda layer zip from wheels. */

struct layer_args {
	const char *python, *platform, *output, *libc, *target;
	bool exclude_preinstalled;
	struct str_list requirements;
	struct wheel_args wheels;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_LIST('r', "requirements", "FILE",  struct layer_args, requirements, "packages, as pip takes them (default: what Lithops needs on Lambda)"),
	OPT_TEXT(0,   "python", "X.Y",         struct layer_args, python,       "Python version (default: 3.11)"),
	OPT_TEXT(0,   "platform", "OS/ARCH",   struct layer_args, platform,     "linux/amd64 or linux/arm64 (default: this machine's)"),
	OPT_TEXT(0,   "libc", "NAME-VERSION",  struct layer_args, libc,         "C library of the runtime (default: Lambda's: glibc-2.26, from 3.12 on 2.34)"),
	OPT_TEXT(0,   "target", "NAME|FILE.json", struct layer_args, target,    "instead of these three: `rtbuild python target list`, or a document of it"),
	OPT_FLAG(0,   "exclude-preinstalled",  struct layer_args, exclude_preinstalled, "leave out what the runtime brings itself (boto3 and what it needs), and say which"),
	OPTS_WHEELS(struct layer_args, wheels),
	OPT_TEXT('o', "output", "FILE.zip",    struct layer_args, output,       "where to write it (default: layer.zip)"),
	OPT_END
};
/* clang-format on */

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct layer_args *args = arg;
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(wheel_sources_free) struct wheel_sources sources = { 0 };
	const char *path = args->output ? args->output : "layer.zip";
	struct runtime_request want = { .table = &table,
					.python = args->python,
					.libc = args->libc,
					.requirements = &args->requirements,
					.find_links = &sources.find_links,
					.indexes = &sources.indexes,
					.exclude_preinstalled = args->exclude_preinstalled };
	AUTO(python_profile_free) struct python_profile target = { 0 };
	struct zip_file zip;

	if (!backend_table_load(&table, err) ||
	    !backend_find(&want.backend, &table, "aws_lambda:layer", err) ||
	    !session_platform(&want.platform, args->platform, err) ||
	    (args->target &&
	     !runtime_request_target(&want, &target, args->target, args->platform, err)) ||
	    !wheel_sources_make(&sources, s, &args->wheels, err))
		return false;
	return layer_zip_write(&zip, &want, path, s->events, err) &&
	       session_result(s, s->options.json ? build_zip_document(&zip, path) : NULL, path,
			      err);
}

const struct cmd cmd_layer = {
	.name = "layer",
	.summary = "make an AWS Lambda layer zip from wheels",
	.about = "Deterministic; no Python is needed here, and the zip may be for another "
		 "architecture. Refused "
		 "when it would unpack to more than Lambda takes.",
	.example = "  rtbuild layer -r requirements.txt --python 3.11 -o layer.zip",
	.opts = opts,
	.args_size = sizeof(struct layer_args),
	.run = run,
};
