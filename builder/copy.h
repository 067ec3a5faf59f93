// SPDX-License-Identifier: Apache-2.0
#ifndef BUILDER_COPY_H
#define BUILDER_COPY_H

#include "builder/dockerignore.h"
#include "builder/files.h"
#include "builder/owner.h"
#include "builder/step.h"
#include "builder/view.h"

/*
 * Where the files of one COPY or ADD go (facts/dockerfile.md rows 1-20, 25-28): sources and a
 * destination to the entries of a layer, parents included. Nothing is read or written here.
 */
struct copy;
/* ADD: put a file's members instead of it when it is an archive; *done_out false when it is none.
 */
typedef bool copy_unpack_fn(void *arg, struct copy *c, const struct entry *file, bool *done_out,
			    struct err *err);

struct copy {
	const struct step *step;
	const struct view *view; /* prepared */
	struct owner owner;
	struct mode_change mode;
	const struct dockerignore *excludes; /* may be NULL */
	bool keep_times;
	bool has_own_times;     /* a source asked to keep its times */
	int64_t mtime;          /* of everything, unless keep_times */
	bool is_linked;         /* --link: nothing of the stage is looked at */
	copy_unpack_fn *unpack; /* NULL: never */
	void *unpack_arg;
	int spool; /* where fetched files lie; -1: none */
	struct entry_list out;
	struct map index; /* path -> index + 1 into out */
	size_t items;     /* sources and matches so far */
	/* The base must be read to know (then the entries so far mean nothing); why, for the plan.
	 */
	const char *needs_base;
};
void copy_free(struct copy *c);

/* One source argument. Errors carry the place of `source_place`. A pattern without a match copies
 * nothing. */
MUST_CHECK bool copy_source(struct copy *c, const struct files *from, const char *source,
			    struct place source_place, struct err *err);
/* One file with a name of its own: here-documents, URLs. */
MUST_CHECK bool copy_file(struct copy *c, const struct entry *file, const char *name,
			  struct err *err);
/* The members of an archive into the destination directory. */
MUST_CHECK bool copy_members(struct copy *c, const struct entry *members, size_t count,
			     struct err *err);
/* A directory alone, as WORKDIR makes it: only what is missing (of an unread base: what is not
 * known). */
MUST_CHECK bool copy_directory(struct copy *c, const char *path, struct err *err);
/*
 * A file of a stage or image whose bytes are not at hand yet: its entry there, else NULL. Its copy
 * gets them by `open`, `dir` and `name`, before copy_finish.
 */
const struct entry *copy_unfetched(const struct entry *e);
/* Sort what was collected, ready for layer_write; copy_link is part of it. */
MUST_CHECK bool copy_finish(struct copy *c, struct err *err);
/* Names of one file inside one COPY stay one file (row 25). Again after files were fetched. */
void copy_link(struct copy *c);

#endif
