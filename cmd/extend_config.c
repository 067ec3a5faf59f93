// SPDX-License-Identifier: Apache-2.0
#include "cmd/extend_config.h"

#include <string.h>

#include "base/mem.h"

/* Lithops' configuration for an extended image. */

bool extend_config_style(bool *is_2021_out, const char *text, struct err *err)
{
	*is_2021_out = text && str_eq(text, "2021");
	if (!text || *is_2021_out || str_eq(text, "current"))
		return true;
	return err_set(err, E_USAGE, "unknown --config-style '%s': current or 2021", text);
}

/* What the client calls its runtime: no digest, which it cannot take. */
static struct reference_text runtime_of(const struct extend_config *c,
					const struct extend_result *r)
{
	struct reference runtime = c->lithops_tag ? c->base : r->reference;

	runtime.has_digest = false;
	return reference_familiar(&runtime);
}

/* The seed's keys: the client of that time imported the function by name, and results travelled by
 * RabbitMQ alone. */
static void style_2021(struct str_list *out, const char *backend, const char *runtime,
		       const struct extend_result *r)
{
	/* they name one function: the first */
	struct slice rest, first = slice_cut(slice_of(r->function), ',', &rest), function;
	struct slice module = slice_cut(first, ':', &function);

	str_list_push(out, "lithops:");
	str_list_push(out, "    storageless: true");
	str_list_push(out, "    rabbitmq_monitor: true");
	str_list_push(out, "serverless:");
	str_list_push_take(out, mem_printf("    backend: %s", backend));
	str_list_push_take(out, mem_printf("    runtime: %s", runtime));
	str_list_push(out, "    customized_runtime: true");
	str_list_push_take(out, mem_printf("    map_func_mod: " SLICE_FMT, SLICE_ARG(module)));
	str_list_push_take(out, mem_printf("    map_func: " SLICE_FMT, SLICE_ARG(function)));
}

static void style_current(struct str_list *out, const char *backend, const char *runtime, bool on)
{
	str_list_push(out, "lithops:");
	str_list_push_take(out, mem_printf("    backend: %s", backend));
	str_list_push_take(out, mem_printf("%s:", backend));
	str_list_push_take(out, mem_printf("    runtime: %s", runtime));
	str_list_push_take(out,
			   mem_printf("    runtime_include_function: %s", on ? "true" : "false"));
}

/* With the switch on, a client looks for a tag of its own rule and builds it when it is not there:
 * under any other tag the switch must be off, and references must do. */
void extend_config_lines(struct str_list *out, const struct extend_config *c,
			 const struct extend_result *r)
{
	const char *backend = c->backend ? c->backend : "<backend>";
	struct reference_text runtime = runtime_of(c, r);
	struct reference plain = r->reference;

	plain.has_digest = false;
	str_list_push(out, "configuration of Lithops:");
	if (c->style_2021)
		style_2021(out, backend, runtime.text, r);
	else
		style_current(out, backend, runtime.text, c->lithops_tag);
	if (c->lithops_tag)
		str_list_push_take(out,
				   mem_printf("once, before the first job: lithops runtime deploy "
					      "%s -b %s -s <storage>",
					      reference_familiar(&plain).text, backend));
	else if (!spec_has_modules(r->mode))
		str_list_push(out, "only --tag-scheme lithops gives this the name that an "
				   "unmodified client looks for");
}
