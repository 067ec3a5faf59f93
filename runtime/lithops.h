// SPDX-License-Identifier: Apache-2.0
#ifndef RUNTIME_LITHOPS_H
#define RUNTIME_LITHOPS_H

#include "base/event.h"
#include "layers/entry.h"
#include "python/wheels.h"
#include "templates/backend.h"

/* The package lithops: where it is from, and its files. */
struct lithops {
	struct wheel_list wheels; /* the one it is from, or none; entries read from it */
	int dir;                  /* or the directory it is from; -1 */
	struct entry_list files;  /* "lithops/...", sorted, no bytecode */
	char *version;            /* as it says itself: "3.7.1.dev0" */
	char *identity;           /* stands for the bytes of all files in cache keys */
};
/* clang-format off */
#define LITHOPS_INIT { .dir = -1 }
/* clang-format on */
void lithops_free(struct lithops *l);

/*
 * `what`: a version, found as every other wheel is (`wheels`: where, and for which target); a wheel
 * by its path; a directory, either of a source tree (it holds lithops/) or the package itself, as
 * `pip show` names it. NULL: the best version there is. E_USAGE for none of these, E_NOT_FOUND,
 * E_INPUT for a directory that is not Lithops, links that leave it, LIMIT_BAKED_FILES.
 */
MUST_CHECK bool lithops_find(struct lithops *out, const char *what,
			     const struct wheel_request *wheels, struct events *events,
			     struct err *err);

/*
 * What a backend starts (lithops/utils.py, create_handler_zip): the package, and its entry point
 * once more where the platform looks for it. handler_layout gives them as they lie in the artifact,
 * with the backend's empty files, sorted and with their directories; handler_zip as the zip
 * Lithops' own Dockerfiles copy and unpack: the entry point first, deterministic. E_NOT_FOUND when
 * this Lithops does not know the backend. `identity` (owned) stands for the content in cache keys.
 */
MUST_CHECK bool handler_layout(struct entry_list *out, char **identity, const struct lithops *l,
			       const struct backend *b, struct err *err);
MUST_CHECK bool handler_zip(struct buf *out, const struct lithops *l, const struct backend *b,
			    struct err *err);

#endif
