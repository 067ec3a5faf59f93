// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_extend.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "cmd/extend_config.h"
#include "cmd/extend_report.h"
#include "extend/extend.h"
#include "templates/lithops_config.h"

/* From a function that is asked for to one more image. */

void build_extension_free(struct build_extension *e)
{
	free(e->function);
	json_decref(e->report);
	*e = (struct build_extension){ 0 };
}

/* The output whose image can be extended: one with a name, in a registry or in the store. */
static const struct output *find_output(const struct outputs *outputs)
{
	const struct output *kept = NULL;

	for (size_t i = 0; i < outputs->len; i++) {
		const struct output *o = &outputs->items[i];

		if (!o->name_count)
			continue;
		if (output_is_pushed(o))
			return o;
		if (o->kind == OUTPUT_STORE)
			kept = o;
	}
	return kept;
}

static bool check_function(const struct build_extension *e, struct err *err)
{
	const char *function = e->function;
	const struct spec_request req = { .functions = &function,
					  .function_count = 1,
					  .filepath = e->request->filepath,
					  .cwd = "." };
	struct spec spec;

	if (!spec_resolve(&spec, &req, NULL, err))
		return err_wrap(err,
				e->request->function
					? "--function"
					: "map_func_mod and map_func of Lithops' configuration");
	spec_free(&spec);
	return true;
}

static bool is_public(const struct output *o)
{
	return output_is_pushed(o) && str_eq(o->names[0].host, "docker.io");
}

/* --- asked for by the configuration --- */

static void say_how(struct session *s, const struct output *o)
{
	event_note(s->events,
		   "Lithops' configuration has runtime_include_function: --function F --filepath "
		   "FILE.py bakes one in as well; later, rtbuild extend %s --function F --filepath "
		   "FILE.py --tag-scheme lithops does",
		   o ? reference_familiar(&o->names[0]).text : "IMAGE");
}

/* *wanted_out: the configuration has the switch on; then out->function may be what it names. */
static bool read_configuration(bool *wanted_out, struct build_extension *out, struct err *err)
{
	const char *backend = out->request->backend, *module, *function;
	AUTO(lithops_config_free) struct lithops_config config = { 0 };
	/* a variant ("openwhisk:slim") has the section of its backend */
	AUTO(auto_free) char *section = NULL;

	*wanted_out = false;
	if (!backend)
		return true;
	section = mem_strndup(backend, strcspn(backend, ":"));
	if (!lithops_config_read(&config, NULL, err))
		return false;
	*wanted_out = config.root && lithops_config_includes_function(&config, section);
	if (!*wanted_out)
		return true;
	lithops_config_function(&module, &function, &config);
	if (module && function)
		out->function = mem_printf("%s:%s", module, function);
	return true;
}

static bool plan_configured(struct build_extension *e, struct session *s, const struct output *o,
			    struct err *err)
{
	if (!o || !e->function) {
		say_how(s, o);
		build_extension_free(e);
		return true;
	}
	if (!check_function(e, err))
		return false;
	if (is_public(o)) {
		event_warn(s->events,
			   "not extended: anyone may read what is pushed to Docker Hub; rtbuild "
			   "extend --public does it");
		build_extension_free(e);
	}
	return true;
}

/* --- asked for by --function --- */

static bool plan_asked(struct build_extension *e, const struct output *o, struct err *err)
{
	free(e->function);
	e->function = mem_strdup(e->request->function);
	if (!o) {
		err_set(err, E_USAGE, "--function: nothing with a name is built to bake it into");
		return err_hint(err, "-t NAME, into the store or to a registry");
	}
	if (is_public(o)) {
		err_set(err, E_USAGE, "--function: %s is on Docker Hub, where anyone may read it",
			reference_familiar(&o->names[0]).text);
		return err_hint(err, "rtbuild extend --public afterwards, if that is meant");
	}
	return check_function(e, err);
}

/* --- both --- */

bool build_extension_plan(struct build_extension *out, struct session *s,
			  const struct build_extension_request *request,
			  const struct outputs *outputs, struct err *err)
{
	const struct output *o = find_output(outputs);
	bool wanted;

	*out = (struct build_extension){ .request = request };
	if (request->filepath && !request->function)
		return err_set(err, E_USAGE, "--filepath is for --function");
	if (!read_configuration(&wanted, out, err))
		return false;
	out->scheme = wanted ? EXTEND_LITHOPS : EXTEND_CONTENT;
	if (request->function)
		return plan_asked(out, o, err);
	return !wanted || plan_configured(out, s, o, err);
}

static void say_result(const struct build_extension *e, struct session *s,
		       const struct reference *base, const struct extend_result *result)
{
	const struct extend_config config = { .backend = e->request->backend,
					      .lithops_tag = e->scheme == EXTEND_LITHOPS,
					      .base = *base };
	AUTO(str_list_free) struct str_list lines = { 0 };

	event_note(s->events, "extended by %s%s: %s", result->function,
		   config.lithops_tag ? ", as Lithops' configuration has it" : "",
		   reference_familiar(&result->reference).text);
	extend_config_lines(&lines, &config, result);
	for (size_t i = 0; i < lines.len; i++)
		event_note(s->events, "%s", lines.items[i]);
}

bool build_extension_run(struct build_extension *e, struct session *s,
			 const struct outputs *outputs, struct err *err)
{
	const struct output *o = find_output(outputs);
	const char *function = e->function;
	AUTO(extend_result_free) struct extend_result result = { 0 };
	struct extend_env env = { .events = s->events };
	struct extend_request req = {
		.functions = &function,
		.function_count = 1,
		.filepath = e->request ? e->request->filepath : NULL,
		.cwd = ".",
		.python = e->request ? e->request->python : NULL,
		.scheme = e->scheme,
		.replace_own = true,
		.layer = layer_options_default(),
	};

	if (!function)
		return true;
	req.base = o->names[0];
	req.push = output_is_pushed(o);
	if (!session_store(&env.store, s, err) || !session_registry(&env.registry, s, err) ||
	    !extend_run(&result, &env, &req, err))
		return false;
	e->report = extend_report(&result, &req);
	say_result(e, s, &req.base, &result);
	return true;
}
