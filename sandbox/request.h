// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_REQUEST_H
#define SANDBOX_REQUEST_H

#include "base/arena.h"
#include "image/digest.h"
#include "image/media.h"
#include "sandbox/command.h"
#include "sandbox/message.h"

/* What the parent asks of its helper, and what it is told: encoding and decoding side by side, so
 * that they agree. */
enum request_op {
	REQUEST_PROBE,   /* -> reasons */
	REQUEST_MISSING, /* which of `layers` have no tree yet -> their diff ids */
	REQUEST_UNPACK,  /* the one layer, from its blob, for a command in `isolation` -> nothing */
	REQUEST_RUN,     /* -> struct sandbox_result */
	REQUEST_EXEC,    /* beside a command that runs -> struct sandbox_result */
	REQUEST_REMOVE,  /* remove `path` with all it holds -> nothing */
	REQUEST_CACHES,  /* -> what cache mounts there are: caches.h */
	REQUEST_CACHE_EXPORT, /* the cache `path` as a tar -> nothing */
	REQUEST_CACHE_IMPORT, /* the cache `path` from a tar, compressed or not -> nothing */
	REQUEST_CACHE_REMOVE, /* the cache `path` -> nothing */
	REQUEST_PRUNE, /* remove all trees but those of `layers` -> how many, and their bytes */
};
enum { REQUEST_OPS = REQUEST_PRUNE + 1 };

/* Descriptors of a request: the reply socket, then these. */
enum {
	REQUEST_REPLY_FD,
	REQUEST_STDIN_FD,
	REQUEST_STDOUT_FD,
	REQUEST_STDERR_FD,
	REQUEST_DIFF_FD,    /* of a run that wants no changes: /dev/null */
	REQUEST_STARTED_FD, /* a socket for the command's pidfd; may be absent */
};
enum { REQUEST_BLOB_FD = 1, REQUEST_TAR_FD = 1, REQUEST_TARGET_FD = REQUEST_DIFF_FD };

/* Borrowed texts; a decoded one borrows from its message. */
struct request {
	enum request_op op;
	const char *store; /* absolute path */
	enum sandbox_isolation isolation;
	const struct sandbox_layer *layers; /* lowest first; a decoded one has a diff id alone */
	size_t layer_count;
	enum compression compression; /* of the blob */
	const char *path;             /* to remove, absolute; or the name of a cache */
	const char *const *argv, *const *env;
	const char *cwd, *user, *hostname;
	bool own_ids;
	bool network;
	bool insecure;
	const char *hosts; /* lines of /etc/hosts; "" */
	uint64_t shm_size;
	const struct sandbox_limit *limits;
	size_t limit_count;
	bool want_diff;
	bool dry_run;
	struct sandbox_mount *mounts;
	size_t mount_count;
	struct arena arena; /* of a decoded one's lists */
};

/* clang-format off */
#define REQUEST_INIT { .cwd = "", .user = "", .hostname = "", .hosts = "" }
/* clang-format on */

void request_encode(struct message *w, const struct request *r);
MUST_CHECK bool request_decode(struct request *out, struct message *w, struct err *err);
void request_free(struct request *r); /* of a decoded one */

#endif
