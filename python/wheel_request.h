// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_WHEEL_REQUEST_H
#define PYTHON_WHEEL_REQUEST_H

#include "base/event.h"
#include "base/map.h"
#include "python/index_client.h"
#include "python/pylock.h"
#include "python/target.h"

/* What packages are asked for, and where they may come from. Borrowed. */

/* Which package indexes are asked, and what of a lock, which names its own. Borrowed. */
struct wheel_indexes {
	struct index_client *client;
	const char *url;              /* --index-url; NULL: see wheels_select */
	const struct str_list *extra; /* --extra-index-url, asked before it; NULL: none */
	bool none;                    /* --no-index */
	const struct pylock_choice
		*choice; /* of the locks among the files (pylock.h); NULL: none */
};
#define WHEELS_PYPI "https://pypi.org/simple/"

struct wheel_request {
	const struct python_target *target;
	const char *const *files; /* requirements files, -r */
	size_t file_count;
	const char *const *requirements; /* single requirements ("numpy>=1.20"), from templates */
	size_t requirement_count;
	const char *const *find_links; /* directories; URLs of pages when there is a client */
	size_t find_links_count;
	const struct wheel_indexes *indexes; /* NULL: none are asked, whatever the files say */
	const char *const *constraints;      /* files, -c */
	size_t constraint_count;
	const struct map *preferences; /* key -> version to take as long as it satisfies; NULL */
	bool prereleases;              /* --pre */
	bool no_deps;
	bool only_choose; /* the wheels themselves are not wanted */
};

#endif
