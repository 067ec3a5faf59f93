// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_LIBGIT2_H
#define GIT_LIBGIT2_H

#include <git2.h> /* the only include of it */
#include <stdbool.h>

#include "base/err.h"

/*
 * libgit2, loaded at first use (base/dynlib.h): the functions git/ calls, as a table. It keeps and
 * verifies objects; what goes over the wire is git/smart.c's (docs/adr/0013).
 */
/* clang-format off */
#define LIBGIT2_FUNCTIONS(X)                                                           \
	X(git_commit_free)            X(git_commit_lookup)                                 \
	X(git_commit_time)            X(git_commit_tree_id)                                \
	X(git_error_last)             X(git_indexer_append)                                \
	X(git_indexer_commit)         X(git_indexer_free)                                  \
	X(git_indexer_new)            X(git_indexer_options_init)                          \
	X(git_libgit2_init)           X(git_libgit2_opts)                                  \
	X(git_object_free)            X(git_object_id)                                     \
	X(git_object_lookup)          X(git_object_peel)                                   \
	X(git_odb_free)               X(git_odb_object_data)                               \
	X(git_odb_object_free)        X(git_odb_object_size)                               \
	X(git_odb_object_type)        X(git_odb_open)                                      \
	X(git_odb_read)               X(git_odb_read_header)                               \
	X(git_odb_refresh)            X(git_oid_fromstrn)                                  \
	X(git_oid_nfmt)               X(git_reference_name_to_id)                          \
	X(git_repository_free)        X(git_repository_odb)                                \
	X(git_repository_open_ext)    X(git_repository_wrap_odb)                           \
	X(git_tree_entry_byindex)     X(git_tree_entry_filemode_raw)                       \
	X(git_tree_entry_id)          X(git_tree_entry_name)                               \
	X(git_tree_entrycount)        X(git_tree_free)                                     \
	X(git_tree_lookup)
/* clang-format on */

struct libgit2 {
#define LIBGIT2_MEMBER(name) __typeof__(&(name)) name;
	LIBGIT2_FUNCTIONS(LIBGIT2_MEMBER)
#undef LIBGIT2_MEMBER
};

/*
 * The table, the same for every call: no settings of user or system are read, nothing is cached,
 * limits of base/limits.h are set. E_UNSUPPORTED, with the package to install, when there is no
 * libgit2. Thread-safe.
 */
MUST_CHECK bool libgit2_load(const struct libgit2 **out, struct err *err);
/* What libgit2 says went wrong in this thread, as `code`; returns false. */
bool libgit2_failed(const struct libgit2 *lib, enum err_code code, const char *what,
		    struct err *err);

#endif
