// SPDX-License-Identifier: Apache-2.0
#ifndef REGISTRY_JOURNAL_H
#define REGISTRY_JOURNAL_H

#include "image/reference.h"
#include "image/store.h"
#include "net/url.h"

/*
 * How far an upload in chunks got, in the store's partial/uploads: one file for a registry,
 * repository and digest, locked by the process that uploads, with a line of JSON for each chunk
 * that was acknowledged (the last whole line counts, so a death in mid-write loses one chunk). What
 * the session's hash was is not kept: the blob is hashed again from its beginning while the rest is
 * sent. No credential is in it; a location on another host than the registry's, which may be
 * signed, is never written. Best effort throughout: without a journal an upload starts at its
 * beginning.
 */
struct journal;

/* NULL: another process has it, or the store cannot keep one. */
struct journal *journal_open(struct store *store, const struct reference *repository,
			     const struct digest *digest, uint64_t size);
/* What the last process left; false when there is nothing (or it is past LIMIT_PARTIAL_AGE_S). */
bool journal_recall(struct url *location_out, uint64_t *offset_out, const struct journal *j);
void journal_note(struct journal *j, const struct url *location, uint64_t offset);
void journal_forget(struct journal *j); /* the upload is done, or its session is lost */
void journal_close(struct journal *j);  /* NULL is fine */
DEFINE_AUTO(struct journal, journal_close)

#endif
