// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_OPTIONS_H
#define GIT_OPTIONS_H

#include "base/event.h"
#include "image/store.h"
#include "net/http.h"

/* What repositories are read with. */
struct git_options {
	struct store *store;
	struct http *http;
	struct events *events;
	const struct str_list *allow; /* beginnings of URLs (--git-allow): file://, and submodules
					 of other hosts; may be NULL */
	const char *ssh_auth_sock;    /* NULL: the environment's */
	/* A build secret by its id: owned text, NULL when there is none. May be NULL. */
	char *(*secret)(void *arg, const char *id);
	void *secret_arg;
};
/* Whether the user allowed a URL. */
bool git_is_allowed(const struct git_options *opt, const char *remote);

#endif
