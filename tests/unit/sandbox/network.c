// SPDX-License-Identifier: Apache-2.0
#include "sandbox/network.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <linux/netlink.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "sandbox/seccomp.h"

/* The filter that takes the place of a network namespace, on a child of this test. */

static int error_of(long result)
{
	return result < 0 ? errno : 0;
}

/* In the child: 0, or the number of what was not as it should be. */
static int try_all(void)
{
	int pair[2];
	const struct {
		int got, want;
	} results[] = {
		{ error_of(socket(AF_UNIX, SOCK_STREAM, 0)), 0 },
		{ error_of(socketpair(AF_UNIX, SOCK_STREAM, 0, pair)), 0 },
		{ error_of(socket(AF_INET, SOCK_STREAM, 0)), EAFNOSUPPORT },
		{ error_of(socket(AF_INET, SOCK_DGRAM, 0)), EAFNOSUPPORT },
		{ error_of(socket(AF_INET6, SOCK_STREAM, 0)), EAFNOSUPPORT },
		{ error_of(socket(AF_PACKET, SOCK_RAW, 0)), EAFNOSUPPORT },
		{ error_of(socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE)), EAFNOSUPPORT },
		{ error_of(socket(AF_VSOCK, SOCK_STREAM, 0)), EAFNOSUPPORT },
		{ error_of(syscall(SYS_io_uring_setup, 1, NULL)), EPERM },
		{ error_of(ptrace(PTRACE_TRACEME, 0, 0, 0)), EPERM },
		{ error_of(getpid()), 0 },
	};

	for (size_t i = 0; i < ARRAY_LEN(results); i++)
		if (results[i].got != results[i].want)
			return (int)i + 1;
	return 0;
}

static void sockets_are_refused(void **state)
{
	AUTO(buf_free) struct buf program = BUF_INIT(1 * MIB);
	struct err err = { 0 };
	int status;
	pid_t pid;
	(void)state;

	assert_true(seccomp_no_network(&program, &err));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 && seccomp_apply(&program, &err)
			      ? try_all()
			      : 100);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(sockets_are_refused) };

	return cmocka_run_group_tests(tests, NULL, NULL);
}
