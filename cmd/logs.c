// SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/mem.h"
#include "cmd/cmd.h"
#include "cmd/commands.h"
#include "image/logs.h"

/* rtbuild logs: what RUN steps and runs have written. */

struct logs_args {
	const char *id;
};

static const struct opt list_opts[] = { OPT_END };

/* clang-format off */
static const struct opt show_opts[] = {
	OPT_ARG_OPTIONAL("ID", struct logs_args, id, "which log, or the beginning of its id (default: the newest)"),
	OPT_END
};
/* clang-format on */

static json_t *describe(const struct log_entry *e)
{
	json_t *doc = json_object();

	json_object_set_new(doc, "id", json_string(e->id));
	json_object_set_new(doc, "kind", json_string(e->kind));
	json_object_set_new(doc, "what", json_string(e->what));
	json_object_set_new(doc, "started", json_string(clock_format(e->started).text));
	if (e->ended) {
		json_object_set_new(doc, "ended", json_string(clock_format(e->ended).text));
		json_object_set_new(doc, "status", json_integer(e->status));
	}
	json_object_set_new(doc, "running", json_boolean(e->running));
	json_object_set_new(doc, "size", json_integer(e->size));
	return doc;
}

static char *state(const struct log_entry *e)
{
	if (e->running)
		return mem_strdup("running");
	if (!e->ended)
		return mem_strdup("interrupted");
	return mem_printf("exit %d", (int)e->status);
}

static bool list(struct session *s, void *arg, struct err *err)
{
	AUTO(log_list_free) struct log_list logs = { 0 };
	AUTO(auto_json_decref) json_t *doc = json_array();
	struct store *store;

	(void)arg;
	if (!session_store(&store, s, err) || !log_list(&logs, store, err))
		return false;
	for (size_t i = 0; i < logs.len; i++) {
		const struct log_entry *e = &logs.items[i];
		AUTO(auto_free) char *how = state(e);
		AUTO(auto_free) char *what = str_printable(e->what, strlen(e->what), 100);
		AUTO(auto_free)
		char *line = mem_printf("%s  %s  %-11s %9s  %-5s %s", e->id,
					clock_format(e->started).text, how,
					str_format_size((uint64_t)e->size).text, e->kind, what);

		json_array_append_new(doc, describe(e));
		if (!s->options.json && !session_print(line, err))
			return false;
	}
	return !s->options.json || session_print_json(doc, err);
}

static bool copy(struct session *s, const struct logs_args *args, bool follow, struct err *err)
{
	AUTO(log_list_free) struct log_list logs = { 0 };
	struct sink_fd out = sink_fd(STDOUT_FILENO);
	struct log_entry entry;
	struct store *store;
	int status;

	if (!session_store(&store, s, err) || !log_list(&logs, store, err) ||
	    !log_find(&entry, &logs, args->id, err) ||
	    !log_copy(store, entry.id, follow, &out.sink, &status, err))
		return false;
	if (status > 0)
		event_note(s->events, "exit status %d", status);
	else if (status < 0 && follow)
		event_note(s->events, "it was interrupted");
	return true;
}

static bool show(struct session *s, void *arg, struct err *err)
{
	return copy(s, arg, false, err);
}

static bool poll_log(struct session *s, void *arg, struct err *err)
{
	return copy(s, arg, true, err);
}

static const struct cmd logs_list = {
	.name = "list",
	.summary = "all logs, oldest first",
	.opts = list_opts,
	.args_size = sizeof(struct logs_args),
	.run = list,
};

static const struct cmd logs_show = {
	.name = "show",
	.summary = "a whole log",
	.opts = show_opts,
	.args_size = sizeof(struct logs_args),
	.run = show,
};

static const struct cmd logs_poll = {
	.name = "poll",
	.summary = "a log as it grows, until its command has ended",
	.opts = show_opts,
	.args_size = sizeof(struct logs_args),
	.run = poll_log,
};

static const struct cmd *const subs[] = { &logs_list, &logs_show, &logs_poll, NULL };

const struct cmd cmd_logs = {
	.name = "logs",
	.summary = "what RUN steps and runs have written",
	.subs = subs,
};
