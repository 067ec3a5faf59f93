// SPDX-License-Identifier: Apache-2.0
#include "cmd/docker.h"

#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parallel.h"
#include "cmd/commands.h"

/* rtbuild docker: the table of verbs, and what they share. */

/* The version whose command line this is: scripts compare it. */
#define DOCKER_VERSION "24.0.9"

bool docker_call(json_t **doc_out, struct session *s, const struct cmd *cmd,
		 const struct str_list *words, struct err *err)
{
	size_t count = words->len + 1;
	AUTO(auto_free) char **argv = mem_alloc((count + 1) * sizeof(*argv));
	AUTO(auto_free) void *args = mem_alloc(cmd->args_size);
	bool help = false, json = s->options.json, ok;

	argv[0] = mem_strdup(cmd->name);
	for (size_t i = 0; i < words->len; i++)
		argv[i + 1] = words->items[i];
	*doc_out = NULL;
	s->options.json = true;
	s->kept = doc_out;
	ok = opts_parse(args, cmd->opts, NULL, NULL, (int)count, argv, &help, err) &&
	     cmd->run(s, args, err);
	s->kept = NULL;
	s->options.json = json;
	opts_free(args, cmd->opts);
	free(argv[0]);
	return ok;
}

static bool is_listed(const char *const *list, const char *name)
{
	for (; list && *list; list++)
		if (str_eq(*list, name))
			return true;
	return false;
}

/* "--name=value" of one option, when it is set. */
static void put_words(struct str_list *out, const struct opt *o, const void *args)
{
	const void *at = (const char *)args + o->offset;
	const struct str_list *list = at;

	switch (o->kind) {
	case OPT_KIND_FLAG:
		if (*(const bool *)at)
			str_list_push_take(out, mem_printf("--%s", o->name));
		break;
	case OPT_KIND_TEXT:
		if (*(const char *const *)at)
			str_list_push_take(
				out, mem_printf("--%s=%s", o->name, *(const char *const *)at));
		break;
	case OPT_KIND_LIST:
		for (size_t i = 0; i < list->len; i++)
			str_list_push_take(out, mem_printf("--%s=%s", o->name, list->items[i]));
		break;
	case OPT_KIND_ARG:
	case OPT_KIND_ARGS:
	case OPT_KIND_GROUP:
	case OPT_KIND_OTHER:
	case OPT_KIND_END:
		break;
	}
}

void docker_words(struct str_list *out, struct session *s, const struct opt *table,
		  const void *args, const char *const *without)
{
	for (const struct opt *o = table; o->kind != OPT_KIND_END; o++) {
		AUTO(str_list_free) struct str_list dropped = { 0 };
		bool is_ours = o->name && !is_listed(without, o->name);

		put_words(is_ours ? out : &dropped, o, args);
		if (dropped.len)
			event_detail(s->events, "--%s means nothing here", o->name);
	}
}

/* --- info, version --- */

struct about_args {
	const char *format;
};

static const struct opt about_opts[] = { OPT_TEXT('f', "format", "TEMPLATE", struct about_args,
						  format, "{{.Field.Field}}, {{json .}}"),
					 OPT_END };

/*
 * Lithops searches this for the name of another engine, so nothing of the user's is in it: no path,
 * no host name.
 */
static bool info(struct session *s, void *arg, struct err *err)
{
	const struct about_args *args = arg;
	AUTO(store_list_free) struct store_list list = { 0 };
	AUTO(auto_free) char *text = NULL;
	AUTO(auto_json_decref) json_t *doc = json_object();
	struct utsname machine;
	struct store *store;
	bool done;

	if (!session_store(&store, s, err) || !store_images(&list, store, err))
		return false;
	if (uname(&machine) != 0)
		return err_set_errno(err, "uname");
	json_object_set_new(doc, "ServerVersion", json_string(DOCKER_VERSION));
	json_object_set_new(doc, "OSType", json_string("linux"));
	json_object_set_new(doc, "Architecture", json_string(machine.machine));
	json_object_set_new(doc, "KernelVersion", json_string(machine.release));
	json_object_set_new(doc, "Images", json_integer((json_int_t)list.len));
	json_object_set_new(doc, "NCPU", json_integer((json_int_t)parallel_cpus()));
	if (!docker_print(&done, args->format, doc, err) || done)
		return err->code == E_NONE;
	text = mem_printf(
		"Client:\n Version:    %s\n Context:    default\n\nServer:\n Images: %zu\n"
		" Server Version: %s\n Storage Driver: overlay2\n Default Runtime: rtbuild\n"
		" Kernel Version: %s\n OSType: linux\n Architecture: %s\n CPUs: %zu",
		DOCKER_VERSION, list.len, DOCKER_VERSION, machine.release, machine.machine,
		parallel_cpus());
	return session_print(text, err);
}

