// SPDX-License-Identifier: Apache-2.0
#include "sandbox/forward.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/str.h"

/* Bytes from one socket to another and back. */

static bool set_name(struct sockaddr_un *out, const char *path, struct err *err)
{
	*out = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof(out->sun_path))
		return err_set(err, E_INPUT, "the name of a socket has at most %zu bytes: %s",
			       sizeof(out->sun_path) - 1, path);
	memcpy(out->sun_path, path, strlen(path));
	return true;
}

/* One piece from `from` to `to`; false when that direction has ended. */
static bool pass(int from, int to)
{
	char piece[16 * 1024];
	struct err ignored = { 0 };
	ssize_t n;

	do
		n = read(from, piece, sizeof(piece));
	while (n < 0 && errno == EINTR);
	if (n > 0 && fs_write_all(to, piece, (size_t)n, &ignored))
		return true;
	shutdown(to, SHUT_WR);
	return false;
}

static void __attribute__((noreturn)) carry(int client, const struct sockaddr_un *to)
{
	int agent = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct pollfd fds[] = { { .fd = client, .events = POLLIN },
				{ .fd = agent, .events = POLLIN } };

	if (agent < 0 || connect(agent, (const struct sockaddr *)to, sizeof(*to)) < 0)
		_exit(1);
	while (fds[0].fd >= 0 || fds[1].fd >= 0) {
		if (poll(fds, ARRAY_LEN(fds), -1) < 0 && errno != EINTR)
			break;
		if (fds[0].fd >= 0 && fds[0].revents && !pass(client, agent))
			fds[0].fd = -1;
		if (fds[1].fd >= 0 && fds[1].revents && !pass(agent, client))
			break; /* the agent has said its last word */
	}
	_exit(0);
}

static void __attribute__((noreturn)) serve(int listener, const struct sockaddr_un *to)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGCHLD, SIG_IGN); /* nobody waits for them */
	signal(SIGPIPE, SIG_IGN);
	/* The command's pipes must end with the command. */
	listener = dup2(listener, 0);
	if (listener < 0 || syscall(SYS_close_range, 1U, ~0U, 0U) < 0)
		_exit(1);
	for (;;) {
		int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);

		if (client < 0 && errno != EINTR && errno != ECONNABORTED)
			_exit(1);
		if (client < 0)
			continue;
		if (fork() == 0) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			carry(client, to);
		}
		close(client);
	}
}

static bool listen_at(int *fd_out, const char *path, const struct sandbox_mount *m, struct err *err)
{
	AUTO(auto_close) int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un name;

	if (!set_name(&name, path, err))
		return false;
	if (fd < 0 || bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ||
	    listen(fd, 16) < 0)
		return err_set_errno(err, "listen at %s", path);
	if (fchownat(AT_FDCWD, path, m->uid, m->gid, AT_SYMLINK_NOFOLLOW) < 0 ||
	    fchmodat(AT_FDCWD, path, m->mode, 0) < 0)
		return err_set_errno(err, "set the owner of the socket for %s", m->target);
	*fd_out = steal_fd(&fd);
	return true;
}

bool forward_start(const char *path, const struct sandbox_mount *m, struct err *err)
{
	AUTO(auto_close) int listener = -1;
	struct sockaddr_un to;
	pid_t pid;

	if (!set_name(&to, m->source, err) || !listen_at(&listener, path, m, err))
		return false;
	pid = fork();
	if (pid == 0)
		serve(listener, &to);
	return pid > 0 || err_set_errno(err, "fork");
}
