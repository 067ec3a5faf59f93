// SPDX-License-Identifier: Apache-2.0
#include "sandbox/exchange.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/event.h"
#include "base/mem.h"

/* One request and its pipes, in one poll loop. */

void exchange_init(struct exchange *x)
{
	for (size_t i = 0; i < POLLS; i++)
		x->fds[i].events = POLLIN;
	x->fds[POLL_CANCEL].fd = cancel_fd();
}

void exchange_free(struct exchange *x)
{
	message_free(&x->answer);
	for (size_t i = 0; i < POLL_CANCEL; i++)
		auto_close(&x->fds[i].fd);
}

/* A byte on the reply socket; the worker kills, cleans up and answers. */
static void stop(struct exchange *x)
{
	x->stopping = true;
	x->fds[POLL_CANCEL].fd = -1;
	if (send(x->fds[POLL_REPLY].fd, "", 1, MSG_NOSIGNAL) < 0)
		errno = 0; /* it has ended already: its answer or the end of the socket comes */
}

/* A piece from a pipe to its sink. After a failure the rest is read and dropped, so that nothing
 * hangs. */
static void pump(struct exchange *x, int which)
{
	enum { PIECE = 128 * 1024 };
	AUTO(auto_free) char *piece = mem_alloc(PIECE);
	ssize_t n = read(x->fds[which].fd, piece, PIECE);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		auto_close(&x->fds[which].fd);
		return;
	}
	if (x->sink_err.code || x->stopping ||
	    sink_write(x->sinks[which], piece, (size_t)n, &x->sink_err))
		return;
	stop(x);
}

static int time_left(const struct exchange *x)
{
	uint64_t now = clock_monotonic_ms();

	if (!x->deadline_ms || x->stopping)
		return -1;
	return now >= x->deadline_ms              ? 0
	       : x->deadline_ms - now > INT32_MAX ? INT32_MAX
						  : (int)(x->deadline_ms - now);
}

static bool finished(const struct exchange *x)
{
	return x->answered && x->fds[POLL_OUTPUT].fd < 0 && x->fds[POLL_DIFF].fd < 0;
}

static bool exchange_loop(struct exchange *x, struct err *err)
{
	bool more;

	while (!finished(x)) {
		int n = poll(x->fds, POLLS, time_left(x));

		if (n < 0 && errno != EINTR)
			return err_set_errno(err, "poll");
		if (n < 0)
			continue;
		if (n == 0) {
			x->timed_out = true;
			stop(x);
			continue;
		}
		if (x->fds[POLL_CANCEL].fd >= 0 && x->fds[POLL_CANCEL].revents)
			stop(x);
		if (x->fds[POLL_OUTPUT].fd >= 0 && x->fds[POLL_OUTPUT].revents)
			pump(x, POLL_OUTPUT);
		if (x->fds[POLL_DIFF].fd >= 0 && x->fds[POLL_DIFF].revents)
			pump(x, POLL_DIFF);
		if (x->fds[POLL_REPLY].fd >= 0 && x->fds[POLL_REPLY].revents) {
			if (!message_receive(&x->answer, &more, x->fds[POLL_REPLY].fd, err))
				return false;
			if (!more)
				return err_set(err, E_IO, "the sandbox helper died");
			x->answered = true;
			auto_close(&x->fds[POLL_REPLY].fd);
		}
	}
	return true;
}

bool exchange_send(struct exchange *x, struct sandbox *s, const struct request *r, const int *fds,
		   size_t fd_count, struct err *err)
{
	AUTO(message_free) struct message w = MESSAGE_INIT;
	int all[MESSAGE_FDS], pair[2];
	bool sent;

	if (!cancel_check(err))
		return false;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) < 0)
		return err_set_errno(err, "socketpair");
	x->fds[POLL_REPLY].fd = pair[0];
	all[REQUEST_REPLY_FD] = pair[1];
	for (size_t i = 0; i < fd_count; i++)
		all[i + 1] = fds[i];
	request_encode(&w, r);
	sent = message_send(s->sock, &w, all, fd_count + 1, err);
	close(pair[1]);
	return sent;
}

bool exchange_finish(struct exchange *x, struct err *err)
{
	struct err told = { 0 };

	if (!exchange_loop(x, err) || !message_err(&told, &x->answer, err))
		return false;
	if (told.code)
		*err = told;
	return told.code == E_NONE;
}

bool exchange_ask(struct exchange *x, struct sandbox *s, const struct request *r, const int *fds,
		  size_t fd_count, struct err *err)
{
	exchange_init(x);
	return exchange_send(x, s, r, fds, fd_count, err) && exchange_finish(x, err);
}

bool exchange_pipe(int *write_fd_out, struct exchange *x, int which, struct sink *to,
		   struct err *err)
{
	int pair[2];

	if (pipe2(pair, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	x->fds[which].fd = pair[0];
	x->sinks[which] = to;
	*write_fd_out = pair[1];
	return true;
}
