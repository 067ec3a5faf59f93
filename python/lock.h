// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_LOCK_H
#define PYTHON_LOCK_H

#include "base/str.h"
#include "python/wheel_request.h"

/*
 * What was chosen for a target, written down so that it is chosen again: as a requirements file
 * with hashes, or as pylock.toml (pylock.h). Each package is pinned, with the hashes of all wheels
 * of its version that there are, so that targets of other architectures or libraries install from
 * it too; source archives are left out, so that nothing is ever built from it. Deterministic: the
 * same request of the same files gives the same bytes. No credentials get into it.
 */
enum lock_format { LOCK_REQUIREMENTS, LOCK_PYLOCK };
/* By the name of the file it goes to (pylock_is_name). */
enum lock_format lock_format_of(const char *path);

struct lock_options {
	enum lock_format format;
	const char *output; /* where it will be, for the paths of local wheels; NULL: nowhere */
};

/*
 * Choose as wheels_select does and append the lock to `out`. Files whose hashes are not known are
 * fetched and read. Errors as those of wheels_select.
 */
MUST_CHECK bool lock_make(struct buf *out, const struct wheel_request *req,
			  const struct lock_options *options, struct events *events,
			  struct err *err);

/* The versions a lock that was written before has, key -> owned text, whatever wrote it. None when
 * the file is absent. E_INPUT. */
MUST_CHECK bool lock_read_versions(struct map *out, const char *path, struct err *err);

#endif
