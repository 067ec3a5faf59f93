// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_STATE_H
#define REGISTRY_STATE_H

#include <stdatomic.h>

#include "base/map.h"
#include "base/parallel.h"
#include "base/turn.h"
#include "net/http.h"
#include "registry/credentials.h"
#include "registry/host.h"
#include "registry/registries.h"
#include "registry/registry.h"

/* Inside registry/: what one client keeps between its requests. */

/* Upload sessions that wait for their blobs (registry/standby.h). */
struct upload;
enum { STANDBY_SESSIONS = 2 }; /* a layer's, a configuration's */
struct standby {
	struct reference to;
	bool wanted, several, soon, begun;
	struct upload *sessions[STANDBY_SESSIONS];
};

struct registry {
	struct events *events;
	char *authfile;
	bool (*fallback)(void *self, struct credential *out, char **where_out, const char *host,
			 struct err *err);
	void *fallback_self;
	bool plain_http, insecure, create_repositories, foreign_layers;
	struct str_list trusted_realms;
	struct store *store;
	uint64_t chunk_size; /* the user's; 0: as it is learnt */
	struct http *http;
	struct lock lock;
	struct map hosts;       /* API host -> struct host */
	struct map credentials; /* "host/repository", or a cloud's "host" -> one of `logins` */
	struct map finding;     /* keys of it that somebody looks for now */
	struct cond found;
	struct {
		struct login **items;
		size_t len, cap;
	} logins;                     /* each different credential once, kept to the end */
	struct map blobs;             /* "host/repository" -> struct blob_source, likewise */
	struct registries registries; /* of registries.conf, once `registries_read` */
	bool have_registries;
	struct {
		struct stream **items;
		size_t len, cap;
	} streams; /* layers that go up while they are made (stream.h) */
	struct {
		struct stream_target **items;
		size_t len, cap;
	} stream_targets;
	struct map dead_mirrors; /* "host/path" of those that did not answer, not asked again */
	struct map warned;       /* texts of Warning headers, each shown once */
	struct standby standby;  /* under `lock` */
	struct turns moving;     /* placed.h: "host digest", by name; fetched ones by digest */
	struct map placed;       /* likewise -> the repository it is in */
	struct map planned;      /* of plans: "host/repository digest" */
	struct map planned_tags; /* likewise: "host/repository:tag" -> digest */
};

/* A credential as found once, and where. */
struct login {
	char *host;
	struct credential credential;
	char *where;         /* NULL: anonymous */
	_Atomic bool worked; /* it was accepted: a refusal later means that it expired */
	bool offline; /* being verified for a login: a refresh token may take the password's place
		       */
	/* Under the registry's lock: what became of it when it expired (logins_renew). */
	enum { LOGIN_GOOD, LOGIN_RENEWING, LOGIN_SPENT } state;
	struct login *next; /* that took its place; NULL: none did */
	int forebears;      /* how many it is the successor of */
};

#endif
