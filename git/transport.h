// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_TRANSPORT_H
#define GIT_TRANSPORT_H

#include "base/event.h"
#include "base/sink.h"
#include "git/location.h"
#include "net/http.h"

/*
 * How bytes get to a server's git-upload-pack and back: HTTP requests through net/, the system's
 * ssh, or a connection to git's own port. Protocol version 2 is asked for.
 */
struct git_transport {
	bool is_stateless; /* each request is answered alone; else one conversation */
	/* What the server says first. Sources are borrowed until the next call. */
	bool (*greet)(struct git_transport *t, struct source **out, struct err *err);
	/* The answer to a request. */
	bool (*ask)(struct git_transport *t, struct source **out, const struct buf *request,
		    struct err *err);
	/* After a failure: replace `err` by what is known better (what ssh printed). */
	void (*explain)(struct git_transport *t, struct err *err);
	void (*close)(struct git_transport *t);
};
void git_transport_close(struct git_transport *t); /* NULL is fine */
static inline void auto_git_transport_close(struct git_transport **t)
{
	git_transport_close(*t);
}

/*
 * `authorization` (NULL: none): the value of the header; only sent to the location's own origin,
 * over https or to loopback. E_AUTH, E_NOT_FOUND, E_NETWORK by status.
 */
MUST_CHECK bool git_http_open(struct git_transport **out, struct http *http,
			      const struct git_location *at, const char *authorization,
			      struct err *err);
/* `auth_sock` (NULL: the environment's): the socket of an ssh agent. */
MUST_CHECK bool git_ssh_open(struct git_transport **out, const struct git_location *at,
			     const char *auth_sock, struct err *err);
MUST_CHECK bool git_tcp_open(struct git_transport **out, const struct git_location *at,
			     struct err *err);

#endif
