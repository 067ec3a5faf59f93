// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/fs.h"
#include "base/mem.h"
#include "sandbox/launch.h"
#include "sandbox/network.h"

/* A command in namespaces made here: no runtime needs to be installed. What it does is what runc
 * does. */

static const char *const device_nodes[] = { "null", "zero", "full", "random", "urandom", "tty" };

static const struct {
	const char *name, *target;
} device_links[] = {
	{ "fd", "/proc/self/fd" },       { "stdin", "/proc/self/fd/0" },
	{ "stdout", "/proc/self/fd/1" }, { "stderr", "/proc/self/fd/2" },
	{ "ptmx", "pts/ptmx" },          { "core", "/proc/kcore" },
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
		if (is_dev && !c->insecure)
			p.flags |= MS_NODEV;
		if (!point_mount(&p, root, err) || (is_dev && !fill_dev(root, err)))
			return false;
	}
	if (c->insecure)
		return true;
	for (size_t i = 0; points_masked[i]; i++)
		if (!point_mask(root, points_masked[i], err))
			return false;
	for (size_t i = 0; points_readonly[i]; i++)
		if (!point_protect(root, points_readonly[i], err))
			return false;
	return true;
}

static bool enter_root(const char *path, struct err *err)
{
	if (chdir(path) < 0 || syscall(SYS_pivot_root, ".", ".") < 0 ||
	    umount2(".", MNT_DETACH) < 0 || chdir("/") < 0)
		return err_set_errno(err, "enter the root tree %s", path);
	return true;
}

static bool enter(const struct container *c, struct err *err)
{
	int spaces = CLONE_NEWNS | CLONE_NEWIPC | CLONE_NEWUTS | (c->network ? 0 : CLONE_NEWNET) |
		     (c->space->pure_cgroup2 ? CLONE_NEWCGROUP : 0);
	AUTO(auto_close) int root = -1;

	if (unshare(spaces) < 0)
		return err_set_errno(err, "make namespaces");
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0)
		return err_set_errno(err, "make mounts private");
	if (sethostname(c->hostname, strlen(c->hostname)) < 0)
		return err_set_errno(err, "set the host name");
	if (!c->network && !network_raise_loopback(err))
		return false;
	return fs_open_dir(&root, c->root, err) && mount_all(c, root, err) &&
	       enter_root(c->root, err);
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
	return launch_run(status_out, c, c->space->bind_proc ? fork : fork_init, enter, filter,
			  err);
}
