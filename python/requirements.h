// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_REQUIREMENTS_H
#define PYTHON_REQUIREMENTS_H

#include "base/map.h"
#include "python/requirement_line.h"

/*
 * Requirements files as pip takes them (pip documentation, "Requirements File Format"): comments,
 * continuation lines, ${VARIABLES}, encodings, nested -r and -c (also by http and https), --hash,
 * options. Reading decides nothing: what the lines ask for is found by wheels.c.
 *
 * Other than pip: a line with several options means all of them, where pip silently drops all but
 * the first -r, -c or -f; words that are no options are errors among them, where pip drops them.
 */
struct requirements {
	struct requirement_line *items;
	size_t len, cap;
	struct str_list find_links;    /* -f: directories as to open (relative ones found beside the
					  file first) and URLs of pages */
	const char *index_url;         /* the last -i; NULL: none, then the command line's */
	struct str_list extra_indexes; /* --extra-index-url behind it */
	bool no_index;
	struct str_list trusted_hosts;
	struct str_list notes;     /* what was read but changes nothing, one sentence each */
	bool require_hashes;       /* --require-hashes, or any --hash */
	bool prereleases;          /* --pre, --all-releases :all: */
	struct map prereleases_of; /* key -> enum prereleases as pointer: --all-releases,
				      --only-final NAME */
	struct map no_binary;   /* key or ":all:" -> struct requirement_line * : where it says so */
	struct map only_binary; /* likewise; it only ends what no_binary says */

	/* Reads what http and https name; NULL: that is refused. Set before reading. */
	bool (*fetch)(void *arg, struct buf *out, const char *url, struct err *err);
	void *fetch_arg;

	size_t file_count; /* read so far */
	struct arena arena;
};
void requirements_free(struct requirements *r);

/*
 * Add a file, by path or URL, and the files it names. E_INPUT with the place for what is malformed,
 * E_UNSUPPORTED for what needs a build (VCS, -e, source folders and archives), E_NOT_FOUND, what
 * `fetch` fails with.
 */
MUST_CHECK bool requirements_read(struct requirements *r, const char *path, struct err *err);
/* The same as behind -c. */
MUST_CHECK bool requirements_read_constraints(struct requirements *r, const char *path,
					      struct err *err);
/* Add one requirement as from a command line: no options. */
MUST_CHECK bool requirements_add(struct requirements *r, const char *text, struct err *err);

/* The rule for one name. */
enum prereleases requirements_prereleases(const struct requirements *r, const char *key);

/* --no-binary asks for a build of this project: E_UNSUPPORTED with the place. */
MUST_CHECK bool requirements_check_binary(const struct requirements *r, const char *key,
					  struct err *err);

#endif
