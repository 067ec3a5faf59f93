// SPDX-License-Identifier: Apache-2.0
#include "sandbox/network.h"

#include <errno.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/fs.h"
#include "base/limits.h"
#include "sandbox/seccomp.h"

/* Cutting a command off. */

bool network_raise_loopback(struct err *err)
{
	AUTO(auto_close) int sock = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { .ifr_name = "lo" };

	request.ifr_flags = IFF_UP | IFF_RUNNING;
	if (sock < 0 || ioctl(sock, SIOCSIFFLAGS, &request) < 0)
		return err_set_errno(err, "bring up the loopback interface");
	return true;
}

static bool filter_sockets(struct err *err)
{
	AUTO(buf_free) struct buf program = BUF_INIT(1 * MIB);

	if (!seccomp_no_network(&program, err))
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		return err_set_errno(err, "set no_new_privs");
	if (seccomp_apply(&program, err))
		return true;
	err->code = E_UNSUPPORTED;
	err_wrap(err, "the network cannot be cut off without namespaces");
	return err_hint(err, "leave out --network=none, or build where namespaces or seccomp "
			     "filters may be made");
}

bool network_cut(struct err *err)
{
	return unshare(CLONE_NEWNET) == 0 ? network_raise_loopback(err) : filter_sockets(err);
}
