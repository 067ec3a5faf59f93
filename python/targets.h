// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_TARGETS_H
#define PYTHON_TARGETS_H

#include "base/arena.h"
#include "base/json.h"
#include "base/map.h"
#include "python/target.h"

/*
 * Targets with a name: the Pythons that backends and base images have, each with its C library and
 * its paths ("lambda-python3.12-arm64", "bookworm-python3.11-x86_64"); and targets as documents, in
 * the shape of pex's complete platforms (docs.pex-tool.org, "Complete platform").
 */
struct python_profile {
	const char *name;        /* of a document: its path */
	const char *title;       /* "AWS Lambda's own runtime"; "" for a document without one */
	const char *end_of_life; /* "2025-10-31", from when python.org mends this minor no more;
				    NULL: not known here */
	struct python_target target;
	/* Absolute paths, NULL where there are none or a document does not say. `site` is where an
	 * artifact puts packages; `data` is the prefix of .data/data. */
	const char *interpreter, *site, *scripts, *data;
	const char *const *preinstalled; /* normalised names the runtime brings; NULL-terminated;
					    may be NULL */
	/* what a document says: the target's `tags` and `markers` point here */
	struct str_list tags;
	struct map markers;
	struct arena arena;
};
void python_profile_free(struct python_profile *p);

/* Call `each` for every named target in order; stops where it returns false. */
typedef bool python_profile_fn(void *arg, const struct python_profile *p, struct err *err);
MUST_CHECK bool python_profiles_each(python_profile_fn *each, void *arg, struct err *err);

/*
 * By name, or a document: what ends in ".json" or has a "/" is a path. Backends that build on
 * python:X.Y-slim-bookworm have its targets under their own names as well
 * ("k8s-python3.11-x86_64"). E_USAGE with "did you mean" for an unknown name; E_NOT_FOUND, E_INPUT
 * for a document. `out` must stay where it is while its target is used, and is released by
 * python_profile_free.
 */
MUST_CHECK bool python_profile_find(struct python_profile *out, const char *name, struct err *err);

/* {"path", "compatible_tags", "marker_environment"}, which pex reads, and "rtbuild": what it leaves
 * out. The caller decrefs. */
json_t *python_profile_export(const struct python_profile *p);

/*
 * Of such a document; "rtbuild" may be absent, then Python, platform and C library are what the
 * tags and markers say. `what` names it in messages. E_INPUT: tags that are no tags, marker names
 * PEP 508 has not, a target that is no CPython 3 on Linux.
 */
MUST_CHECK bool python_profile_import(struct python_profile *out, json_t *doc, const char *what,
				      struct err *err);

/* Whether python.org has ended that minor on the day of `now` (seconds since 1970). */
bool python_profile_has_ended(const struct python_profile *p, int64_t now);
/* The day it ends for any minor, NULL when not known. */
const char *python_end_of_life(int minor);

#endif
