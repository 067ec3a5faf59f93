// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_FORWARD_H
#define SANDBOX_FORWARD_H

#include "sandbox/command.h"

/*
 * A socket for one command that leads to one of the host, with an owner and mode of its own: an
 * agent refuses whoever is not its user, and a command may run as anybody. A process of its own
 * carries the bytes; it ends with the process namespace it is started in, or with its parent.
 *
 * `path` is made; relative to the working directory, since a socket's name is at most 107 bytes.
 */
MUST_CHECK bool forward_start(const char *path, const struct sandbox_mount *socket,
			      struct err *err);

#endif
