// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_CACHE_H
#define CMD_BUILD_CACHE_H

#include "builder/cache_remote.h"
#include "cmd/cmd.h"

/*
 * --cache-from and --cache-to of `build`, in buildx's words:
 *	type=registry,ref=HOST/NAME[:TAG]   (a value without "=" is such a reference)
 *	type=local,src=DIR | dest=DIR[,tag=TAG]
 *	type=inline                         (--cache-to: into the image itself)
 * and for --cache-to mode=min|max and ignore-error=true|false.
 */
struct build_caches {
	struct cache_place *from, *to; /* owned */
	size_t from_count, to_count;
	struct str_list owned; /* text they point at */
};
/* E_USAGE, E_UNSUPPORTED for a type of buildx's that is not here. `compression`: of new layers,
 * which a cache's blobs are. */
MUST_CHECK bool build_caches_parse(struct build_caches *out, const struct str_list *from,
				   const struct str_list *to, const char *compression,
				   struct err *err);
void build_caches_free(struct build_caches *c);
/* Tell the registry client what will be pushed; then the caches as the builder takes them, NULL
 * when none was asked for. */
MUST_CHECK bool build_caches_open(struct cache_remote **out, const struct build_caches *c,
				  struct session *s, const struct platform *platform,
				  struct err *err);

#endif
