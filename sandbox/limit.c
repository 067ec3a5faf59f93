// SPDX-License-Identifier: Apache-2.0
#include "sandbox/limit.h"

#include <sys/resource.h>

/* clang-format off */
static const char *const names[RLIM_NLIMITS] = {
	[RLIMIT_AS] = "AS",             [RLIMIT_CORE] = "CORE",     [RLIMIT_CPU] = "CPU",
	[RLIMIT_DATA] = "DATA",         [RLIMIT_FSIZE] = "FSIZE",   [RLIMIT_LOCKS] = "LOCKS",
	[RLIMIT_MEMLOCK] = "MEMLOCK",   [RLIMIT_MSGQUEUE] = "MSGQUEUE", [RLIMIT_NICE] = "NICE",
	[RLIMIT_NOFILE] = "NOFILE",     [RLIMIT_NPROC] = "NPROC",   [RLIMIT_RSS] = "RSS",
	[RLIMIT_RTPRIO] = "RTPRIO",     [RLIMIT_RTTIME] = "RTTIME",
	[RLIMIT_SIGPENDING] = "SIGPENDING", [RLIMIT_STACK] = "STACK",
};
/* clang-format on */

const char *limit_name(int resource)
{
	return resource >= 0 && resource < RLIM_NLIMITS ? names[resource] : NULL;
}

bool limit_set(const struct sandbox_limit *l, struct err *err)
{
	struct rlimit limit = { .rlim_cur = l->soft, .rlim_max = l->hard };

	if (setrlimit((__rlimit_resource_t)l->resource, &limit) == 0)
		return true;
	err_set_errno(err, "set the limit RLIMIT_%s", limit_name(l->resource));
	err->code = E_UNSUPPORTED;
	return err_hint(err, "without privilege a limit only goes down: see ulimit -Ha");
}
