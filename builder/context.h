// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CONTEXT_H
#define BUILDER_CONTEXT_H

#include "builder/files.h"
#include "image/store.h"

/*
 * A directory as a source of files: walked once, its .dockerignore applied, so that everything
 * later reads from one list of admitted files and nothing else. A file's bytes are read once,
 * straight into the layer, hashed on the way, and refused when the file is not what it was when it
 * was listed.
 */
struct context;
/* `dockerfile`: the path of the Dockerfile, whose NAME.dockerignore goes before the directory's
 * own; NULL or "": none. `store` (may be NULL): for the stat index. Nothing is walked yet. */
MUST_CHECK bool context_open(struct context **out, struct store *store, const char *dir,
			     const char *dockerfile, struct err *err);
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
/* A text that two names of one inode have in common; the caller frees. */
char *context_identity(const struct entry *e);
bool context_has_links(const struct entry *e); /* its inode has several names */

#endif
