// SPDX-License-Identifier: Apache-2.0
#ifndef IMAGE_PLATFORM_H
#define IMAGE_PLATFORM_H

#include <stdbool.h>

#include "base/err.h"
#include "base/json.h"

/* OCI image-spec, image-index.md "platform"; normalised as containerd does: x86_64 -> amd64,
 * aarch64 -> arm64 (variant v8 dropped), arm -> v7. */
struct platform {
	char os[16];
	char architecture[16];
	char variant[16];
	char os_version[32];
};

struct platform_text {
	char text[64];
};

/* "os/arch[/variant]", or "arch" alone for linux, or "linux" alone for this machine. E_INPUT
 * otherwise. */
MUST_CHECK bool platform_parse(struct platform *out, const char *text, struct err *err);
struct platform_text platform_format(const struct platform *p);
struct platform platform_host(void);
/* An image for `have` runs on `want`: os, architecture and variant agree ("" of arm64 means v8, of
 * arm v7). */
bool platform_matches(const struct platform *have, const struct platform *want);
bool platform_eq(const struct platform *a, const struct platform *b);
/* How well an image for `have` serves `want`, for choosing among several: 0 not at all, more is
 * better. An arm/v6 image serves arm/v7, amd64 serves amd64/v3 (containerd's platforms.Only). */
int platform_rank(const struct platform *have, const struct platform *want);

extern const struct json_type platform_type; /* member `struct platform` */

#endif
