// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_HELPER_H
#define SANDBOX_HELPER_H

/*
 * The helper process: serves requests from `sock` until the other side closes, each in a worker
 * process of its own, and takes everything with it when it ends. The only place that makes
 * namespaces. Never returns.
 */
void helper_main(int sock) __attribute__((noreturn));

#endif
