// SPDX-License-Identifier: Apache-2.0
#include "base/proc.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/env.h"
#include "base/event.h"
#include "base/fs.h"
#include "base/limits.h"
#include "base/mem.h"

/* Children of the host, without a shell. Commands inside images are sandbox/'s. */

static char *find_in(const char *path, const char *name)
{
	struct slice rest = slice_of(path);

	while (rest.ptr) {
		struct slice dir = slice_cut(rest, ':', &rest);
		char *full;

		if (!dir.len)
			continue;
		full = mem_printf(SLICE_FMT "/%s", SLICE_ARG(dir), name);
		if (faccessat(AT_FDCWD, full, X_OK, AT_EACCESS) == 0)
			return full;
		free(full);
	}
	return NULL;
}

char *proc_find(const char *name)
{
	const char *path = env_get("PATH");
	char *found;

	if (strchr(name, '/'))
		return faccessat(AT_FDCWD, name, X_OK, AT_EACCESS) == 0 ? mem_strdup(name) : NULL;
	found = path ? find_in(path, name) : NULL;
	return found ? found : find_in("/usr/local/sbin:/usr/sbin:/sbin:/usr/bin:/bin", name);
}

static void __attribute__((noreturn))
child(const struct proc_spec *spec, const char *program, pid_t parent, int report)
{
	int fds[3] = { spec->stdin_fd, spec->stdout_fd, spec->stderr_fd };
	sigset_t none;

	/* Out of the way of 0..2 first, so that no dup2 overwrites one still wanted. */
	for (int i = 0; i < 3; i++) {
		if (fds[i] < 0)
			fds[i] = open("/dev/null", O_RDWR | O_CLOEXEC);
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
	}
	for (int i = 0; i < 3; i++)
		if (fds[i] < 0 || dup2(fds[i], i) < 0)
			_exit(126);
	close_range(3, ~0U, CLOSE_RANGE_CLOEXEC); /* also what our own parent left open */
	if (spec->detached)
		setsid();
	else if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)
		_exit(126);
	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (!spec->cwd || chdir(spec->cwd) == 0)
		execve(program, (char *const *)(uintptr_t)spec->argv,
		       spec->env ? (char *const *)(uintptr_t)spec->env : environ);
	/* `report` is close-on-exec: it only speaks when execve failed. */
	if (write(report, &errno, sizeof(errno)) < 0)
		_exit(126);
	_exit(127);
}

static void close_both(int fds[2])
{
	auto_close(&fds[0]);
	auto_close(&fds[1]);
}

struct pipe_pair {
	int fds[2];
};

static void pipe_close(struct pipe_pair *p)
{
	close_both(p->fds);
}

bool proc_start(pid_t *pid_out, const struct proc_spec *spec, struct err *err)
{
	AUTO(auto_free) char *program = proc_find(spec->argv[0]);
	AUTO(pipe_close) struct pipe_pair report = { { -1, -1 } };
	pid_t parent = getpid(), pid;
	int failed = 0;

	if (!program)
		return err_set(err, E_NOT_FOUND, "program '%s' is not on PATH", spec->argv[0]);
	if (pipe2(report.fds, O_CLOEXEC) < 0)
		return err_set_errno(err, "start %s", program);
	pid = fork();
	if (pid < 0)
		return err_set_errno(err, "start %s", program);
	if (pid == 0)
		child(spec, program, parent, report.fds[1]);
	auto_close(&report.fds[1]);
	if (read(report.fds[0], &failed, sizeof(failed)) == sizeof(failed)) {
		waitpid(pid, NULL, 0);
		errno = failed;
		return err_set_errno(err, "start %s", program);
	}
	*pid_out = pid;
	return true;
}

bool proc_wait(int *status_out, pid_t pid, struct err *err)
{
	int status;

	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return err_set_errno(err, "wait for a child");
	*status_out = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	return true;
}

/* One step of a capture: feed stdin, drain stdout and stderr. */
struct capture {
	struct pollfd fds[4]; /* stdin, stdout, stderr, interruption */
	struct slice input;
	struct buf *out, *err_out;
};

static bool drain(struct pollfd *fd, struct buf *to, struct err *err)
{
	char piece[4096];
	ssize_t n = read(fd->fd, piece, sizeof(piece));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return true;
	if (n <= 0) {
		auto_close(&fd->fd);
		return true;
	}
	return buf_append(to, piece, (size_t)n, err);
}

static void feed(struct capture *c)
{
	ssize_t n = c->input.len ? write(c->fds[0].fd, c->input.ptr, c->input.len) : 0;

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n > 0) {
		c->input.ptr += n;
		c->input.len -= (size_t)n;
	}
	/* A child that does not want more input (EPIPE) is its own business. */
	if (n < 0 || !c->input.len)
		auto_close(&c->fds[0].fd);
}

/* What is left of timeout_ms (0: no limit) for poll; false when it is over. */
static bool time_left(int *left_out, uint64_t start, int timeout_ms, struct err *err)
{
	uint64_t passed = clock_monotonic_ms() - start;

	*left_out = -1;
	if (!timeout_ms)
		return true;
	if (passed >= (uint64_t)timeout_ms)
		return err_set(err, E_IO, "no end after %d s", timeout_ms / 1000);
	*left_out = timeout_ms - (int)passed;
	return true;
}

