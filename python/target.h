// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_TARGET_H
#define PYTHON_TARGET_H

#include "base/err.h"
#include "base/map.h"
#include "base/str.h"
#include "image/platform.h"

/*
 * The Python that will run the packages: never the build machine's. Tags
 * (PEP 425, 600, 656) and markers (PEP 508) are answered for it.
 */
struct python_target {
	int minor; /* 3.minor */
	int patch; /* for python_full_version; 0 when not known */
	struct platform platform;
	bool musl;
	int libc_major, libc_minor; /* glibc 2.36, musl 1.2 */
	/* Of a target given as a document (python/targets.h), borrowed: all tags it takes, and the
	 * marker values it knows. NULL: computed. */
	const struct str_list *tags;
	const struct map *markers;
};

/* "3.11" or "3.11.2"; libc "glibc-2.36" or "musl-1.2", NULL: glibc-2.36 (Debian 12, the official
 * images' base). E_USAGE. */
MUST_CHECK bool python_target_make(struct python_target *out, const char *python,
				   const struct platform *platform, const char *libc,
				   struct err *err);

/* Compatible tags, best first, "cp311-cp311-manylinux_2_36_x86_64"; order of packaging.tags. */
void python_target_tags(struct str_list *out, const struct python_target *t);

/* "x86_64", "aarch64", ...: what platform.machine() says there. */
const char *python_target_machine(const struct python_target *t);

/* PEP 508 environment variable ("python_version", "sys_platform", ...), NULL when there is no such
 * name. Valid until `scratch` changes. */
const char *python_target_marker(struct buf *scratch, const struct python_target *t,
				 const char *name);

/* "Python 3.11 on linux/arm64 with glibc 2.36" */
void python_target_format(struct buf *out, const struct python_target *t);

#endif
