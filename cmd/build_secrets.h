// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_SECRETS_H
#define CMD_BUILD_SECRETS_H

#include "builder/build.h"

/*
 * --secret and --ssh of the command line, as buildx has them, ready for a build request. Secrets
 * are read once, into memory; keys are loaded into an ssh-agent of our own, which ends with the
 * command.
 */
struct build_secrets {
	struct {
		struct build_secret *items;
		size_t len, cap;
	} secrets;
	struct {
		struct build_ssh *items;
		size_t len, cap;
	} ssh;
	struct {
		struct ssh_agent *items;
		size_t len, cap;
	} agents;
	struct arena arena;
};
/* Secrets are wiped, agents of ours ended. */
void build_secrets_free(struct build_secrets *s);

/*
 * `secrets`: id=ID[,src=FILE|,env=VARIABLE][,type=file|env]; with neither the variable ID, else the
 * file ID. `ssh`: default or ID, the agent of $SSH_AUTH_SOCK, or ID=SOCKET, or ID=KEY[,KEY...].
 * E_USAGE for what does not read; E_NOT_FOUND for files and variables that are not there; a key
 * that ssh-add refuses is E_INPUT.
 */
MUST_CHECK bool build_secrets_read(struct build_secrets *out, const struct str_list *secrets,
				   const struct str_list *ssh, struct err *err);

#endif
