// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILDKIT_ARGS_H
#define CMD_BUILDKIT_ARGS_H

#include "base/err.h"
#include "base/map.h"

/*
 * Build arguments that speak to the builder and not to the Dockerfile (BuildKit's Dockerfile
 * reference, "BuildKit built-in build args"). Switches are read here:
 *	BUILDKIT_INLINE_CACHE            as --cache-to type=inline
 *	BUILDKIT_MULTI_PLATFORM          an index also of one platform
 *	BUILDKIT_CONTEXT_KEEP_GIT_DIR    .git stays in a git context
 * builder/ reads BUILDKIT_CACHE_MOUNT_NS (mountset.c), BUILDKIT_SANDBOX_HOSTNAME (runoptions.h),
 * BUILDKIT_DOCKERFILE_CHECK (lint.h), BUILDKIT_SYNTAX (plan.c) and SOURCE_DATE_EPOCH. What is left,
 * BUILDKIT_BUILD_NAME and BUILDKIT_SBOM_*, is about what is not made here.
 */

/* Values as Go's strconv.ParseBool; absent or empty leaves *out as it is. E_USAGE. */
MUST_CHECK bool buildkit_args_switch(bool *out, const struct map *args, const char *name,
				     struct err *err);

#endif
