// SPDX-License-Identifier: Apache-2.0
#ifndef GIT_REPOSITORY_H
#define GIT_REPOSITORY_H

#include "git/libgit2.h"
#include "git/location.h"
#include "git/options.h"

/*
 * The objects of one commit and all it names, at hand.
 *
 * What comes over the network is kept in a bare mirror in the store, cache/git/HASH, one for each
 * URL, whose refs/rtbuild lists the commits that are whole. Only the wanted commit is fetched, and
 * of it what no other one here has. A commit that is here costs one look-up of its ref, and nothing
 * when it is asked for by its whole id. file:// is read in place.
 */
struct git_repo {
	const struct libgit2 *lib;
	git_repository *raw;
	git_odb *odb;
	char commit[41];
	char tag[41]; /* the annotated tag it was found by; else "" */
	char *branch; /* the full name of the ref; NULL: found by its id */
	int in_use;   /* a lock; -1: none */
	char *listed; /* the file that says that the commit is whole; NULL: none */
};
/*
 * E_NOT_FOUND for refs that are not there, E_INTEGRITY when the commit is not the location's
 * checksum, E_AUTH, E_NETWORK; E_INPUT for file:// that is not allowed.
 */
MUST_CHECK bool git_repo_open(struct git_repo **out, const struct git_options *opt,
			      const struct git_location *at, struct err *err);
void git_repo_close(struct git_repo *r); /* NULL is fine */
static inline void auto_git_repo_close(struct git_repo **r)
{
	git_repo_close(*r);
}
/* An object that should be there is not: ask for the commit again next time. */
void git_repo_distrust(const struct git_repo *r);

#endif
