// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_WORKER_H
#define SANDBOX_WORKER_H

#include "sandbox/run.h"

/* One request, in a process of its own. It answers and exits; when who asked goes away or says
 * stop, it kills, cleans up and exits. */
struct worker {
	const struct space *space;
	const struct engine *engine;
	const struct request *request;
	const struct buf *filter;
	int fds[MESSAGE_FDS]; /* of the request; the worker closes what it does not need */
	bool probe;
};
void worker_main(const struct worker *w) __attribute__((noreturn));

#endif
