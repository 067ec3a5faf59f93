// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_DOCKER_H
#define CMD_DOCKER_H

#include "cmd/cmd.h"

/*
 * The docker personality: verbs with docker's options, output and exit statuses, each done by a
 * command of ours. What scripts and clients like Lithops use is here (facts: build, tag, push,
 * login, pull, info, and run, exec, rm for its localhost backend), not all of docker.
 */

/* Statuses of docker's command line: a command that failed, and one that was not understood. */
enum { DOCKER_FAILED = 1, DOCKER_USAGE = 125 };

/* One of docker's verbs: its name, its line in the help, the table of its options and the struct
 * these fill, its function, and members of struct cmd beside these. */
#define DOCKER_VERB(verb, text, table, type, function, ...)                             \
	{                                                                               \
		.name = verb, .summary = text, .failure_status = DOCKER_FAILED,         \
		.usage_status = DOCKER_USAGE, .opts = table, .args_size = sizeof(type), \
		.run = function, __VA_ARGS__                                            \
	}

/*
 * A command of ours with these words; what it would have printed comes back as *doc_out (NULL when
 * it prints nothing; the caller's), so that it can be said in docker's words.
 */
MUST_CHECK bool docker_call(json_t **doc_out, struct session *s, const struct cmd *cmd,
			    const struct str_list *words, struct err *err);

/*
 * Options of `table` as set in `args`, as words for a command of ours that calls them the same,
 * "--build-arg=A=1". Those named in `without` (NULL-terminated) are left out and named with -v:
 * they are docker's and mean nothing here.
 */
void docker_words(struct str_list *out, struct session *s, const struct opt *table,
		  const void *args, const char *const *without);

/* The names that the store has for the image whose ID, as docker images -q prints it, begins with
 * `text`; none when it is no ID. E_INPUT: several images'. */
MUST_CHECK bool docker_id_names(struct str_list *out, struct store *store, const char *text,
				struct err *err);
/* `text`, or when that is no name of the store but an ID, a name of that image. The caller frees.
 */
MUST_CHECK bool docker_image_name(char **out, struct session *s, const char *text, struct err *err);

extern const struct cmd docker_build, docker_tag, docker_push, docker_pull, docker_images,
	docker_rmi, docker_save, docker_load, docker_login, docker_logout, docker_run, docker_exec,
	docker_stop, docker_kill, docker_rm, docker_ps, docker_inspect, docker_image_inspect,
	docker_container_inspect, docker_logs, docker_wait;

/* The store, for a verb of containers. E_USAGE: none is named. */
MUST_CHECK bool docker_named(struct store **out, struct session *s, const struct str_list *names,
			     struct err *err);

/*
 * Starts a container's keeper, `argv`, which outlives us, and prints the ID that it writes to its
 * stdout once the container runs. What it says on stderr before is passed on. When it ends without
 * an ID its status is the session's. Our own streams are not the keeper's.
 */
MUST_CHECK bool docker_detach(struct session *s, struct str_list *argv, struct err *err);

/* With --format one line for each document, else nothing is done: *done_out. */
MUST_CHECK bool docker_print(bool *done_out, const char *format, const json_t *doc,
			     struct err *err);

#endif
