// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_MESSAGE_H
#define SANDBOX_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/err.h"
#include "base/limits.h"
#include "base/str.h"

/*
 * Messages between rtbuild and its sandbox helper: numbers and texts in an agreed order, as bytes
 * (argv and environment need not be UTF-8), with descriptors beside them. The body travels in a
 * memfd, so that its size is not bound by socket buffers; every length is checked on reading.
 */
enum { MESSAGE_FDS = 6 }; /* at most, in one message */

struct message {
	struct buf body;
	size_t at; /* reading position */
	int fds[MESSAGE_FDS];
	size_t fd_count;
};
#define MESSAGE_INIT                                                                       \
	{                                                                                  \
		.body = BUF_INIT(LIMIT_SANDBOX_MESSAGE), .fds = { -1, -1, -1, -1, -1, -1 } \
	}
void message_free(struct message *w); /* closes the descriptors it still holds */

/* Writing. Descriptors are borrowed until sent. */
void message_put_number(struct message *w, uint64_t n);
void message_put_text(struct message *w, const char *text); /* NULL is kept apart from "" */
void message_put_list(struct message *w,
		      const char *const *items); /* NULL-terminated; NULL is empty */
void message_put_bytes(struct message *w, const void *data, size_t len);
void message_put_err(struct message *w, const struct err *err); /* code, message, hint */

/* Reading. Texts are borrowed from the message. E_INTEGRITY when it is not what was agreed. */
MUST_CHECK bool message_number(uint64_t *out, struct message *w, uint64_t max, struct err *err);
MUST_CHECK bool message_text(const char **out, struct message *w, struct err *err); /* never NULL */
MUST_CHECK bool message_text_or_null(const char **out, struct message *w, struct err *err);
MUST_CHECK bool message_bytes(const void **out, size_t *len_out, struct message *w,
			      struct err *err); /* borrowed */
/* A NULL-terminated array, to be freed; its texts are borrowed. */
MUST_CHECK bool message_list(const char ***out, struct message *w, struct err *err);
/* The error that was put; true when the message was well formed. */
MUST_CHECK bool message_err(struct err *out, struct message *w, struct err *err);
/* Take the i-th descriptor; -1 when there is none. */
int message_take_fd(struct message *w, size_t i);

/* One message over a SOCK_SEQPACKET socket. E_IO when the other side is gone. */
MUST_CHECK bool message_send(int sock, const struct message *w, const int *fds, size_t fd_count,
			     struct err *err);
/* *more_out false: the other side closed. */
MUST_CHECK bool message_receive(struct message *out, bool *more_out, int sock, struct err *err);

#endif
