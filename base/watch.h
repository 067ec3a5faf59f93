// SPDX-License-Identifier: Apache-2.0
#ifndef BASE_WATCH_H
#define BASE_WATCH_H

#include "base/err.h"
#include "base/str.h"

/*
 * Waiting for files of some directories to change (inotify). Directories are watched, not files, so
 * that an editor which writes a new file and renames it over the old one is seen too; and by their
 * paths: one that is removed and made again, replaced by another, or reached through a link that is
 * turned elsewhere, goes on being watched, for the directories above it are asked about that one
 * name. What is below a directory is not watched with it.
 */
struct watch;
MUST_CHECK bool watch_open(struct watch **out, struct err *err);
void watch_close(struct watch *w); /* NULL is fine */
DEFINE_AUTO(struct watch, watch_close)

/* Again for a directory that is watched already does nothing. E_NOT_FOUND, E_INPUT: no directory;
 * E_UNSUPPORTED when the user's number of watches is used up (fs.inotify.max_user_watches). */
MUST_CHECK bool watch_add(struct watch *w, const char *dir, struct err *err);

/*
 * Until a file was written, made, moved or removed, and then until nothing more happened for
 * `quiet_ms`: a save is many events. What never rests is not waited for longer than
 * WATCH_PATIENCE times that. Changes since the last call count. `ignore` says which names do not
 * matter; NULL: all do. E_CANCELLED when interrupted.
 */
enum { WATCH_PATIENCE = 20 };
MUST_CHECK bool watch_wait(struct watch *w, bool (*ignore)(const char *name), int quiet_ms,
			   struct err *err);

#endif
