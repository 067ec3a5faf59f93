// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_ZIP_H
#define LAYERS_ZIP_H

#include "base/sink.h"
#include "layers/entry.h"

/*
 * Zips through libarchive. Writing is deterministic: entries in the given (sorted) order, files
 * only, DOS time 1980-01-01, modes 0644/0755, deflate level 6, UTF-8 names. Reading is strict (PEP
 * 427 wheels, function zips): the central directory decides and must agree with the local headers;
 * duplicates, gaps, overlaps, data before or behind, encryption, absolute names, "..", backslashes,
 * NUL, links are E_INTEGRITY.
 */
MUST_CHECK bool zip_write(struct sink *to, const struct entry_list *entries, struct err *err);

struct zip_member {
	const char *name;
	uint64_t size, packed_size;
	uint32_t crc;
	uint32_t mode; /* st_mode bits, 0 when made on Windows */
	bool is_dir;
};
struct zip; /* an opened archive: reads by pread, members in central-directory order */
MUST_CHECK bool zip_open(struct zip **out, int fd, const char *what,
			 struct err *err); /* owns fd, also on failure */
void zip_close(struct zip *z);
DEFINE_AUTO(struct zip, zip_close)
size_t zip_count(const struct zip *z);
const struct zip_member *zip_at(const struct zip *z, size_t i);
const struct zip_member *zip_find(const struct zip *z, const char *name);
/* Bytes of a member, CRC and size verified at the end. Thread-safe: several may be open. */
MUST_CHECK bool zip_open_member(struct source **out, struct zip *z, const struct zip_member *m,
				struct err *err);

#endif
