// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_SECCOMP_H
#define SANDBOX_SECCOMP_H

#include "base/err.h"
#include "base/json.h"
#include "base/str.h"

/* The system call filter of every command: as a BPF program for our own isolation, and as the
 * member linux.seccomp of an OCI config. */
MUST_CHECK bool seccomp_program(struct buf *out, struct err *err);
/* Another, that lets everything pass but sockets of a network (EAFNOSUPPORT, as a kernel without
 * one says) and what leads to sockets of other processes (EPERM). Own calls for sockets
 * of 32-bit programs (socketcall) are refused whole: their arguments cannot be seen. */
MUST_CHECK bool seccomp_no_network(struct buf *out, struct err *err);
/* What the program's bytes follow from, as one line: whoever has it kept under the same need not
 * make it again, which takes 20 ms. */
void seccomp_identity(struct buf *out);
/* For this process and what it executes, for good. Needs CAP_SYS_ADMIN in its user namespace. */
MUST_CHECK bool seccomp_apply(const struct buf *program, struct err *err);
json_t *seccomp_oci(void); /* the caller's */

#endif
