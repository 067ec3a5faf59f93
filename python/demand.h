// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_DEMAND_H
#define PYTHON_DEMAND_H

#include "python/candidates.h"
#include "python/requirement_line.h"

/* Somebody asks for a project: which of its files would do. The rules are pip's. */
struct demand {
	const struct requirement *what;
	const struct requirement_line *line; /* NULL: a wheel asks */
	const struct candidate *by;          /* that wheel; NULL: the user asks */
	const struct demand *because; /* of what asks for that wheel the first; NULL: unknown */
};

/* "foo>=2 (requirements.txt:3)", "foo<3 (needed by bar 1.0 <- baz 2.0 <- requirements.txt:1)" */
void demand_format(struct buf *out, const struct demand *d);
/* "foo>=2" */
void demand_format_short(struct buf *out, const struct demand *d);
/* Put the place of its line into an error, or of the line it comes from; always false. */
bool demand_fail_at(const struct demand *d, struct err *err);
/* Does a Requires-Dist of `ca` count: without an extra, or (`extra` not NULL) only because of that
 * one?
 */
MUST_CHECK bool demand_concerns(bool *out, const struct requirement *what,
				const struct candidate *ca, const struct marker_env *env,
				const char *extra, struct err *err);
/* Two versions of one project ask: never both at once. */
bool demand_excludes(const struct demand *a, const struct demand *b);

/* It asks for one file, wherever that lies, and no other. */
bool demand_names_file(const struct demand *d);
/* It names the file: by its version, or by its place. Pre-releases are as good as others here. */
bool demand_matches(const struct demand *d, const struct candidate *ca);

/*
 * Some files are only taken when a demand that names their like stands beside: pre-releases, when
 * one of a name's specifiers has a pre-release; yanked files, when one says the version exactly
 * (PEP 592). That holds for all who ask for the name then.
 */
enum license { LICENSE_PRERELEASE, LICENSE_YANKED };
enum { LICENSES = LICENSE_YANKED + 1 };
bool license_is_needed(enum license kind, const struct candidate *ca);
bool demand_licenses(const struct demand *d, enum license kind);
/* There is nothing else for the target: then they need no license but beside a specifier. */
bool demand_has_only_prereleases(const struct project *p);

struct demand_rules {
	enum prereleases prereleases; /* the user's, for this name: --pre and the like */
	bool licensed[LICENSES];      /* somebody does who is beside, or may be */
};
/* By index of the project's files: the demand takes it. Whether its hash and metadata agree is not
 * asked. */
void demand_take(bool *taken_out, const struct demand *d, const struct project *p,
		 const struct demand_rules *rules);

/* Why a file is not taken that demand_matches: "is a pre-release". */
const char *license_missing(const struct candidate *ca, struct arena *a);

#endif
