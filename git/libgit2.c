// SPDX-License-Identifier: Apache-2.0
#include "git/libgit2.h"

#include <stddef.h>

#include "base/dynlib.h"
#include "base/limits.h"
#include "base/parallel.h"

/* Loads libgit2 once and shuts what reaches beyond the objects it is given. */

/*
 * GIT_OPT_SET_PACK_MAX_OBJECT_SIZE, which Debian added to 1.5 for CVE-2026-53585: headers before
 * 1.5.1+ds-1+deb12u2 end two members earlier, and that library refuses the number.
 */
enum { SET_PACK_MAX_OBJECT_SIZE = GIT_OPT_SET_OWNER_VALIDATION + 2 };

static bool set_up(const struct libgit2 *lib, struct err *err)
{
	static const int levels[] = { GIT_CONFIG_LEVEL_PROGRAMDATA, GIT_CONFIG_LEVEL_SYSTEM,
				      GIT_CONFIG_LEVEL_XDG, GIT_CONFIG_LEVEL_GLOBAL };
	bool ok = lib->git_libgit2_init() > 0;

	for (size_t i = 0; ok && i < ARRAY_LEN(levels); i++)
		ok = lib->git_libgit2_opts(GIT_OPT_SET_SEARCH_PATH, levels[i], "") == 0;
	/* files are read once each, so a cache of them is only memory */
	ok = ok && lib->git_libgit2_opts(GIT_OPT_ENABLE_CACHING, 0) == 0 &&
	     lib->git_libgit2_opts(GIT_OPT_ENABLE_FSYNC_GITDIR, 1) == 0 &&
	     lib->git_libgit2_opts(GIT_OPT_SET_PACK_MAX_OBJECTS, (size_t)LIMIT_GIT_OBJECTS) == 0;
	if (!ok)
		return libgit2_failed(lib, E_UNSUPPORTED, "libgit2", err);
	if (lib->git_libgit2_opts(SET_PACK_MAX_OBJECT_SIZE, (size_t)LIMIT_GIT_BLOB) == 0)
		return true;
	err_set(err, E_UNSUPPORTED, "this libgit2 unpacks objects of any size (CVE-2026-53585)");
	err_hint(err,
		 "upgrade libgit2-1.5 to Debian's security update 1.5.1+ds-1+deb12u2 or later");
	return false;
}

bool libgit2_load(const struct libgit2 **out, struct err *err)
{
#define SYMBOL(name) { #name, offsetof(struct libgit2, name) },
	static const struct dynlib_symbol symbols[] = { LIBGIT2_FUNCTIONS(SYMBOL){ 0 } };
#undef SYMBOL
	static struct libgit2 table;
	static struct lock lock = LOCK_INIT;
	static bool is_loaded;
	bool ok;

	lock_take(&lock);
	if (!is_loaded)
		is_loaded = dynlib_load(&table, "libgit2.so.1.5", symbols, "libgit2-1.5", err) &&
			    set_up(&table, err);
	ok = is_loaded;
	lock_drop(&lock);
	*out = &table;
	return ok;
}

bool libgit2_failed(const struct libgit2 *lib, enum err_code code, const char *what,
		    struct err *err)
{
	const git_error *last = lib->git_error_last();

	return err_set(err, code, "%s: %s", what,
		       last && last->message ? last->message : "libgit2 does not say why");
}
