// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_CONFIGURATION_H
#define CMD_CONFIGURATION_H

#include "cmd/cmd.h"
#include "registry/credential.h"
#include "templates/backend.h"

/*
 * Lithops' configuration for a command: the file of --config, none with --no-config, else the one
 * Lithops would read. It is read once, at the first need; -v says which. What is said on the
 * command line goes before it.
 */

/* The row for the backend the configuration names; NULL when there is no configuration. Rows of one
 * platform are told apart by what the row's `config` says (aliyun_fc: deploy_mode). E_INPUT: it
 * names none of ours. */
MUST_CHECK bool configuration_backend(const struct backend **out, struct session *s,
				      const struct backend_table *table, struct err *err);

/* What the backend's section says about a key; NULL: nothing. Borrowed from the session. */
MUST_CHECK bool configuration_text(const char **out, struct session *s, const struct backend *b,
				   const char *key, struct err *err);

/* The keys that `settings` ("KEY=VALUE") does not have and the configuration has are added to it.
 * Sentences about keys of before become notes. */
MUST_CHECK bool configuration_fill(struct str_list *settings, struct session *s,
				   const struct backend *b, const char *const *keys, size_t count,
				   struct err *err);

/* "linux/arm64", by architecture or runtime_arch; NULL: neither is set. E_INPUT. */
MUST_CHECK bool configuration_platform(const char **out, struct session *s, const struct backend *b,
				       struct err *err);

/* docker_user and docker_password for the host of docker_server: registry_options.fallback. A
 * configuration that cannot be read is a warning: nobody asked for it. */
MUST_CHECK bool configuration_credential(void *session, struct credential *out, char **where_out,
					 const char *host, struct err *err);

#endif
