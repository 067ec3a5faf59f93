// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_EXCHANGE_H
#define SANDBOX_EXCHANGE_H

#include <poll.h>

#include "base/sink.h"
#include "sandbox/request.h"

/*
 * The parent's side of a request: sent to the helper with a reply socket of its own, then pipes are
 * served until the answer is there. An interruption, a deadline and a sink that fails ask the
 * worker to stop and still wait for it to have cleaned up.
 */
struct sandbox {
	int sock;
	pid_t pid;
};

/* One request under way. Pipes are -1 when there are none. */
enum { POLL_REPLY, POLL_OUTPUT, POLL_DIFF, POLL_CANCEL, POLLS };
struct exchange {
	struct pollfd fds[POLLS];
	struct sink *sinks[POLLS];
	struct message answer;
	bool answered; /* or will never be */
	bool stopping; /* we asked it to */
	bool timed_out;
	uint64_t deadline_ms; /* monotonic; 0: none */
	struct err sink_err;  /* our side's failure: the sandbox is stopped for it */
};

#define EXCHANGE_INIT                                                              \
	{                                                                          \
		.fds = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 }, { .fd = -1 } }, \
		.answer = MESSAGE_INIT                                             \
	}

void exchange_init(struct exchange *x);
void exchange_free(struct exchange *x);
/* A pipe from the worker to `to`: its write end, to be sent and then closed. */
MUST_CHECK bool exchange_pipe(int *write_fd_out, struct exchange *x, int which, struct sink *to,
			      struct err *err);
MUST_CHECK bool exchange_send(struct exchange *x, struct sandbox *s, const struct request *r,
			      const int *fds, size_t fd_count, struct err *err);
/* Serve the pipes until the answer is there, and read the error it begins with. */
MUST_CHECK bool exchange_finish(struct exchange *x, struct err *err);
/* A request without pipes, from its beginning. */
MUST_CHECK bool exchange_ask(struct exchange *x, struct sandbox *s, const struct request *r,
			     const int *fds, size_t fd_count, struct err *err);

#endif
