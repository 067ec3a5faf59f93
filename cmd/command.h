// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include "cmd/cmd.h"
#include "image/image.h"
#include "image/logs.h"

/* What a command in an image is told, from the image's configuration and the user's options: lists
 * that a sandbox_spec borrows. Zero is empty. */
struct command {
	struct str_list argv, env;
	struct sandbox_mount *mounts;
	struct str_list paths; /* what the mounts point at */
	struct sandbox_layer *layers;
};
void command_free(struct command *c);

/* The texts of a JSON list; NULL is empty. */
void command_push_json(struct str_list *out, const json_t *list);
/* "K=V" replaces an earlier K. */
void command_set_env(struct str_list *env, const char *pair);
/* Those that a user gives: "NAME=VALUE", or "NAME" to take it from the environment, left out when
 * it is not there. */
void command_add_env(struct str_list *env, const struct str_list *given);
/* docker's default PATH, then the image's variables, then those `set`: "NAME=VALUE", or "NAME" to
 * take it from the environment. */
void command_env(struct command *c, const struct config *config, const struct str_list *set);
/* "HOST:PATH[:ro]", as many as there are volumes. E_USAGE. */
MUST_CHECK bool command_mounts(struct command *c, const struct str_list *volumes, struct err *err);
void command_layers(struct command *c, const struct image *img);

/* For people: the words with blanks between. The caller frees. */
char *command_line(const struct str_list *argv);

/* Run it with its output on our stdout and stderr and in the log. */
MUST_CHECK bool command_run(struct sandbox_result *result, struct session *s,
			    struct sandbox_spec *spec, struct log *log, struct err *err);

#endif
