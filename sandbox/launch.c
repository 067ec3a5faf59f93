// SPDX-License-Identifier: Apache-2.0
#include "sandbox/launch.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/caps.h"
#include "sandbox/limit.h"
#include "sandbox/message.h"
#include "sandbox/seccomp.h"

/* From a child of ours to the command. */

static bool close_from(unsigned int first, unsigned int last, struct err *err)
{
	return first > last || syscall(SYS_close_range, first, last, 0U) == 0 ||
	       err_set_errno(err, "close_range");
}

/*
 * Whatever else is open here is not the command's. It is closed now, not on execve: until then the
 * image's own paths could lead through /proc/self/fd to it and out of the root (CVE-2024-21626).
 */
static bool set_streams(const struct container *c, unsigned int report_fd, struct err *err)
{
	int fds[3] = { c->stdin_fd, c->stdout_fd, c->stderr_fd };

	for (int i = 0; i < 3; i++) {
		fds[i] = fcntl(fds[i], F_DUPFD_CLOEXEC, 3);
		if (fds[i] < 0)
			return err_set_errno(err, "duplicate a descriptor");
	}
	for (int i = 0; i < 3; i++)
		if (dup2(fds[i], i) < 0)
			return err_set_errno(err, "duplicate a descriptor");
	return close_from(3, report_fd - 1, err) && close_from(report_fd + 1, ~0U, err);
}

/* The kernel names a place outside the root "(unreachable)...". */
static bool enter_cwd(const char *path, struct err *err)
{
	char where[PATH_MAX];

	if (chdir(path) < 0 || syscall(SYS_getcwd, where, sizeof(where)) < 0)
		return err_set_errno(err, "enter the working directory %s", path);
	return where[0] == '/' ||
	       err_set(err, E_INPUT, "the working directory %s leads out of the image", path);
}

/* Before anything is given up: the user's numbers become our own. */
static bool become_own(const struct container *c, struct err *err)
{
	if (c->space->may_setgroups && setgroups(0, NULL) < 0)
		return err_set_errno(err, "setgroups");
	return space_enter_own(c->user->uid, c->user->gid, err);
}

static bool become(const struct container *c, const struct buf *filter, struct err *err)
{
	const struct user *u = c->user;
	gid_t groups[USER_GROUPS_MAX];

	for (size_t i = 0; i < u->group_count; i++)
		groups[i] = u->groups[i];
	/* The filter before the ids change: it takes CAP_SYS_ADMIN to set one without no_new_privs.
	 */
	if (!(c->insecure ? caps_hold(err) : caps_bound(err)) ||
	    (filter && !seccomp_apply(filter, err)))
		return false;
	if (c->space->may_setgroups && !c->own_ids && setgroups(u->group_count, groups) < 0)
		return err_set_errno(err, "setgroups");
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return err_set_errno(err, "become group %u", u->gid);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return err_set_errno(err, "become user %u", u->uid);
	return c->insecure ? caps_raise(err) : caps_set(u->uid == 0, err);
}

/* Before the ids change: more than this process has takes CAP_SYS_RESOURCE. */
static bool set_limits(const struct container *c, struct err *err)
{
	for (size_t i = 0; i < c->limit_count; i++)
		if (!limit_set(&c->limits[i], err))
			return false;
	return true;
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* What the child sends when it did not get to execute the command. */
struct report {
	struct err err;
	int exec_errno; /* 0: the isolation failed, see err */
};

static bool prepare(const struct container *c, launch_enter_fn *enter, const struct buf *filter,
		    int report_fd, struct err *err)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (!enter(c, err) || (c->own_ids && !become_own(c, err)) ||
	    !set_streams(c, (unsigned int)report_fd, err))
		return false;
	/* Keys of our session are none of the command's business; kernels without keyrings refuse.
	 */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		errno = 0;
	setsid();
	/* A terminal on stdin becomes the command's own, where it is nobody else's. */
	if (ioctl(STDIN_FILENO, TIOCSCTTY, 0) < 0)
		errno = 0;
	umask(022);
	reset_signals();
	if (!enter_cwd(c->cwd, err) || !set_limits(c, err) || !become(c, filter, err))
		return false;
	/* Another user is another process to the kernel: what it was told before is forgotten. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	return true;
}

static void __attribute__((noreturn))
child(const struct container *c, launch_enter_fn *enter, const struct buf *filter, int report_fd)
{
	struct report report = { 0 };

	if (prepare(c, enter, filter, report_fd, &report.err)) {
		execve(c->program, (char *const *)(uintptr_t)c->argv,
		       (char *const *)(uintptr_t)c->env);
		report.exec_errno = errno;
	}
	if (write(report_fd, &report, sizeof(report)) < 0)
		_exit(126);
	_exit(125);
}

/* 127 or 126 as a shell has it, with the reason. */
static int exec_failed(const struct container *c, int number)
{
	AUTO(auto_free) char *why = mem_printf("exec: \"%s\": %s", c->program, strerror(number));

	container_say(c, why);
	return number == ENOENT ? 127 : 126;
}

/* The pipe ended without a report: execve succeeded, so the namespaces and the root are complete.
 */
static void tell_started(const struct container *c, pid_t pid)
{
	AUTO(auto_close) int pidfd = -1;
	struct err ignored = { 0 };
	struct message w = MESSAGE_INIT;

	if (c->started_fd < 0)
		return;
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	if (pidfd >= 0 && !message_send(c->started_fd, &w, &pidfd, 1, &ignored))
		err_clear(&ignored); /* who asked is gone, and stops us by other means */
	message_free(&w);
}

/* Closes `report_fd`. */
static bool wait_for(int *status_out, const struct container *c, pid_t pid, int report_fd,
		     struct err *err)
{
	AUTO(auto_close) int read_fd = report_fd;
	struct report report = { 0 };
	ssize_t n = read(read_fd, &report, sizeof(report));

	if (n == 0)
		tell_started(c, pid);
	while (waitpid(pid, status_out, 0) < 0 && errno == EINTR)
		;
	*status_out =
		WIFSIGNALED(*status_out) ? 128 + WTERMSIG(*status_out) : WEXITSTATUS(*status_out);
	if (n != (ssize_t)sizeof(report))
		return true;
	if (report.exec_errno) {
		*status_out = exec_failed(c, report.exec_errno);
		return true;
	}
	*err = report.err;
	return false;
}

bool launch_run(int *status_out, const struct container *c, pid_t (*start)(void),
		launch_enter_fn *enter, const struct buf *filter, struct err *err)
{
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	pid = start();
	if (pid == 0)
		child(c, enter, filter, fds[1]);
	close(fds[1]);
	if (pid < 0) {
		close(fds[0]);
		return err_set_errno(err, "start a process");
	}
	return wait_for(status_out, c, pid, fds[0], err);
}
