// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_FILES_H
#define GIT_FILES_H

#include "base/arena.h"
#include "git/location.h"
#include "git/options.h"

/*
 * The files of one commit, as git would check them out, straight from the objects: nothing is
 * written. Submodules are followed at the commit the tree names. Refused, E_INTEGRITY: paths that
 * leave the tree, entries called .git in any case, modes that git does not know. LFS pointers stay
 * what they are: text. With keep_git_dir, and no subdir, a .git directory of the commit is among
 * them (git/dotgit.h), with those of the submodules in it.
 */
enum git_kind { GIT_KIND_FILE, GIT_KIND_PROGRAM, GIT_KIND_LINK, GIT_KIND_DIR };

enum { GIT_ID_SIZE = 20 };

struct git_repo;
struct git_file {
	const char *path; /* relative to the wanted directory, canonical */
	enum git_kind kind;
	unsigned char id[GIT_ID_SIZE];
	int64_t size;      /* files */
	const char *link;  /* links: the target */
	const char *bytes; /* the content itself; NULL: an object's */
	bool is_loose;     /* the object as .git/objects has it */
	const struct git_repo *repo;
};

struct git_files {
	struct arena arena;
	struct git_file *items; /* directories before what is in them, but those of .git */
	size_t len, cap;
	char commit[41];
	int64_t time;                /* the committer's */
	const struct git_repo *repo; /* the main one */
	struct {
		struct git_repo **items;
		size_t len, cap;
	} repos;
};
MUST_CHECK bool git_files_open(struct git_files **out, const struct git_options *opt,
			       const struct git_location *at, struct err *err);
void git_files_close(struct git_files *f); /* NULL is fine */
static inline void auto_git_files_close(struct git_files **f)
{
	git_files_close(*f);
}

/* The bytes of one. Any thread; the files must live as long. */
MUST_CHECK bool git_file_open(struct source **out, const struct git_file *f, struct err *err);

#endif
