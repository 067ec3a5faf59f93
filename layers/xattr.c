// SPDX-License-Identifier: Apache-2.0
#include "layers/xattr.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/mem.h"
#include "base/str.h"

/* Extended attributes of files on disk. */

bool xattr_is_overlay(const char *name, const char **rest_out)
{
	static const char *const prefixes[] = { "trusted.overlay.", "user.overlay." };

	for (size_t i = 0; i < ARRAY_LEN(prefixes); i++) {
		if (!str_has_prefix(name, prefixes[i]))
			continue;
		*rest_out = name + strlen(prefixes[i]);
		return true;
	}
	return false;
}

bool xattr_is_kept(const char *name)
{
	const char *rest;

	return str_eq(name, "security.capability") ||
	       (str_has_prefix(name, "user.") && !xattr_is_overlay(name, &rest));
}

static int by_name(const void *a, const void *b)
{
	return strcmp(((const struct entry_xattr *)a)->name, ((const struct entry_xattr *)b)->name);
}

static bool add(struct entry *e, struct arena *arena, const char *path, const char *name,
		struct err *err)
{
	AUTO(auto_free) char *value = mem_alloc(LIMIT_XATTR_VALUE);
	ssize_t len = lgetxattr(path, name, value, LIMIT_XATTR_VALUE);

	if (len < 0)
		return err_set_errno(err, "read %s of %s", name, e->path);
	e->xattrs[e->xattr_count++] = (struct entry_xattr){
		.name = arena_strdup(arena, name),
		.value = arena_slice(arena, (struct slice){ .ptr = value, .len = (size_t)len }),
		.len = (size_t)len,
	};
	return true;
}

bool xattr_read(struct entry *e, struct arena *arena, int dir, const char *name, struct err *err)
{
	AUTO(auto_free) char *names = NULL;
	size_t kept = 0;
	char path[PATH_MAX];
	ssize_t total;

	e->xattrs = NULL;
	e->xattr_count = 0;
	/* The path ends in the name itself: links cannot be opened for this. */
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir, name);
	total = llistxattr(path, NULL, 0);
	if (total < 0 && errno == ENOENT && access("/proc/self/fd", X_OK) < 0)
		return true;
	if (total < 0)
		return errno == ENOTSUP || err_set_errno(err, "list the attributes of %s", e->path);
	if (!total)
		return true;
	names = mem_alloc(LIMIT_XATTR_TOTAL);
	total = llistxattr(path, names, LIMIT_XATTR_TOTAL);
	if (total < 0)
		return err_set_errno(err, "list the attributes of %s", e->path);
	for (const char *at = names; at < names + total; at += strlen(at) + 1)
		kept += xattr_is_kept(at);
	if (!kept)
		return true;
	e->xattrs = ARENA_ARRAY(arena, struct entry_xattr, kept);
	for (const char *at = names; at < names + total; at += strlen(at) + 1) {
		if (xattr_is_kept(at) && !add(e, arena, path, at, err))
			return false;
	}
	qsort(e->xattrs, e->xattr_count, sizeof(*e->xattrs), by_name);
	return true;
}