#define ABOUT " Version:    " DOCKER_VERSION "\n Git commit: rtbuild-" RTBUILD_VERSION

static bool version(struct session *s, void *arg, struct err *err)
{
	const struct about_args *args = arg;
	AUTO(auto_json_decref) json_t *doc = json_object();
	bool done;

	(void)s;
	for (size_t i = 0; i < 2; i++) {
		json_t *side = json_object();

		json_object_set_new(side, "Version", json_string(DOCKER_VERSION));
		json_object_set_new(side, "GitCommit", json_string("rtbuild-" RTBUILD_VERSION));
		json_object_set_new(side, "Os", json_string("linux"));
		json_object_set_new(doc, i ? "Server" : "Client", side);
	}
	if (!docker_print(&done, args->format, doc, err) || done)
		return err->code == E_NONE;
	return session_print("Client:\n" ABOUT "\n\nServer:\n" ABOUT, err);
}

static const struct cmd docker_info =
	DOCKER_VERB("info", "say what this is", about_opts, struct about_args, info);

static const struct cmd docker_version =
	DOCKER_VERB("version", "print the version of docker's command line that this speaks",
		    about_opts, struct about_args, version);

/* --- the verbs, which newer scripts find by their nouns --- */

/* clang-format off */
static const struct cmd
	image_list = { .name = "ls",     .summary = "list the images of the store",   .same_as = &docker_images },
	image_rm   = { .name = "rm",     .summary = "remove names from the store",    .same_as = &docker_rmi },
	container_list = { .name = "ls", .summary = "list containers",                .same_as = &docker_ps };
/* clang-format on */

static const struct cmd *const image_verbs[] = {
	&docker_build, &docker_image_inspect, &image_list, &docker_load, &docker_pull, &docker_push,
	&image_rm,     &docker_save,          &docker_tag, NULL,
};
static const struct cmd *const container_verbs[] = {
	&docker_exec,    &docker_container_inspect,
	&docker_kill,    &docker_logs,
	&container_list, &docker_rm,
	&docker_run,     &docker_stop,
	&docker_wait,    NULL,
};
static const struct cmd *const build_verbs[] = { &docker_build, NULL };

#define DOCKER_GROUP(noun, text, verbs)                                         \
	{                                                                       \
		.name = noun, .summary = text, .failure_status = DOCKER_FAILED, \
		.usage_status = DOCKER_FAILED, .subs = verbs                    \
	}
static const struct cmd docker_image = DOCKER_GROUP("image", "what is about images", image_verbs);
static const struct cmd docker_container =
	DOCKER_GROUP("container", "what is about containers", container_verbs);
static const struct cmd docker_builder = DOCKER_GROUP("builder", "build", build_verbs);
static const struct cmd docker_buildx = DOCKER_GROUP("buildx", "build", build_verbs);

static const struct cmd *const verbs[] = {
	&docker_build,     &docker_tag,
	&docker_push,      &docker_pull,
	&docker_images,    &docker_rmi,
	&docker_save,      &docker_load,
	&docker_login,     &docker_logout,
	&docker_run,       &docker_exec,
	&docker_ps,        &docker_inspect,
	&docker_logs,      &docker_wait,
	&docker_stop,      &docker_kill,
	&docker_rm,        &docker_info,
	&docker_version,   &docker_image,
	&docker_container, &docker_builder,
	&docker_buildx,    NULL,
};

const struct cmd cmd_docker = DOCKER_GROUP(
	"docker", "docker's commands, for clients that call docker (also when called as docker)",
	verbs);
