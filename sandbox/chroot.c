// SPDX-License-Identifier: Apache-2.0
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sandbox/launch.h"
#include "sandbox/network.h"

/*
 * A command in a root of its own and nothing else, for containers that may neither mount nor make
 * namespaces: the isolation is the container's. What namespaces can be had are taken.
 */

/* What a command with all rights mounts ends with it. Where this is refused it cannot mount. */
static bool hide_mounts(struct err *err)
{
	if (unshare(CLONE_NEWNS) < 0) {
		errno = 0;
		return true;
	}
	return mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 ||
	       err_set_errno(err, "make mounts private");
}

static bool enter(const struct container *c, struct err *err)
{
	if (c->insecure && !hide_mounts(err))
		return false;
	if (!c->network && !network_cut(err))
		return false;
	if (unshare(CLONE_NEWUTS) == 0 && sethostname(c->hostname, strlen(c->hostname)) < 0)
		errno = 0; /* the container's name then */
	if (chroot(c->root) < 0 || chdir("/") < 0) {
		err_set_errno(err, "enter the root tree %s", c->root);
		err->code = E_UNSUPPORTED;
		return err_hint(err, "chroot needs CAP_SYS_CHROOT");
	}
	return true;
}

bool chroot_run(int *status_out, const struct container *c, const struct buf *filter,
		struct err *err)
{
	return launch_run(status_out, c, fork, enter, filter, err);
}
