// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_DOTGIT_H
#define GIT_DOTGIT_H

#include "base/arena.h"
#include "base/sink.h"
#include "git/repository.h"

/*
 * The .git directory of a commit, as `git clone --depth 1` and a checkout of that commit would make
 * it: HEAD, the ref it was found by, an index, its objects. That of a submodule lies in its
 * parent's, modules/NAME, with a file .git that leads there, as `git submodule update --init` makes
 * it. Made from the commit alone, so that it is the same on every machine: objects are loose and
 * stored uncompressed, the index knows no file times (git fills them in), nothing is logged.
 * Internal to git/.
 */
struct dotgit_file {
	const char *path;  /* from the root of all on */
	const char *bytes; /* its content; NULL: the loose object `id` */
	int64_t size;
	git_oid id;
};

struct dotgit {
	struct {
		struct dotgit_entry {
			const char *path;
			unsigned mode;
			git_oid id;
		} * items; /* all but directories */
		size_t len, cap;
	} index;
	struct {
		git_oid *items; /* trees and files; the same one may be there several times */
		size_t len, cap;
	} objects;
	struct {
		struct dotgit_module {
			const char *name, *url;
		} * items;
		size_t len, cap;
	} modules;
	struct {
		struct dotgit_file *items;
		size_t len, cap;
	} files;          /* what it comes to */
	const char *dir;  /* of the directory: ".git", or ".git/modules/NAME" */
	const char *work; /* where its files are: "", or the path of the submodule */
};
void dotgit_free(struct dotgit *d);
void dotgit_add_object(struct dotgit *d, const git_oid *id);
/* `path` must outlive `d`. */
void dotgit_add_entry(struct dotgit *d, const char *path, unsigned mode, const git_oid *id);

/* E_INTEGRITY for a name that would lead out of the directory or into another one's. */
MUST_CHECK bool dotgit_add_module(struct dotgit *d, struct arena *arena, const char *name,
				  const char *url, struct err *err);

/* Fill `files`, from what was added and the commit; texts live in `arena`. */
MUST_CHECK bool dotgit_make(struct dotgit *d, struct arena *arena, const struct git_repo *repo,
			    const struct git_location *at, struct err *err);

/* The bytes of a loose object (taken), and how many they are. */
struct source *dotgit_open_loose(const struct libgit2 *lib, git_odb_object *object);
int64_t dotgit_loose_size(git_object_t type, size_t size);

#endif
