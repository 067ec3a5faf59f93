// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CONTEXT_H
#define BUILDER_CONTEXT_H

#include "builder/files.h"
#include "image/store.h"

/*
 * A source of files: a directory, or a tree that came as a stream (context_tar.h) or from a git
 * repository (context_git.h).
 *
 * A directory is walked once, its .dockerignore applied, so that everything later
 * reads from one list of admitted files and nothing else. A file's bytes are read once,
 * straight into the layer, hashed on the way, and refused when the file is not what it was when it
 * was listed. Thread-safe.
 */
struct context;
/* `dockerfile`: the path of the Dockerfile, whose NAME.dockerignore goes before the directory's
 * own; NULL or "": none. `store` (may be NULL): for the stat index. Nothing is walked yet. */
MUST_CHECK bool context_open(struct context **out, struct store *store, const char *dir,
			     const char *dockerfile, struct err *err);
/* A tree that is listed already; `files` is taken, `held` is released with it. Nothing of it is
 * ignored before context_ignore. */
struct context *context_of_files(struct files *files, void *held, void (*release)(void *held));
/* Of such a tree: a regular file, links followed inside. E_NOT_FOUND, E_INPUT past `max`. */
MUST_CHECK bool context_read(struct buf *out, struct context *c, const char *path, size_t max,
			     struct err *err);
/* And its .dockerignore, or `dockerfile`.dockerignore (a path inside; NULL: none), from now on. */
MUST_CHECK bool context_ignore(struct context *c, const char *dockerfile, struct err *err);
/* Files of its top directory that are made here (entry_open_bytes), over its own and whatever it
 * ignores. Borrowed; the same list again changes nothing. */
void context_overlay(struct context *c, const struct entry_list *over);
void context_close(struct context *c); /* NULL is fine */
static inline void auto_context_close(struct context **c)
{
	context_close(*c);
}

/* Walks at the first call. Lives as long as the context. */
MUST_CHECK bool context_files(const struct files **out, struct context *c, struct err *err);
/* Write what was learnt about files to the stat index. */
MUST_CHECK bool context_save(struct context *c, struct err *err);

/* Whether an entry is a file of a context, and then the hash of its bytes when it is known: read
 * before, or unchanged since. */
bool context_is_file(const struct entry *e);
const unsigned char *context_hash(const struct entry *e);
/* Read such a file for its hash alone: a cache elsewhere may know what it leads to. */
MUST_CHECK bool context_learn(const struct entry *e, struct err *err);
/* A text that two names of one inode have in common; the caller frees. */
char *context_identity(const struct entry *e);
bool context_has_links(const struct entry *e); /* its inode has several names */

#endif
