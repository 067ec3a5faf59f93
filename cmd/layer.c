// SPDX-License-Identifier: Apache-2.0
#include <stdint.h>
#include <stdlib.h>

#include "base/mem.h"
#include "cmd/build_zip.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/layer_publish.h"
#include "cmd/wheel_sources.h"
#include "runtime/target.h"
#include "templates/table.h"

/* rtbuild layer: an AWS Lambda layer zip from wheels. */

struct layer_args {
	const char *python, *platform, *output, *libc, *target, *precompile;
	bool exclude_preinstalled, split, prereleases, no_deps;
	struct publish_args publish;
	struct str_list packages, requirements, constraints;
	struct wheel_args wheels;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARGS("REQUIREMENT",                struct layer_args, packages,     "packages, as pip takes them: 'numpy>=1.26' ./x.whl"),
	OPT_LIST('r', "requirements", "FILE",  struct layer_args, requirements, "packages of a file, as pip takes them, or a lock (default: what Lithops needs on Lambda)"),
	OPT_LIST('c', "constraint", "FILE",    struct layer_args, constraints,  "versions of what something else asks for"),
	OPT_FLAG(0,   "pre",                   struct layer_args, prereleases,  "take pre-releases too"),
	OPT_FLAG(0,   "no-deps",               struct layer_args, no_deps,      "only what is named, not what that requires"),
	OPT_TEXT(0,   "python", "X.Y",         struct layer_args, python,       "Python version (default: 3.11)"),
	OPT_TEXT(0,   "platform", "OS/ARCH",   struct layer_args, platform,     "linux/amd64 or linux/arm64 (default: this machine's)"),
	OPT_TEXT(0,   "libc", "NAME-VERSION",  struct layer_args, libc,         "C library of the runtime (default: Lambda's: glibc-2.26, from 3.12 on 2.34)"),
	OPT_TEXT(0,   "target", "NAME|FILE.json", struct layer_args, target,    "instead of these three: `rtbuild python target list`, or a document of it"),
	OPT_TEXT(0,   "precompile", "PYTHON",  struct layer_args, precompile,   "bytecode for all modules, by this interpreter of the same minor version"),
	OPT_FLAG(0,   "exclude-preinstalled",  struct layer_args, exclude_preinstalled, "leave out what the runtime brings itself (boto3 and what it needs), and say which"),
	OPTS_WHEELS(struct layer_args, wheels),
	OPT_TEXT('o', "output", "FILE.zip",    struct layer_args, output,       "where to write it, - for standard output (default: layer.zip)"),
	OPT_FLAG(0,   "split",                 struct layer_args, split,        "over as many layers as it takes, FILE-1.zip, FILE-2.zip ..."),
	OPTS_PUBLISH(struct layer_args, publish),
	OPT_END
};
/* clang-format on */

/* What one invocation came to. */
struct outcome_of_layer {
	struct layer_zips zips;
	struct published *published; /* one for each zip; NULL: nothing was published */
};

static void outcome_free(struct outcome_of_layer *o)
{
	for (size_t i = 0; o->published && i < o->zips.len; i++)
		published_free(&o->published[i]);
	free(o->published);
	layer_zips_free(&o->zips);
}

static json_t *describe_packages(const struct layer_zips *l)
{
	json_t *list = json_array();

	for (size_t i = 0; i < l->package_count; i++) {
		const struct layer_package *p = &l->packages[i];
		json_t *doc = json_object();

		json_object_set_new(doc, "name", json_string(p->name));
		json_object_set_new(doc, "version", json_string(p->version));
		json_object_set_new(doc, "unpacked", json_integer((json_int_t)p->unpacked));
		json_object_set_new(doc, "files", json_integer((json_int_t)p->files));
		json_object_set_new(doc, "layer", json_integer((json_int_t)p->layer + 1));
		json_array_append_new(list, doc);
	}
	return list;
}

