// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/backends.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/configuration.h"
#include "cmd/find.h"
#include "layers/zip.h"
#include "registry/credentials.h"
#include "runtime/deployment.h"

/* rtbuild descriptor: what the platform takes to run an artifact. */

struct descriptor_args {
	const char *artifact, *backend, *python, *platform, *name, *memory, *timeout, *cpu;
	const char *pull_secret, *format;
	struct str_list env, settings, templates, args;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG("IMAGE|ZIP",                   struct descriptor_args, artifact,    "what was built: a name of the store or a registry, or the zip"),
	OPT_ARGS("ARG",                        struct descriptor_args, args,        "words for its entry point"),
	OPT_TEXT('b', "backend", "NAME",       struct descriptor_args, backend,     "which backend: `rtbuild template list` (default: what Lithops' configuration says)"),
	OPT_TEXT(0,   "name", "NAME",          struct descriptor_args, name,        "what it is called there (default: after the artifact)"),
	OPT_TEXT(0,   "memory", "MB",          struct descriptor_args, memory,      "memory (default: what Lithops asks for)"),
	OPT_TEXT(0,   "timeout", "SECONDS",    struct descriptor_args, timeout,     "time (default: what Lithops asks for)"),
	OPT_TEXT(0,   "cpu", "NUMBER",         struct descriptor_args, cpu,         "processors (default: the fewest that take the memory)"),
	OPT_LIST('e', "env", "NAME=VALUE",     struct descriptor_args, env,         "a variable more than the image has; no place for secrets"),
	OPT_LIST(0,   "setting", "KEY=VALUE",  struct descriptor_args, settings,    "what the document needs to know: execution_role, region, namespace, ..."),
	OPT_TEXT(0,   "pull-secret", "NAME",   struct descriptor_args, pull_secret, "what the platform pulls the image with (default: Lithops' own name, when credentials are known here for its registry)"),
	OPT_TEXT(0,   "python", "X.Y",         struct descriptor_args, python,      "Python of a zip (default: the backend's)"),
	OPT_TEXT(0,   "platform", "OS/ARCH",   struct descriptor_args, platform,    "of an image of several, or of a zip"),
	OPT_TEXT(0,   "format", "FORMAT",      struct descriptor_args, format,      "json: a YAML document as JSON (default: as the platform's manual has it)"),
	OPT_LIST(0,   "templates", "DIR|GIT-URL", struct descriptor_args, templates, "more backends, as DIR/NAME/backend.yaml"),
	OPT_END
};
/* clang-format on */

/* The artifact, found: what the request borrows from. */
struct found {
	struct image image;
	struct reference reference;
	struct platform platform;
	struct credential credential;
};

static void found_free(struct found *f)
{
	image_free(&f->image);
	credential_free(&f->credential);
}

static bool is_zip(const struct backend *b)
{
	return str_eq(b->artifact, "zip") || str_eq(b->artifact, "layer");
}

static bool positive(int64_t *out, const char *option, const char *text, struct err *err)
{
	uint64_t value = 0;

	if (text && (!str_to_u64(&value, slice_of(text), INT32_MAX) || !value))
		return err_set(err, E_USAGE, "--%s '%s' is no whole number", option, text);
	*out = (int64_t)value;
	return true;
}

/* A registry that we need credentials for is private; the platform will need them, too. */
static bool choose_pull_secret(struct deployment_request *req, struct found *f, struct session *s,
			       const struct descriptor_args *args, struct err *err)
{
	const char *own = req->backend->descriptor.pull_secret;
	AUTO(auto_free) char *where = NULL;

	req->pull_secret = args->pull_secret;
	if (args->pull_secret || !own)
		return true;
	if (!credentials_find(&f->credential, &where, s->options.authfile, f->reference.host,
			      f->reference.repository, s->events, err))
		return false;
	if (!where)
		return true;
	req->pull_secret = own;
	event_note(s->events, "%s has credentials here (%s): it is pulled with the secret '%s'",
		   f->reference.host, where, own);
	return true;
}

static void warn_registry(const struct backend *b, const struct reference *ref, struct session *s)
{
	if (b->descriptor.registry && !strstr(ref->host, b->descriptor.registry))
		event_warn(s->events, "%s takes images of *%s* alone, this one is of %s", b->name,
			   b->descriptor.registry, ref->host);
}

/* This machine's, when the backend runs it: an index has others. */
static const char *platform_of(const struct backend *b, const char *asked)
{
	const char *const *own = b->platforms.items;
	struct platform host = platform_host();
	struct platform_text text = platform_format(&host);

	if (asked)
		return asked;
	for (size_t i = 0; i < b->platforms.len; i++)
		if (str_eq(own[i], text.text))
			return own[i];
	return own[0];
}

static bool find_artifact_image(struct deployment_request *req, struct found *f, struct session *s,
				const struct descriptor_args *args, struct err *err)
{
	AUTO(auto_free) char *platform = NULL;

	if (!reference_parse(&f->reference, args->artifact, err) ||
	    !find_image(&f->image, s, args->artifact, platform_of(req->backend, args->platform),
			err))
		return false;
	f->platform = image_platform(&f->image);
	/* a variant (arm64/v8) is the same machine to every platform */
	platform = mem_printf("%s/%s", f->platform.os, f->platform.architecture);
	if (!backend_check_platform(req->backend, platform, err))
		return err_wrap(err, "%s", args->artifact);
	req->reference = &f->reference;
	req->digest = &f->image.manifest.digest;
	req->arch = f->platform.architecture;
	warn_registry(req->backend, &f->reference, s);
	return choose_pull_secret(req, f, s, args, err);
}

