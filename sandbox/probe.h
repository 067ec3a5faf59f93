// SPDX-License-Identifier: Apache-2.0
#ifndef SANDBOX_PROBE_H
#define SANDBOX_PROBE_H

#include "sandbox/run.h"

/*
 * Which engine this host gets: the built-in one, crun, runc, the first that runs a tiny program in
 * an empty root exactly as a real command would be run. Told per process, and remembered in the
 * store for this kernel and these binaries.
 */
struct probe {
	bool done;
	enum sandbox_isolation want;
	struct engine engine;
	struct buf reasons; /* a line each */
	struct err err;     /* when nothing works */
};

/* Runs one command with an engine, in a process of its own: helper.c's worker. */
typedef bool probe_run_fn(void *arg, struct sandbox_result *out, const struct engine *engine,
			  struct err *err);
void probe_init(struct probe *p);
/* Find out, unless that was done for `want`. */
void probe_ensure(struct probe *p, const struct space *space, const char *store,
		  enum sandbox_isolation want, probe_run_fn *run, void *arg);

#endif
