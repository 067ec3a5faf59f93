// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_RUNOPTIONS_H
#define BUILDER_RUNOPTIONS_H

#include "base/str.h"
#include "builder/cache.h"
#include "builder/plan.h"
#include "sandbox/command.h"

/*
 * What the command line gives all RUN steps of a build, as docker's options of the same names:
 *
 *	--add-host NAME:ADDRESS   or NAME=ADDRESS, an IPv6 one perhaps in brackets: a line of
 *	                          /etc/hosts
 *	--ulimit NAME=SOFT[:HARD] a limit of the command's process; -1 is none
 *	--shm-size SIZE           of /dev/shm (default: 64m)
 *	--allow network.host      lets RUN --network=host have it under --network none
 *	--allow security.insecure lets RUN --security=insecure have what sandbox.h says of it
 */
struct run_options {
	struct {
		struct run_host {
			char *name, *address;
		} * items;
		size_t len, cap;
	} hosts;
	struct {
		struct sandbox_limit *items;
		size_t len, cap;
	} limits;
	uint64_t shm_size; /* 0: not given */
	bool allow_host_network, allow_insecure;
};
void run_options_free(struct run_options *o);

/* Each takes one text of the command line; E_USAGE, or E_UNSUPPORTED for what no RUN gets here. */
MUST_CHECK bool run_options_add_host(struct run_options *o, const char *text, struct err *err);
MUST_CHECK bool run_options_add_limit(struct run_options *o, const char *text, struct err *err);
MUST_CHECK bool run_options_set_shm(struct run_options *o, const char *text, struct err *err);
MUST_CHECK bool run_options_allow(struct run_options *o, const char *text, struct err *err);

/* Of RUN's machine: the build argument BUILDKIT_SANDBOX_HOSTNAME, or BuildKit's default. */
const char *run_options_hostname(const struct build_request *req);

/* The lines of /etc/hosts; nothing when there are none. */
void run_options_hosts(struct buf *out, const struct run_options *o);
/* As BuildKit keys them (solver/llbsolver/ops/exec.go): the names of hosts without their addresses,
 * limits, sizes and the host name whole. Nothing is added when nothing is given. */
void run_options_key(struct cache_key *k, const struct build_request *req);

/*
 * A RUN's --network decides for it (BuildKit's dispatchRunNetwork), but no Dockerfile takes what
 * the command line withheld: E_INPUT with the place of the first RUN in use that asks, without
 * --allow, for the host's network under --network none, or for --security=insecure.
 */
MUST_CHECK bool run_options_check(const struct plan *p,
				  struct err *err); /* E_USAGE: the host name */
/* The same for one step, a trigger of a base image perhaps. */
MUST_CHECK bool run_options_check_step(const struct build_request *req, const struct step *step,
				       struct err *err);

#endif
