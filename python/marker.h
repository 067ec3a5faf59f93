// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_MARKER_H
#define PYTHON_MARKER_H

#include "base/arena.h"
#include "python/target.h"

/*
 * Environment markers (PEP 508; packaging.python.org, "Dependency specifiers"): "python_version <
 * '3.11' and extra == 'aws'", evaluated for a target, never for this machine.
 */
enum marker_variable {
	MARKER_OS_NAME,
	MARKER_SYS_PLATFORM,
	MARKER_PLATFORM_MACHINE,
	MARKER_PLATFORM_PYTHON_IMPLEMENTATION,
	MARKER_PLATFORM_RELEASE,
	MARKER_PLATFORM_SYSTEM,
	MARKER_PLATFORM_VERSION,
	MARKER_PYTHON_VERSION,
	MARKER_PYTHON_FULL_VERSION,
	MARKER_IMPLEMENTATION_NAME,
	MARKER_IMPLEMENTATION_VERSION,
	MARKER_EXTRA,
	MARKER_EXTRAS, /* these two are sets, and only in lock files */
	MARKER_DEPENDENCY_GROUPS,
};
enum { MARKER_VARIABLES = MARKER_EXTRA + 1 };

/* Values by variable; NULL counts as "". `extra` is normalised (name.h) by whoever sets it, and so
 * are the members of the sets; NULL: empty. */
struct marker_env {
	const char *values[MARKER_VARIABLES];
	const struct str_list *extras, *dependency_groups;
};

/* The variables of a target, copied to the arena; no extra. */
struct marker_env marker_env_make(struct arena *a, const struct python_target *t);

const char *marker_variable_name(enum marker_variable v);

/* An expression tree in the arena. */
struct marker;

/*
 * Old names ("os.name", "python_implementation") are understood. E_INPUT;
 * *at_out (may be NULL): the offset in `text` where it went wrong.
 */
MUST_CHECK bool marker_parse(const struct marker **out, struct arena *a, struct slice text,
			     size_t *at_out, struct err *err);

/* The same in a lock file (PEP 751), where "'x' in extras" and "'x' in dependency_groups" may
 * stand.
 */
MUST_CHECK bool marker_parse_locked(const struct marker **out, struct arena *a, struct slice text,
				    size_t *at_out, struct err *err);

/* The variable stands in it. */
bool marker_mentions(const struct marker *m, enum marker_variable v);

/*
 * `m` NULL is true. Versions on both sides compare as PEP 440 says, everything else as Python
 * compares text; ~= without versions has no meaning: E_INPUT.
 */
MUST_CHECK bool marker_eval(bool *out, const struct marker *m, const struct marker_env *env,
			    struct err *err);

/* True for no extra, or for one of `extras` (normalised names): how pip reads Requires-Dist. */
MUST_CHECK bool marker_eval_extras(bool *out, const struct marker *m, const struct marker_env *env,
				   const struct str_list *extras, struct err *err);

/*
 * In the normal form of packaging: python_version < "3.11" and (os_name == "posix" or extra ==
 * "aws"). Parentheses stay as written but for those of the whole, of one comparison, and doubled
 * ones.
 */
void marker_format(struct buf *out, const struct marker *m);

#endif
