// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_ZIP_H
#define LAYERS_ZIP_H

#include "base/sink.h"
#include "layers/entry.h"

/*
 * Zips (PKWARE APPNOTE). Writing is deterministic: entries in the given (sorted) order, files only
 * (directories are left out), DOS time 1980-01-01 00:00, modes 0644/0755 by the owner's or anyone's
 * x bit, made by Unix, no extra fields, no data descriptors, the UTF-8 flag only where a name needs
 * it, deflate level 6 (stored when that is not smaller), the same bytes for any number of threads.
 * Links and nodes, 4 GiB and more, and over LIMIT_WHEEL_MEMBERS members are E_INPUT. `to` is not
 * finished.
 */
MUST_CHECK bool zip_write(struct sink *to, const struct entry_list *entries, struct err *err);

/*
 * Reading is strict (PEP 427 wheels, function zips): the central directory decides and must agree
 * with the local headers. E_INTEGRITY: duplicates, a file that is also a directory, gaps, overlaps,
 * data before or behind, several end records, encryption, several disks, names that are absolute,
 * hold "..", backslashes, drive letters, control characters or are not UTF-8 marked as such, links
 * and nodes. Methods other than stored and deflated are E_UNSUPPORTED. Zip64 is read.
 */
struct zip_member {
	const char *name; /* directories with their final slash */
	uint64_t size, packed_size;
	uint32_t crc;
	uint32_t mode; /* st_mode bits, 0 when not made on Unix */
	bool is_dir;
};
struct zip; /* an opened archive: reads by pread, members in central-directory order */
/* Owns fd, also on failure; `what` names the archive in messages. */
MUST_CHECK bool zip_open(struct zip **out, int fd, const char *what, struct err *err);
/*
 * The same of a zip of which only parts are here: `fd` is a file of its whole size, of which the
 * bytes from `from` on were filled in, at least the last ZIP_TAIL of them. When the central
 * directory begins before, *out is NULL and *missing_out is where it does: fill in from there and
 * ask again. A member's bytes (zip_member_extent) must be filled in before it is opened, and only
 * then its local header is compared; gaps between members are not looked for.
 */
enum { ZIP_TAIL = 22 + 0xffff }; /* end record and comment */
MUST_CHECK bool zip_open_partial(struct zip **out, uint64_t *missing_out, int fd, uint64_t from,
				 const char *what, struct err *err);
/* Where a member of such a zip lies: header, data and what belongs to it, up to `end`. */
void zip_member_extent(uint64_t *at_out, uint64_t *end_out, const struct zip *z,
		       const struct zip_member *m);
void zip_close(struct zip *z);
DEFINE_AUTO(struct zip, zip_close)
size_t zip_count(const struct zip *z);
const struct zip_member *zip_at(const struct zip *z, size_t i);
const struct zip_member *zip_find(const struct zip *z, const char *name); /* NULL when absent */
/* Bytes of a member, CRC and size verified where they end. Thread-safe: several may be open. The
 * zip must outlive it. */
MUST_CHECK bool zip_open_member(struct source **out, struct zip *z, const struct zip_member *m,
				struct err *err);

#endif
