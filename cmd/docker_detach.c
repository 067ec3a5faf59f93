// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "base/proc.h"
#include "cmd/docker.h"

/* A container's keeper as a process of its own, and what it says until the container runs. */

static bool open_pipe(int *from, int *to, struct err *err)
{
	int fds[2];

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	*from = fds[0];
	*to = fds[1];
	return true;
}

/* What there is to read now goes to `to` (-1: into `text`); *more_out false at the end. */
static bool take_piece(bool *more_out, int from, int to, struct buf *text, struct err *err)
{
	char piece[4096];
	ssize_t n = read(from, piece, sizeof(piece));

	*more_out = n > 0 || (n < 0 && (errno == EAGAIN || errno == EINTR));
	if (n < 0 && !*more_out)
		return err_set_errno(err, "read what the container's keeper says");
	if (n <= 0)
		return true;
	return to >= 0 ? fs_write_all(to, piece, (size_t)n, err)
		       : buf_append(text, piece, (size_t)n, err);
}

/* What is left to read there, without waiting: others may hold the other end. */
static bool drain(int from, struct err *err)
{
	struct pollfd p = { .fd = from, .events = POLLIN };
	bool more = true;

	while (more && poll(&p, 1, 0) > 0)
		if (!take_piece(&more, from, STDERR_FILENO, NULL, err))
			return false;
	return true;
}

/*
 * Its ID, once it runs; else how its keeper ended, which has said why. Our own streams are not the
 * keeper's, or whoever reads them to their end would wait for the container.
 */
static bool await_id(struct buf *id, int from, int errors, pid_t keeper, struct session *s,
		     struct err *err)
{
	struct pollfd fds[] = { { .fd = from, .events = POLLIN },
				{ .fd = errors, .events = POLLIN } };
	bool more = true, said = true;

	while (more) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			return err_set_errno(err, "poll");
		if ((fds[1].revents && !take_piece(&said, errors, STDERR_FILENO, NULL, err)) ||
		    (fds[0].revents && !take_piece(&more, from, -1, id, err)))
			return false;
		if (!said)
			fds[1].fd = -1;
	}
	if (id->len && id->ptr[id->len - 1] == '\n') {
		id->ptr[--id->len] = '\0';
		return session_print(id->ptr, err);
	}
	return proc_wait(&s->exit_status, keeper, err) && drain(errors, err);
}

bool docker_detach(struct session *s, struct str_list *argv, struct err *err)
{
	AUTO(auto_close) int from = -1, to = -1;
	AUTO(auto_close) int errors = -1, errors_to = -1;
	AUTO(buf_free) struct buf id = BUF_INIT(200);
	struct proc_spec spec = { .argv = (const char *const *)str_list_argv(argv),
				  .stdin_fd = -1,
				  .detached = true };
	pid_t keeper;

	if (!open_pipe(&from, &to, err) || !open_pipe(&errors, &errors_to, err))
		return false;
	spec.stdout_fd = to;
	spec.stderr_fd = errors_to;
	if (!proc_start(&keeper, &spec, err))
		return false;
	auto_close(&to);
	auto_close(&errors_to);
	return await_id(&id, from, errors, keeper, s, err);
}
