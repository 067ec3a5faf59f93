// SPDX-License-Identifier: Apache-2.0
#ifndef LAYERS_TAR_H
#define LAYERS_TAR_H

#include "base/sink.h"
#include "layers/entry.h"

/*
 * POSIX pax tar by libarchive, as formatter only: no filters, names as bytes.
 * Deterministic: pax headers only where ustar cannot say it, no atime or ctime, no
 * owner names. xattrs as SCHILY.xattr.*; the archive ends with two zero blocks and no more padding.
 */
struct tar_writer;
MUST_CHECK bool tar_writer_open(struct tar_writer **out, struct sink *to, struct err *err);
/* Header and bytes. Sockets do not exist here; whiteouts are empty files named .wh.*, made by the
 * caller. */
MUST_CHECK bool tar_writer_add(struct tar_writer *w, const struct entry *e, struct err *err);
MUST_CHECK bool tar_writer_finish(struct tar_writer *w,
				  struct err *err); /* end of archive; not the sink's */
void tar_writer_close(struct tar_writer *w);
DEFINE_AUTO(struct tar_writer, tar_writer_close)

/*
 * Reading, strictly: tar formats only (libarchive "tar", names as bytes), paths made canonical
 * or refused (E_INTEGRITY), limits of base/limits.h enforced, links with data refused, uid and gid
 * at most LIMIT_ID.
 */
struct tar_reader;
MUST_CHECK bool tar_reader_open(struct tar_reader **out, struct source *from,
				struct err *err); /* borrows from */
/* The next member; *more_out false at the end. The entry lives until the next call. */
MUST_CHECK bool tar_reader_next(struct entry *out, bool *more_out, struct tar_reader *r,
				struct err *err);
/* The bytes of the current file, a piece at a time; *len_out 0 at the end. */
MUST_CHECK bool tar_reader_data(struct tar_reader *r, const void **data_out, size_t *len_out,
				struct err *err);
void tar_reader_close(struct tar_reader *r);
DEFINE_AUTO(struct tar_reader, tar_reader_close)

/* Load libarchive now, not with the first reader or writer: for a process whose children all need
 * it. */
MUST_CHECK bool tar_load(struct err *err);

#endif
