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

/*
 * Add its packages for the target to `r`, as locked lines. No extras and the default groups are
 * asked for. `path` may be a URL (r->fetch). The places of wheels are relative to it.
 *
 * E_INPUT for what is malformed and for two entries of one package; E_UNSUPPORTED for a newer major
 * version, for a target that no environment or Requires-Python has, and for packages from
 * repositories, folders, or source archives alone, with the cure.
 */
MUST_CHECK bool pylock_read(struct requirements *r, const char *path,
			    const struct python_target *target, struct err *err);

/* The versions a lock file has of each package, whatever its markers; for keeping them. Owned
 * texts by key. An absent file has none. */
MUST_CHECK bool pylock_read_versions(struct map *out, const char *path, struct err *err);

#endif
