// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_SESSION_H
#define REGISTRY_SESSION_H

#include "registry/client.h"
#include "registry/journal.h"
#include "registry/strategy.h"

/* Inside registry/: an upload session, what upload.c and chunks.c share. */

struct upload {
	struct registry *r;
	struct reference repository;
	struct url location; /* of the session; target NULL: none is open */
	bool keep;           /* a journal knows it: not to be cancelled */
	bool once;           /* opening it is not tried again */
	uint64_t ahead;      /* the whole blob went there while it was made: so many bytes; or 0 */
};

/* Open a session. */
MUST_CHECK bool session_begin(struct upload *u, struct err *err);
/* The Location of an answer. distribution behind a TLS proxy names http locations on its own host:
 * https is meant. E_NETWORK when there is none, or one that must not be followed. */
MUST_CHECK bool session_take_location(struct upload *u, const struct client_reply *reply,
				      struct err *err);
/* Cancel it at the server, best effort. */
void session_drop(struct upload *u);
/* The session is at the registry itself, where its credential is needed too. */
bool session_is_own(const struct upload *u);

/* What a try to bring a blob up ended with, besides success. */
enum upload_end {
	UPLOAD_DONE,
	UPLOAD_FAILED,  /* for good: `err` */
	UPLOAD_LOST,    /* the session is gone, or its connection broke where that kills it */
	UPLOAD_REFUSED, /* in this way, and the host's strategy knows it now */
};

/* The closing PUT, with the whole body or (NULL) with nothing. The session is used up. */
enum upload_end session_commit(struct upload *u, struct source *body, const struct digest *digest,
			       uint64_t size, struct err *err);

struct blob_body {
	struct source *source;
	const struct digest *digest; /* NULL: not known yet */
	uint64_t size;               /* UINT64_MAX: likewise */
	uint64_t at;                 /* how much of the source was read since its beginning */
	bool sent_ahead; /* all of it is there, hashed while it was made: not read again for that */
};

/*
 * In chunks of at most `chunk` bytes, beginning at *offset (what an earlier run brought there);
 * `journal` may be NULL. A chunk that broke is followed by the question how far the session is.
 */
enum upload_end chunks_send(struct upload *u, struct blob_body *body, uint64_t offset,
			    uint64_t chunk, struct journal *journal, struct err *err);
/* The same as far as `end`, and no closing PUT; *offset is where the session is then, also after a
 * failure. */
enum upload_end chunks_send_to(uint64_t *offset, struct upload *u, struct blob_body *body,
			       uint64_t end, uint64_t chunk, struct journal *journal,
			       struct err *err);
/* How far a session is, by its own word. */
enum session_state {
	SESSION_AT,          /* *offset_out */
	SESSION_GONE,        /* or it does not say */
	SESSION_UNREACHABLE, /* the registry is down: it may be there later */
};
enum session_state chunks_status(uint64_t *offset_out, struct upload *u, struct err *err);

#endif