/* It is one, whole: what a platform takes without a look is refused here. */
static bool check_zip(const struct backend *b, const char *path, struct err *err)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	AUTO(auto_zip_close) struct zip *zip = NULL;

	if (fd < 0) {
		err_set_errno(err, "%s", path);
		return err_hint(err, "the artifact of %s is a zip: a file here", b->name);
	}
	return zip_open(&zip, fd, path, err);
}

static bool find_artifact_zip(struct deployment_request *req, struct found *f,
			      const struct descriptor_args *args, struct err *err)
{
	const char *const *own = req->backend->platforms.items;
	const char *platform = args->platform ? args->platform : own[0];

	if (args->pull_secret)
		return err_set(err, E_USAGE, "--pull-secret: a zip is not pulled");
	req->file = args->artifact;
	req->arch = f->platform.architecture;
	return backend_check_platform(req->backend, platform, err) &&
	       platform_parse(&f->platform, platform, err) &&
	       check_zip(req->backend, args->artifact, err);
}

static json_t *document(const struct deployment *d, const struct deployment_request *req)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "backend", json_string(req->backend->name));
	if (req->digest)
		json_object_set_new(doc, "digest", json_string(digest_format(req->digest).text));
	json_object_set_new(doc, "apply", json_string(req->backend->descriptor.apply));
	json_object_set_new(doc, d->doc ? "document" : "text",
			    d->doc ? json_incref(d->doc) : json_string(d->text));
	return doc;
}

static bool print(struct session *s, const struct deployment *d,
		  const struct deployment_request *req, const char *format, struct err *err)
{
	if (s->options.json)
		return session_result(s, document(d, req), NULL, err);
	event_note(s->events, "the platform takes it by: %s", req->backend->descriptor.apply);
	if (d->doc && (d->is_json || format))
		return session_print_json(d->doc, err);
	return session_print_raw(d->text, strlen(d->text), err);
}

static bool check_format(const struct backend *b, const char *format, struct err *err)
{
	const char *suffix = format ? strrchr(b->descriptor.file, '.') + 1 : NULL;

	if (!format || str_eq(format, suffix) || (str_eq(format, "json") && str_eq(suffix, "yaml")))
		return true;
	err_set(err, E_USAGE, "--format %s: the descriptor of %s is %s", format, b->name, suffix);
	return err_hint(err, "%s", str_eq(suffix, "yaml") ? "json or yaml" : "leave it out");
}

/* What is not said is the configuration's. */
static bool configure(struct descriptor_args *args, struct session *s, const struct backend *b,
		      struct err *err)
{
	const struct backend_setting *own = b->descriptor.settings.items;

	for (size_t i = 0; i < b->descriptor.settings.len; i++)
		if (!configuration_fill(&args->settings, s, b, &own[i].name, 1, err))
			return false;
	return (args->memory || configuration_text(&args->memory, s, b, "runtime_memory", err)) &&
	       (args->timeout ||
		configuration_text(&args->timeout, s, b, "runtime_timeout", err)) &&
	       (args->cpu || configuration_text(&args->cpu, s, b, "runtime_cpu", err));
}

static bool read_args(struct deployment_request *req, struct map *settings,
		      struct backend_table *table, struct session *s, struct descriptor_args *args,
		      struct err *err)
{
	return backends_load(table, s, &args->templates, err) &&
	       backends_choose(&req->backend, s, table, args->backend, err) &&
	       deployment_check_backend(req->backend, err) &&
	       check_format(req->backend, args->format, err) &&
	       backend_python(&req->python, req->backend, args->python, err) &&
	       configure(args, s, req->backend, err) &&
	       backends_settings(settings, &args->settings, err) &&
	       positive(&req->memory_mb, "memory", args->memory, err) &&
	       positive(&req->timeout_s, "timeout", args->timeout, err);
}

static bool run(struct session *s, void *arg, struct err *err)
{
	struct descriptor_args *args = arg;
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(map_free) struct map settings = MAP_TEXT;
	AUTO(found_free) struct found found = { 0 };
	AUTO(deployment_free) struct deployment made = { 0 };
	struct deployment_request req = { .table = &table,
					  .name = args->name,
					  .cpu = args->cpu,
					  .env = &args->env,
					  .args = &args->args,
					  .settings = &settings };

	return read_args(&req, &settings, &table, s, args, err) &&
	       (is_zip(req.backend) ? find_artifact_zip(&req, &found, args, err)
				    : find_artifact_image(&req, &found, s, args, err)) &&
	       deployment_make(&made, &req, err) &&
	       print(s, &made, &req, args->format && str_eq(args->format, "json") ? "json" : NULL,
		     err);
}

const struct cmd cmd_descriptor = {
	.name = "descriptor",
	.summary = "the document by which a platform takes an image or zip",
	.about = "Lambda's create-function, a job definition of Batch, a Job of Kubernetes, a "
		 "Service of Knative or Cloud Run ...: with the image by its digest, and checked "
		 "against what the platform takes.",
	.example = "  rtbuild descriptor -b k8s registry.example.com/me/rt:1 | kubectl apply -f -\n"
		   "  rtbuild descriptor -b aws_lambda IMAGE --setting execution_role=ARN "
		   ">function.json",
	.opts = opts,
	.args_size = sizeof(struct descriptor_args),
	.run = run,
};