static bool capture_loop(struct capture *c, uint64_t start, int timeout_ms, struct err *err)
{
	int left;

	while (c->fds[1].fd >= 0 || c->fds[2].fd >= 0) {
		if (!time_left(&left, start, timeout_ms, err))
			return false;
		if (poll(c->fds, ARRAY_LEN(c->fds), left) < 0 && errno != EINTR)
			return err_set_errno(err, "poll");
		if (!cancel_check(err))
			return false;
		if (c->fds[0].fd >= 0 && c->fds[0].revents)
			feed(c);
		if (c->fds[1].fd >= 0 && c->fds[1].revents && !drain(&c->fds[1], c->out, err))
			return false;
		if (c->fds[2].fd >= 0 && c->fds[2].revents && !drain(&c->fds[2], c->err_out, err))
			return false;
	}
	return true;
}

/* A child may close its output and go on: its end has the same limit. */
static bool wait_for_end(pid_t pid, uint64_t start, int timeout_ms, struct err *err)
{
	AUTO(auto_close) int fd = (int)syscall(SYS_pidfd_open, pid, 0);
	struct pollfd fds[] = { { .fd = fd, .events = POLLIN },
				{ .fd = cancel_fd(), .events = POLLIN } };
	int left;

	if (fd < 0)
		return true; /* a kernel or sandbox without pidfd: waiting is all there is */
	for (;;) {
		if (!time_left(&left, start, timeout_ms, err))
			return false;
		if (poll(fds, ARRAY_LEN(fds), left) < 0 && errno != EINTR)
			return err_set_errno(err, "poll");
		if (!cancel_check(err))
			return false;
		if (fds[0].revents)
			return true;
	}
}

static void kill_tree(pid_t pid, int depth);

/* The children of one thread: "12 34 ", as proc(5) has it. */
static void kill_children(int tasks, const char *tid, int depth)
{
	AUTO(auto_free) char *name = mem_printf("%s/children", tid);
	AUTO(buf_free) struct buf text = BUF_INIT(64 * KIB);
	struct err ignored = { 0 };
	struct slice rest;
	uint64_t pid;

	if (!fs_read(&text, tasks, name, text.max, FS_BENEATH, &ignored))
		return;
	for (rest = slice_of(text.ptr); rest.ptr;)
		if (str_to_u64(&pid, slice_cut(rest, ' ', &rest), INT32_MAX))
			kill_tree((pid_t)pid, depth + 1);
}

/*
 * A helper is often a script, whose own child would go on without it. They stay in our process
 * group, so that what asks at the terminal may; stopped first, they start no others meanwhile.
 */
static void kill_tree(pid_t pid, int depth)
{
	enum { DEEPEST = 32 };
	AUTO(auto_free) char *path = mem_printf("/proc/%d/task", (int)pid);
	AUTO(str_list_free) struct str_list tids = { 0 };
	AUTO(auto_close) int tasks = -1;
	struct err ignored = { 0 };

	kill(pid, SIGSTOP);
	if (depth < DEEPEST && fs_open_dir(&tasks, path, &ignored) &&
	    fs_list(&tids, tasks, ".", FS_BENEATH, &ignored))
		for (size_t i = 0; i < tids.len; i++)
			kill_children(tasks, tids.items[i], depth);
	kill(pid, SIGKILL);
}

bool proc_capture(int *status_out, struct buf *out, struct buf *err_out,
		  const struct proc_spec *spec, const struct slice *input, int timeout_ms,
		  struct err *err)
{
	AUTO(pipe_close)
	struct pipe_pair in = { { -1, -1 } }, from = { { -1, -1 } }, from_err = { { -1, -1 } };
	struct proc_spec own = *spec;
	struct capture c = { .out = out, .err_out = err_out };
	uint64_t start = clock_monotonic_ms();
	bool ok;
	pid_t pid;

	if ((input && pipe2(in.fds, O_CLOEXEC) < 0) || pipe2(from.fds, O_CLOEXEC) < 0 ||
	    (err_out && pipe2(from_err.fds, O_CLOEXEC) < 0))
		return err_set_errno(err, "pipe");
	if (input) {
		c.input = *input;
		fcntl(in.fds[1], F_SETFL, O_NONBLOCK);
	}
	own.stdin_fd = in.fds[0];
	own.stdout_fd = from.fds[1];
	own.stderr_fd = err_out ? from_err.fds[1] : 2;
	if (!proc_start(&pid, &own, err))
		return false;
	auto_close(&in.fds[0]);
	auto_close(&from.fds[1]);
	auto_close(&from_err.fds[1]);
	c.fds[0] = (struct pollfd){ .fd = steal_fd(&in.fds[1]), .events = POLLOUT };
	c.fds[1] = (struct pollfd){ .fd = steal_fd(&from.fds[0]), .events = POLLIN };
	c.fds[2] = (struct pollfd){ .fd = steal_fd(&from_err.fds[0]), .events = POLLIN };
	c.fds[3] = (struct pollfd){ .fd = cancel_fd(), .events = POLLIN };
	ok = capture_loop(&c, start, timeout_ms, err) && wait_for_end(pid, start, timeout_ms, err);
	for (int i = 0; i < 3; i++)
		auto_close(&c.fds[i].fd);
	if (!ok) {
		kill_tree(pid, 0);
		waitpid(pid, NULL, 0);
		return err_wrap(err, "%s", spec->argv[0]);
	}
	return proc_wait(status_out, pid, err);
}
