// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_RUNTIME_H
#define CMD_BUILD_RUNTIME_H

#include "cmd/build_job.h"

/* The part of `rtbuild build` that a backend has: which it is, what its configuration says, its
 * Dockerfile and packages, its names. */

/*
 * job->backend, from --backend or the configuration; it stays NULL when a Dockerfile of the user's
 * is meant. What the command line does not say is the configuration's (settings, name, platform)
 * and is put into `args`. E_USAGE for a backend nothing is built for, and for options that are a
 * backend's when there is none.
 */
MUST_CHECK bool build_runtime_find(struct build_job *job, struct session *s,
				   struct build_args *args, struct err *err);
/* Its Dockerfile, the contexts that copies from, and the names, into a job that is prepared. */
MUST_CHECK bool build_runtime_inputs(struct build_job *job, struct session *s,
				     const struct build_args *args, struct err *err);

#endif
