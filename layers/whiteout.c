// SPDX-License-Identifier: Apache-2.0
#include "layers/whiteout.h"

#include <string.h>

#include "base/fs.h"

/* The names of whiteouts. What is done about them is unpack.c's and tree.c's business. */

#define AUFS_PREFIX ".wh..wh."

/* A component above the last that looks like a whiteout: AUFS' own folders, or nonsense. */
static bool parse_parents(bool *skip_out, const char *path, struct err *err)
{
	const char *at = path;

	*skip_out = false;
	for (const char *slash; (slash = strchr(at, '/')); at = slash + 1) {
		if (!str_has_prefix(at, WHITEOUT_PREFIX))
			continue;
		if (!str_has_prefix(at, AUFS_PREFIX))
			return err_set(err, E_INTEGRITY, "'%s' lies below a whiteout", path);
		*skip_out = true;
	}
	return true;
}

bool whiteout_parse(enum whiteout_kind *kind_out, const char **name_out, const char *path,
		    struct err *err)
{
	const char *name = fs_basename(path);
	bool skip;

	*kind_out = WHITEOUT_NOT;
	*name_out = NULL;
	if (!parse_parents(&skip, path, err))
		return false;
	if (skip) {
		*kind_out = WHITEOUT_SKIP;
		return true;
	}
	if (!str_has_prefix(name, WHITEOUT_PREFIX))
		return true;
	if (str_eq(name, WHITEOUT_OPAQUE)) {
		*kind_out = WHITEOUT_ALL;
		return true;
	}
	if (str_has_prefix(name, AUFS_PREFIX)) {
		*kind_out = WHITEOUT_SKIP;
		return true;
	}
	name += strlen(WHITEOUT_PREFIX);
	if (!*name || str_eq(name, ".") || str_eq(name, ".."))
		return err_set(err, E_INTEGRITY, "whiteout '%s' names no file", path);
	*kind_out = WHITEOUT_NAME;
	*name_out = name;
	return true;
}
