// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_REQUIREMENTS_H
#define PYTHON_REQUIREMENTS_H

#include "base/map.h"
#include "python/requirement_line.h"

/*
 * Requirements files as pip takes them (pip documentation, "Requirements File Format"): comments,
 * continuation lines, ${VARIABLES}, nested -r and -c, --hash, options. Reading decides nothing:
 * what the lines ask for is found by wheels.c.
 */
struct requirements {
	struct requirement_line *items;
	size_t len, cap;
	struct str_list find_links; /* -f, directories as to open; relative ones found beside the
				       file first */
	struct str_list indexes;    /* -i, --extra-index-url, and -f with a URL: not used yet */
	struct str_list notes;      /* what was read but changes nothing, one sentence each */
	bool no_index;
	bool require_hashes;       /* --require-hashes, or any --hash */
	bool prereleases;          /* --pre, --all-releases :all: */
	struct map prereleases_of; /* key -> enum prereleases as pointer: --all-releases,
				      --only-final NAME */
	size_t file_count;         /* read so far */
	struct arena arena;
};
void requirements_free(struct requirements *r);

/*
 * Add a file, and the files it names. E_INPUT with the place for what is malformed, E_UNSUPPORTED
 * for what needs the network or a build (URLs, VCS, -e, source folders and archives, --no-binary),
 * E_NOT_FOUND.
 */
MUST_CHECK bool requirements_read(struct requirements *r, const char *path, struct err *err);
/* Add one requirement as from a command line: no options. */
MUST_CHECK bool requirements_add(struct requirements *r, const char *text, struct err *err);

/* The rule for one name. */
enum prereleases requirements_prereleases(const struct requirements *r, const char *key);

#endif
