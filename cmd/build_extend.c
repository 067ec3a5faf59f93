// SPDX-License-Identifier: Apache-2.0
#include "cmd/build_extend.h"

#include <stdlib.h>
#include <string.h>

#include "base/mem.h"
#include "extend/extend.h"
#include "templates/lithops_config.h"

/* From Lithops' configuration to one more image. */

void build_extension_free(struct build_extension *e)
{
	free(e->function);
	e->function = NULL;
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

static bool check_function(const char *function, struct err *err)
{
	const struct spec_request req = { .functions = &function, .function_count = 1, .cwd = "." };
	struct spec spec;

	if (!spec_resolve(&spec, &req, NULL, err))
		return err_wrap(err, "map_func_mod and map_func of Lithops' configuration");
	spec_free(&spec);
	return true;
}

static void say_how(struct session *s, const struct output *o)
{
	event_note(s->events,
		   "Lithops' configuration has runtime_include_function: rtbuild extend %s "
		   "--function F --filepath FILE.py --tag-scheme lithops bakes it",
		   o ? reference_familiar(&o->names[0]).text : "IMAGE");
}

bool build_extension_plan(struct build_extension *out, struct session *s, const char *backend,
			  const struct outputs *outputs, struct err *err)
{
	AUTO(lithops_config_free) struct lithops_config config = { 0 };
	const struct output *o = find_output(outputs);
	const char *module, *function;
	/* a variant ("openwhisk:slim") has the section of its backend */
	AUTO(auto_free) char *section = mem_strndup(backend, strcspn(backend, ":")), *both = NULL;

	if (!lithops_config_read(&config, NULL, err))
		return false;
	if (!config.root || !lithops_config_includes_function(&config, section))
		return true;
	lithops_config_function(&module, &function, &config);
	if (!o || !module || !function) {
		say_how(s, o);
		return true;
	}
	both = mem_printf("%s:%s", module, function);
	if (!check_function(both, err))
		return false;
	if (output_is_pushed(o) && str_eq(o->names[0].host, "docker.io")) {
		event_warn(s->events,
			   "not extended: anyone may read what is pushed to Docker Hub; rtbuild "
			   "extend --public does it");
		return true;
	}
	out->function = STEAL(both);
	return true;
}

bool build_extension_run(const struct build_extension *e, struct session *s,
			 const struct outputs *outputs, struct err *err)
{
	const struct output *o = find_output(outputs);
	const char *function = e->function;
	AUTO(extend_result_free) struct extend_result result = { 0 };
	struct extend_env env = { .events = s->events };
	struct extend_request req = {
		.functions = &function,
		.function_count = 1,
		.cwd = ".",
		.scheme = EXTEND_LITHOPS,
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
	event_note(s->events, "extended by %s, as Lithops' configuration has it: %s",
		   result.function, reference_familiar(&result.reference).text);
	return true;
}
