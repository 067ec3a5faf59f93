// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_PYLOCK_H
#define PYTHON_PYLOCK_H

#include "python/requirements.h"

/*
 * pylock.toml (packaging.python.org, "pylock.toml Specification"; PEP 751), read. What is installed
 * from one is said by it alone: packages whose markers hold for the target, each once, by the best
 * of its wheels. Nothing is resolved, and no Requires-Dist is followed.
 */

/* "pylock.toml" or "pylock.NAME.toml", at the end of a path or URL. */
bool pylock_is_name(const char *path);

/* Which of a lock's extras and dependency groups are installed; its default groups are, unless.
 * Names as users write them. */
struct pylock_choice {
	struct str_list extras, groups;
	bool no_default_groups;
};
bool pylock_choice_is_made(const struct pylock_choice *choice); /* NULL: it is not */

/*
 * Add its packages for the target to `r`, as locked lines; `choice` may be NULL.
 * `path` may be a URL (r->fetch). The places of wheels are relative to it.
 *
 * E_INPUT for what is malformed, for two entries of one package and for an extra or group it does
 * not have; E_UNSUPPORTED for a newer major
 * version, for a target that no environment or Requires-Python has, and for packages from
 * repositories, folders, or source archives alone, with the cure.
 */
MUST_CHECK bool pylock_read(struct requirements *r, const char *path,
			    const struct python_target *target, const struct pylock_choice *choice,
			    struct err *err);

/* The versions a lock file has of each package, whatever its markers; for keeping them. Owned
 * texts by key. An absent file has none. */
MUST_CHECK bool pylock_read_versions(struct map *out, const char *path, struct err *err);

#endif
