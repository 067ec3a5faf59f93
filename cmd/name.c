// SPDX-License-Identifier: Apache-2.0
#include <string.h>

#include "base/limits.h"
#include "base/mem.h"
#include "cmd/backends.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "cmd/configuration.h"
#include "templates/naming.h"

/* rtbuild name: what Lithops calls a runtime. */

struct name_args {
	const char *name, *backend, *python, *lithops_version, *print;
	struct str_list settings, templates;
	bool print_config;
};

/* clang-format off */
static const struct opt opts[] = {
	OPT_ARG_OPTIONAL("NAME",                  struct name_args, name,            "the runtime's name (default: the one of the default runtime)"),
	OPT_TEXT('b', "backend", "NAME",          struct name_args, backend,         "which backend: `rtbuild template list` (default: what Lithops' configuration says)"),
	OPT_TEXT(0,   "python", "X.Y",            struct name_args, python,          "the client's Python (default: the backend's)"),
	OPT_TEXT(0,   "lithops-version", "X.Y.Z", struct name_args, lithops_version, "the client's Lithops"),
	OPT_LIST(0,   "setting", "KEY=VALUE",     struct name_args, settings,        "a key of Lithops' configuration: docker_server, docker_user, region, account_id, ..."),
	OPT_LIST(0,   "templates", "DIR|GIT-URL", struct name_args, templates,       "more backends, as DIR/NAME/backend.yaml"),
	OPT_TEXT(0,   "print", "WHAT",            struct name_args, print,           "runtime (default), image (what is pushed), repository (in ECR) or layer"),
	OPT_FLAG(0,   "print-config",             struct name_args, print_config,    "print the part of Lithops' configuration that uses it"),
	OPT_END
};
/* clang-format on */

static json_t *document(const struct naming *n, const struct backend *b)
{
	const struct {
		const char *key, *value;
	} members[] = {
		{ "backend", b->name },          { "runtime", n->runtime }, { "image", n->image },
		{ "repository", n->repository }, { "layer", n->layer },
	};
	json_t *doc = json_object();

	for (size_t i = 0; i < ARRAY_LEN(members); i++)
		if (members[i].value)
			json_object_set_new(doc, members[i].key, json_string(members[i].value));
	return doc;
}

static bool print_one(struct session *s, const struct naming *n, const struct backend *b,
		      const char *what, struct err *err)
{
	const struct {
		const char *what, *value;
	} all[] = {
		{ "runtime", n->runtime },
		{ "image", n->image },
		{ "repository", n->repository },
		{ "layer", n->layer },
	};

	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		if (!str_eq(all[i].what, what ? what : "runtime"))
			continue;
		if (!all[i].value)
			return err_set(err, E_USAGE, "%s has no %s", b->name, all[i].what);
		return session_result(s, s->options.json ? document(n, b) : NULL, all[i].value,
				      err);
	}
	err_set(err, E_USAGE, "--print '%s'", what);
	return err_hint(err, "runtime, image, repository or layer");
}

/* What is not said is the configuration's. */
static bool configure(struct naming_request *req, struct session *s, struct name_args *args,
		      struct err *err)
{
	size_t count = 0;

	while (naming_keys[count])
		count++;
	return configuration_fill(&args->settings, s, req->backend, naming_keys, count, err) &&
	       (req->name || configuration_text(&req->name, s, req->backend, "runtime", err));
}

static bool run(struct session *s, void *arg, struct err *err)
{
	struct name_args *args = arg;
	AUTO(backend_table_free) struct backend_table table = { 0 };
	AUTO(map_free) struct map settings = MAP_TEXT;
	AUTO(naming_free) struct naming n = { 0 };
	AUTO(buf_free) struct buf text = BUF_INIT(LIMIT_TEMPLATE);
	struct naming_request req = { .name = args->name,
				      .lithops_version = args->lithops_version,
				      .settings = &settings };

	if (!backends_load(&table, s, &args->templates, err) ||
	    !backends_choose(&req.backend, s, &table, args->backend, err) ||
	    !configure(&req, s, args, err) ||
	    !backend_python(&req.python, req.backend, args->python, err) ||
	    !backends_settings(&settings, &args->settings, err) || !naming_make(&n, &req, err))
		return false;
	if (!args->print_config)
		return print_one(s, &n, req.backend, args->print, err);
	naming_print_config(&text, &req, n.runtime);
	return session_print_raw(text.ptr, text.len, err);
}

const struct cmd cmd_name = {
	.name = "name",
	.summary = "what Lithops calls a runtime",
	.about = "Under these names an unmodified client finds a runtime that was built here, and "
		 "builds nothing itself.",
	.example = "  rtbuild name -b knative --lithops-version 3.7.1 --setting docker_user=bob\n"
		   "  rtbuild name -b aws_batch my-rt:1 --print image --setting account_id=...",
	.opts = opts,
	.args_size = sizeof(struct name_args),
	.run = run,
};
