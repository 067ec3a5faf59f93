// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_LIBARCHIVE_H
#define LAYERS_LIBARCHIVE_H

#include <archive.h>       /* the only include of it */
#include <archive_entry.h> /* the only include of it */
#include <stdbool.h>

#include "base/err.h"

/*
 * libarchive, loaded at first use (base/dynlib.h): the functions layers/tar.c
 * and layers/filter.c call, as a table. One named format and at most one named filter a call.
 */
/* clang-format off */
#define LIBARCHIVE_FUNCTIONS(X)                                                        \
	X(archive_entry_clear)              X(archive_entry_copy_hardlink)             \
	X(archive_entry_copy_pathname)      X(archive_entry_copy_symlink)              \
	X(archive_entry_filetype)           X(archive_entry_free)                      \
	X(archive_entry_gid)                X(archive_entry_hardlink)                  \
	X(archive_entry_mode)               X(archive_entry_mtime)                     \
	X(archive_entry_mtime_nsec)         X(archive_entry_new)                       \
	X(archive_entry_pathname)           X(archive_entry_rdevmajor)                 \
	X(archive_entry_rdevminor)          X(archive_entry_set_gid)                   \
	X(archive_entry_set_mode)           X(archive_entry_set_mtime)                 \
	X(archive_entry_set_rdevmajor)      X(archive_entry_set_rdevminor)             \
	X(archive_entry_set_size)           X(archive_entry_set_uid)                   \
	X(archive_entry_size)               X(archive_entry_size_is_set)               \
	X(archive_entry_symlink)            X(archive_entry_uid)                       \
	X(archive_entry_xattr_add_entry)    X(archive_entry_xattr_next)                \
	X(archive_entry_xattr_reset)        X(archive_error_string)                    \
	X(archive_read_data)                                                           \
	X(archive_filter_bytes)             X(archive_read_open2)                      \
	X(archive_read_data_block)          X(archive_read_free)                       \
	X(archive_read_header_position)     X(archive_read_new)                        \
	X(archive_read_next_header)         X(archive_read_open)                       \
	X(archive_read_support_filter_bzip2)                                           \
	X(archive_read_support_filter_xz)   X(archive_read_support_format_raw)         \
	X(archive_read_support_format_tar)                                             \
	X(archive_write_close)              X(archive_write_data)                      \
	X(archive_write_finish_entry)                                                  \
	X(archive_write_free)               X(archive_write_header)                    \
	X(archive_write_new)                X(archive_write_open)                      \
	X(archive_write_set_bytes_in_last_block)                                       \
	X(archive_write_set_bytes_per_block)                                           \
	X(archive_write_set_format_option)  X(archive_write_set_format_pax)            \
	X(archive_write_set_format_pax_restricted)
/* clang-format on */

struct libarchive {
#define LIBARCHIVE_MEMBER(name) __typeof__(&(name)) name;
	LIBARCHIVE_FUNCTIONS(LIBARCHIVE_MEMBER)
#undef LIBARCHIVE_MEMBER
};

/* The table, the same for every call. E_UNSUPPORTED, with the package to install, when there is no
 * libarchive. Thread-safe. */
MUST_CHECK bool libarchive_load(const struct libarchive **out, struct err *err);

#endif
