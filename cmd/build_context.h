// SPDX-License-Identifier: Apache-2.0
#ifndef CMD_BUILD_CONTEXT_H
#define CMD_BUILD_CONTEXT_H

#include "builder/build.h"
#include "builder/context.h"
#include "cmd/cmd.h"

/* Where the files of a build come from, as the command line says it. */

/* Whether a positional names a context although it is no directory here: "-" or a URL. */
bool build_context_is_source(const char *word);

/* --build-context NAME=SOURCE: a directory, docker-image://REF, oci-layout://DIR[:TAG][@DIGEST], a
 * git repository or an http(s) URL. Text is kept in `owned`. */
MUST_CHECK bool build_context_named(struct build_context *out, struct str_list *owned,
				    const char *text, struct err *err);

/* The main context and the Dockerfile. */
struct build_source {
	char *dir;               /* NULL: no directory, then */
	struct context *context; /* its files; NULL: none, the Dockerfile came alone */
	struct buf dockerfile;
	char *dockerfile_name; /* for messages and NAME.dockerignore; "" when it has none */
	int64_t time; /* SOURCE_DATE_EPOCH=context: of the commit, of the download; -1: none */
};
void build_source_free(struct build_source *b);
/*
 * `word`: a directory, "-" (a tar or a Dockerfile on stdin, by content), a URL of either, or a git
 * repository. `file` (-f; NULL: "Dockerfile"): for directories a path of this machine, else one
 * inside the context; or "-" for stdin, or a URL. `request` has what git is read with.
 */
MUST_CHECK bool build_source_read(struct build_source *out, struct session *s,
				  const struct build_request *request, const char *word,
				  const char *file, struct err *err);

#endif