static json_t *describe_layer(const struct outcome_of_layer *o, size_t number)
{
	const struct layer_zip *layer = &o->zips.items[number];
	json_t *doc = build_zip_document(&layer->zip, layer->path);

	if (o->published) {
		const struct published *p = &o->published[number];

		json_object_set_new(doc, "arn", json_string(p->arn));
		json_object_set_new(doc, "version", json_integer(p->version));
		json_object_set_new(doc, "unchanged", json_boolean(p->unchanged));
	}
	return doc;
}

/* The one layer's members stand at the top, too. */
static json_t *describe(const struct outcome_of_layer *o)
{
	json_t *doc = o->zips.len == 1 ? describe_layer(o, 0) : json_object();
	json_t *layers = json_array();

	for (size_t i = 0; i < o->zips.len; i++)
		json_array_append_new(layers, describe_layer(o, i));
	json_object_set_new(doc, "unpacked", json_integer((json_int_t)o->zips.unpacked));
	json_object_set_new(doc, "layers", layers);
	json_object_set_new(doc, "packages", describe_packages(&o->zips));
	return doc;
}

/* A path or, once it is published, the version's name, for each layer. */
static bool show(struct session *s, const struct outcome_of_layer *o, struct err *err)
{
	AUTO(buf_free) struct buf lines = BUF_INIT(SIZE_MAX);

	for (size_t i = 0; i < o->zips.len; i++)
		buf_putf(&lines, "%s%s", i ? "\n" : "",
			 o->published ? o->published[i].arn : o->zips.items[i].path);
	return session_result(s, s->options.json ? describe(o) : NULL, lines.ptr, err);
}

/* A zip on standard output has it to itself. */
static bool check_stdout(bool to_stdout, const struct session *s, const struct layer_args *args,
			 struct err *err)
{
	const char *other = s->options.json         ? "json"
			    : args->split           ? "split"
			    : args->publish.publish ? "publish"
						    : NULL;

	return !to_stdout || !other ||
	       err_set(err, E_USAGE, "--%s, and the zip goes to standard output", other);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	const struct layer_args *args = arg;
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(wheel_sources_free) struct wheel_sources sources = { 0 };
	AUTO(layer_publisher_free) struct layer_publisher publisher = { 0 };
	AUTO(outcome_free) struct outcome_of_layer out = { 0 };
	const char *path = args->output ? args->output : "layer.zip";
	bool to_stdout = session_is_stdout(path);
	struct runtime_request want = { .table = &table,
					.python = args->python,
					.libc = args->libc,
					.requirements = &args->requirements,
					.packages = &args->packages,
					.constraints = &args->constraints,
					.prereleases = args->prereleases,
					.no_deps = args->no_deps,
					.find_links = &sources.find_links,
					.indexes = &sources.indexes,
					.precompile = args->precompile,
					.exclude_preinstalled = args->exclude_preinstalled };
	AUTO(python_profile_free) struct python_profile target = { 0 };

	if (!check_stdout(to_stdout, s, args, err) || !backend_table_load(&table, err) ||
	    !backend_find(&want.backend, &table, "aws_lambda:layer", err) ||
	    !session_platform(&want.platform, args->platform, err) ||
	    (args->target &&
	     !runtime_request_target(&want, &target, args->target, args->platform, err)) ||
	    !wheel_sources_make(&sources, s, &args->wheels, err) ||
	    !layer_publisher_make(&publisher, s, &args->publish, &want, err) ||
	    !layer_zip_write(&out.zips, &want, path, args->split, s->events, err))
		return false;
	if (args->publish.publish &&
	    !layer_publisher_run(&out.published, &publisher, &out.zips, s->events, err))
		return false;
	return to_stdout || show(s, &out, err);
}

const struct cmd cmd_layer = {
	.name = "layer",
	.summary = "make an AWS Lambda layer zip from wheels",
	.about = "Deterministic; no Python is needed here, and the zip may be for another "
		 "architecture. Refused "
		 "when it would unpack to more than Lambda takes.",
	.example = "  rtbuild layer -r requirements.txt --python 3.11 -o layer.zip\n"
		   "  rtbuild layer 'numpy<2' requests -o layer.zip\n"
		   "  rtbuild layer --python 3.12 --platform linux/arm64 --publish",
	.opts = opts,
	.args_size = sizeof(struct layer_args),
	.run = run,
};
