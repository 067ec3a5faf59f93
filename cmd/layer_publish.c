// SPDX-License-Identifier: Apache-2.0
#include "cmd/layer_publish.h"

#include <stdlib.h>
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "templates/naming.h"

/* From the words of the command line to calls of AWS. */

void layer_publisher_free(struct layer_publisher *p)
{
	http_close(p->http);
	aws_credential_free(&p->credential);
	free(p->region);
	free(p->name);
	free(p->arch);
	*p = (struct layer_publisher){ 0 };
}

/* What would be ignored. */
static bool check_args(const struct publish_args *args, struct err *err)
{
	const struct {
		const char *name, *value;
	} options[] = {
		{ "name", args->name },
		{ "bucket", args->bucket },
		{ "region", args->region },
		{ "description", args->description },
		{ "license", args->license },
		{ "namespace", args->space },
		{ "lithops-version", args->lithops_version },
	};

	for (size_t i = 0; !args->publish && i < ARRAY_LEN(options); i++)
		if (options[i].value)
			return err_set(err, E_USAGE, "--%s is of no use without --publish",
				       options[i].name);
	if (!args->name || (!args->space && !args->lithops_version))
		return true;
	return err_set(err, E_USAGE, "--name is the whole name: --%s is part of the default one",
		       args->space ? "namespace" : "lithops-version");
}

/* Of the wheel that handlers are made from. */
static bool find_version(char **out, const struct runtime_request *layer, struct events *events,
			 struct err *err)
{
	AUTO(runtime_inputs_free) struct runtime_inputs in = { 0 };
	struct runtime_request handler = *layer;

	handler.requirements = NULL;
	handler.exclude_preinstalled = false;
	if (!backend_find(&handler.backend, layer->table, "aws_lambda:handler", err))
		return false;
	if (!runtime_inputs_make(&in, &handler, events, err))
		return err_wrap(err, "the layer's name holds the version of lithops (say "
				     "--lithops-version, or --name)");
	*out = mem_strdup(in.lithops.version);
	return true;
}

/* "3.7.1+standin": what follows the "+" (PEP 440, local versions) is in no layer's name. */
static void drop_local(char *version)
{
	version[strcspn(version, "+")] = '\0';
}

static bool default_name(struct layer_publisher *p, const struct runtime_request *runtime,
			 struct events *events, struct err *err)
{
	const struct publish_args *args = p->args;
	AUTO(map_free) struct map settings = MAP_TEXT;
	AUTO(naming_free) struct naming names = { 0 };
	AUTO(auto_free) char *version = NULL;
	AUTO(auto_free) char *user = NULL;
	struct naming_request req = { .backend = runtime->backend, .settings = &settings };

	if (args->lithops_version)
		version = mem_strdup(args->lithops_version);
	else if (!find_version(&version, runtime, events, err))
		return false;
	drop_local(version);
	req.lithops_version = version;
	if (!backend_python(&req.python, runtime->backend, runtime->python, err) ||
	    !aws_user_id(&user, p->http, &p->credential, p->region, err))
		return false;
	map_put_text(&settings, "user_id", user);
	if (args->space)
		map_put_text(&settings, "namespace", args->space);
	if (!naming_make(&names, &req, err))
		return false;
	p->name = STEAL(names.layer);
	return true;
}

bool layer_publisher_make(struct layer_publisher *out, struct session *s,
			  const struct publish_args *args, const struct runtime_request *runtime,
			  struct err *err)
{
	struct publish_request check = { .bucket = args->bucket,
					 .description = args->description,
					 .license = args->license };

	*out = (struct layer_publisher){ .args = args };
	if (!check_args(args, err) || !args->publish)
		return !err->code;
	if (!aws_region_find(&out->region, args->region, err))
		return false;
	out->arch =
		mem_strdup(str_eq(runtime->platform.architecture, "arm64") ? "arm64" : "x86_64");
	out->http = http_open(&(struct http_options){ .events = s->events,
						      .ca_file = s->options.ca_file,
						      .insecure = s->options.insecure,
						      .trace = s->options.debug });
	if (!aws_credential_find(&out->credential, out->http, out->region, err))
		return false;
	if (!out->credential.key) {
		err_set(err, E_AUTH, "there is no AWS credential");
		return err_hint(err, "$AWS_ACCESS_KEY_ID and $AWS_SECRET_ACCESS_KEY, $AWS_PROFILE, "
				     "or ~/.aws/credentials");
	}
	if (!args->name && !default_name(out, runtime, s->events, err))
		return false;
	if (args->name)
		out->name = mem_strdup(args->name);
	check.name = out->name;
	return publish_check(&check, err);
}

static bool publish_one(struct published *out, const struct layer_publisher *p,
			const struct layer_zips *zips, size_t number, struct events *events,
			struct err *err)
{
	const struct layer_zip *layer = &zips->items[number];
	AUTO(auto_free)
	char *name =
		zips->len > 1 ? mem_printf("%s-%zu", p->name, number + 1) : mem_strdup(p->name);
	AUTO(auto_free)
	char *digest = mem_printf("content %s", digest_format(&layer->zip.content).text);
	const struct publish_request req = {
		.path = layer->path,
		.zip = &layer->zip,
		.name = name,
		.region = p->region,
		.bucket = p->args->bucket,
		.python = zips->python,
		.arch = p->arch,
		.description = p->args->description ? p->args->description : digest,
		.license = p->args->license,
	};

	return publish_layer(out, p->http, &p->credential, &req, events, err);
}

bool layer_publisher_run(struct published **out, const struct layer_publisher *p,
			 const struct layer_zips *zips, struct events *events, struct err *err)
{
	bool ok = true;

	*out = mem_alloc((zips->len + 1) * sizeof(**out));
	if (zips->len > 1 && !p->args->name)
		event_warn(events, "Lithops looks for one layer, %s: several are yours to attach",
			   p->name);
	for (size_t i = 0; ok && i < zips->len; i++)
		ok = publish_one(&(*out)[i], p, zips, i, events, err);
	return ok;
}
