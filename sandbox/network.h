// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_NETWORK_H
#define SANDBOX_NETWORK_H

#include "base/err.h"

/*
 * No network for a command: a network namespace with a loopback interface alone; or, where none can
 * be made, a system call filter under which there are no sockets but those of the file system
 * (AF_UNIX). With the filter there is no loopback either, and no way to a socket of another
 * process; it needs no_new_privs, so that sudo does not work in the command.
 */
/* For this process, in its new network namespace. */
MUST_CHECK bool network_raise_loopback(struct err *err);
/* For this process and what it executes. */
MUST_CHECK bool network_cut(struct err *err);

#endif
