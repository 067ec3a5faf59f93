// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_CONTEXT_TAR_H
#define BUILDER_CONTEXT_TAR_H

#include "builder/context.h"
#include "net/http.h"

/*
 * Contexts that come as a stream (facts/dockerfile.md row 74): a tar, plain or compressed, or the
 * text of a lone Dockerfile, told apart by content. The bytes are read once; those of members wait
 * in the store's spool. Files belong to root like those of a directory (docker's documentation of
 * COPY), so that `tar c . | rtbuild build -` and `rtbuild build .` make one image. Hard links stay
 * names of one file.
 */
struct context_stream {
	struct context *context; /* NULL: no archive, and then */
	struct buf text;         /* all of it, at most LIMIT_DOCKERFILE bytes */
	int64_t modified;        /* Last-Modified of a URL; of a tar else the newest file; -1 */
};
void context_stream_free(struct context_stream *s);

/* `from` is owned in any case; `what` names it in messages. E_INPUT for what is neither. */
MUST_CHECK bool context_stream_read(struct context_stream *out, struct store *store,
				    struct source *from, const char *what, struct err *err);
/* A GET with redirects; E_NOT_FOUND, E_AUTH, E_NETWORK by status. */
MUST_CHECK bool context_stream_get(struct context_stream *out, struct store *store,
				   struct http *http, const char *url, struct err *err);

/* A text as a context of one file named "context", as BuildKit has it for named ones. Taken. */
struct context *context_of_text(struct buf *text);

#endif
