// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_CONTAINERS_H
#define CMD_CONTAINERS_H

#include "base/str.h"
#include "image/store.h"
#include "sandbox/message.h"

/*
 * Containers of the docker personality: commands in images that have a name and are found again by
 * it. There is no daemon: the process that started one keeps it, and a directory below the store's
 * `containers/` says so:
 *
 *	NAME/lock         held by the keeper as long as it lives
 *	NAME/record.json  what runs, and how it ended
 *	NAME/socket       where the keeper takes requests
 *
 * A keeper that was killed takes its container along (sandbox.h); its directory then counts as
 * absent.
 */
struct container_record {
	char *name, *id; /* id: 64 hex digits */
	char *image, *command;
	char *log;       /* the id of its log (image/logs.h); "" before there is one */
	int64_t created; /* seconds since 1970 */
	bool running;
	int status; /* of one that has ended */
};
void container_record_free(struct container_record *r);

struct container_records {
	struct container_record *items; /* by age, the youngest first */
	size_t len, cap;
};
void container_records_free(struct container_records *l);

/* Those that run, and those that ended but were to keep their name. */
MUST_CHECK bool containers_list(struct container_records *out, struct store *s, struct err *err);
/* By name, or the beginning of an id that is nobody else's. E_NOT_FOUND. */
MUST_CHECK bool containers_find(struct container_record *out, struct store *s, const char *text,
				struct err *err);

/* The keeper's side. */
struct container_claim {
	int parent, dir, lock, listener;
	char *name;
};
#define CONTAINER_CLAIM_INIT                                        \
	{                                                           \
		.parent = -1, .dir = -1, .lock = -1, .listener = -1 \
	}
/* Take the name (r->name NULL: one is made; r->id is made) and listen. E_INPUT for a bad name,
 * E_INTEGRITY when it is taken. */
MUST_CHECK bool containers_claim(struct container_claim *out, struct container_record *r,
				 struct store *s, struct err *err);
/* Write r->log, which is known only when the name is taken. */
MUST_CHECK bool containers_update(const struct container_claim *c, const struct container_record *r,
				  struct err *err);
/* The container has ended: with `keep` its record stays, else nothing does. Closes the claim. */
void containers_release(struct container_claim *c, struct container_record *r, bool keep);

/* What is asked of a keeper, with the three streams of the command. */
enum container_op { CONTAINER_EXEC, CONTAINER_STOP };
struct container_request {
	enum container_op op;
	const char *const *argv, *const *env; /* NULL-terminated; env: beside the container's own */
	const char *cwd, *user;               /* NULL: the container's own */
};
void container_request_encode(struct message *w, const struct container_request *r);
/* Lists are allocated, texts borrow from the message. */
MUST_CHECK bool container_request_decode(struct container_request *out, struct message *w,
					 struct err *err);
void container_request_free(struct container_request *r);

/* A connection to the keeper of a running container. E_NOT_FOUND when it has ended meanwhile. */
MUST_CHECK bool containers_connect(int *sock_out, struct store *s, const char *name,
				   struct err *err);
/* Forget one that has ended, waiting for its keeper to be gone. */
MUST_CHECK bool containers_remove(struct store *s, const char *name, struct err *err);

#endif
