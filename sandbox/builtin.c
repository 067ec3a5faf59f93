// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <limits.h>
#include <linux/keyctl.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/caps.h"
#include "sandbox/container.h"
#include "sandbox/seccomp.h"

/* A command in namespaces made here: no runtime needs to be installed. What it does is what runc
 * does. */

static const char *const device_nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
	const char *name, *target;
} device_links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },
};

/* The host's own nodes, bound: that works without privilege, and /dev itself can refuse any other
 * device. */
static bool fill_dev(int root, struct err *err)
{
	AUTO(auto_close) int dev = -1;

	if (!fs_open(&dev, root, "/dev", O_PATH | O_DIRECTORY, 0, FS_IN_ROOT, err))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(device_nodes); i++) {
		AUTO(auto_free) char *source = mem_printf("/dev/%s", device_nodes[i]);
		AUTO(auto_free) char *target = mem_printf("/dev/%s", device_nodes[i]);
		const struct point node = {
			.type = "bind", .source = source, .target = target, .flags = MS_BIND
		};

		if (!point_mount(&node, root, err))
			return false;
	}
	for (size_t i = 0; i < ARRAY_LEN(device_links); i++)
		if (symlinkat(device_links[i].target, dev, device_links[i].name) < 0)
			return err_set_errno(err, "make /dev/%s", device_links[i].name);
	return true;
}

static bool mount_all(const struct container *c, int root, struct err *err)
{
	for (size_t i = 0; i < c->points->len; i++) {
		struct point p = c->points->items[i];
		bool is_dev = str_eq(p.target, "/dev");

		/* Only what is bound into it is a device: CAP_MKNOD makes names there, not doors.
		 */
		if (is_dev)
			p.flags |= MS_NODEV;
		if (!point_mount(&p, root, err) || (is_dev && !fill_dev(root, err)))
			return false;
	}
	for (size_t i = 0; points_masked[i]; i++)
		if (!point_mask(root, points_masked[i], err))
			return false;
	for (size_t i = 0; points_readonly[i]; i++)
		if (!point_protect(root, points_readonly[i], err))
			return false;
	return true;
}

static bool raise_loopback(struct err *err)
{
	AUTO(auto_close) int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return err_set_errno(err, "bring up the loopback interface");
	return true;
}

static bool enter_root(const char *path, struct err *err)
{
	if (chdir(path) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_set_errno(err, "enter the root tree %s", path);
	return true;
}

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

static bool become(const struct container *c, const struct buf *filter, struct err *err)
{
	const struct user *u = c->user;
	gid_t groups[USER_GROUPS_MAX];

	for (size_t i = 0; i < u->group_count; i++)
		groups[i] = u->groups[i];
	/* The filter before the ids change: it takes CAP_SYS_ADMIN to set one without no_new_privs.
	 */
	if (!caps_bound(err) || !seccomp_apply(filter, err))
		return false;
	if (c->space->may_setgroups && setgroups(u->group_count, groups) < 0)
		return err_set_errno(err, "setgroups");
	if (setresgid(u->gid, u->gid, u->gid) < 0)
		return err_set_errno(err, "become group %u", u->gid);
	if (setresuid(u->uid, u->uid, u->uid) < 0)
		return err_set_errno(err, "become user %u", u->uid);
	return caps_set(u->uid == 0, err);
}

static void reset_signals(void)
{
	sigset_t none;

	for (int sig = 1; sig < NSIG; sig++)
		signal(sig, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

static bool prepare(const struct container *c, const struct buf *filter, int report_fd,
		    struct err *err)
{
	int spaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | (c->network ? 0 : CLONE_NEWNET) |
		     (c->space->pure_cgroup2 ? CLONE_NEWCGROUP : 0);
	AUTO(auto_close) int root = -1;

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(spaces) < 0)
		return err_set_errno(err, "make namespaces");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set_errno(err, "make mounts private");
	if (sethostname(c->hostname, strlen(c->hostname)) < 0)
		return err_set_errno(err, "set the host name");
	if (!c->network && !raise_loopback(err))
		return false;
	if (!fs_open_dir(&root, c->root, err) || !mount_all(c, root, err) ||
	    !enter_root(c->root, err))
		return false;
	auto_close(&root);
	if (!set_streams(c, (unsigned int)report_fd, err))
		return false;
	/* Keys of our session are none of the command's business; kernels without keyrings refuse.
	 */
	if (syscall(SYS_keyctl, KEYCTL_JOIN_SESSION_KEYRING, NULL) < 0)
		errno = 0;
	setsid();
	umask(022);
	reset_signals();
	return enter_cwd(c->cwd, err) && become(c, filter, err);
}

/* What the child sends when it did not get to execute the command. */
struct report {
	struct err err;
	int exec_errno; /* 0: the isolation failed, see err */
};

static void __attribute__((noreturn))
init(const struct container *c, const struct buf *filter, int report_fd)
{
	struct report report = { 0 };

	if (prepare(c, filter, report_fd, &report.err)) {
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

/* fork() into a new pid namespace, and only that one child. */
static pid_t fork_init(void)
{
	AUTO(auto_close) int own = open("/proc/self/ns/pid", O_RDONLY | O_CLOEXEC);
	pid_t pid;

	if (own < 0 || unshare(CLONE_NEWPID) < 0)
		return -1;
	pid = fork();
	if (pid && setns(own, CLONE_NEWPID) < 0 && pid > 0) {
		kill(pid, SIGKILL);
		return -1;
	}
	return pid;
}

bool builtin_run(int *status_out, const struct container *c, const struct buf *filter,
		 struct err *err)
{
	struct report report = { 0 };
	AUTO(auto_close) int read_fd = -1;
	ssize_t n;
	int fds[2];
	pid_t pid;

	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_set_errno(err, "pipe");
	read_fd = fds[0];
	pid = fork_init();
	if (pid == 0)
		init(c, filter, fds[1]);
	close(fds[1]);
	if (pid < 0)
		return err_set_errno(err, "make a process namespace");
	n = read(read_fd, &report, sizeof(report));
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
