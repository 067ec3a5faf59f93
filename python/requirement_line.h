// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_REQUIREMENT_LINE_H
#define PYTHON_REQUIREMENT_LINE_H

#include "base/hash.h"
#include "python/requirement.h"
#include "python/simple_page.h"

/* One thing asked for, by a line of a file or alone: a requirement, or a wheel by path or URL. */
struct requirement_hash {
	enum hash_kind kind;
	unsigned char value[HASH_SIZE_MAX];
};

/* A wheel that a lock lists. */
struct locked_wheel {
	struct simple_file file; /* no url when there is a path */
	const char *path;        /* NULL: none */
};

struct requirement_line {
	struct requirement requirement; /* a wheel named by its place has the name of its file and
					   no specifiers */
	const char *path;               /* that path; NULL: any file of the name */
	const char *url; /* of a wheel to fetch, http or https, without its fragment; NULL: none */
	bool is_locked;  /* by pylock.toml: only `wheels` do, and nothing is followed from there */
	const struct locked_wheel *wheels;
	size_t wheel_count;
	const char *index;  /* where the lock has them from; NULL: not said */
	bool is_constraint; /* -c: it only counts when something else asks for the name */
	const char *origin; /* "requirements.txt:3", for messages; "" for single requirements */
	struct requirement_hash *hashes; /* --hash: any of them will do */
	size_t hash_count;
	const char *file; /* where it stands; NULL for single requirements */
	int line, column;
	const char *line_text;
};

/*
 * Fill requirement, path or url, and the hashes a URL carries, from `text` (no options). What only
 * a build could satisfy is E_UNSUPPORTED. *at: the offset in `text` where it went wrong.
 */
MUST_CHECK bool requirement_line_parse(struct requirement_line *line, struct arena *a,
				       struct slice text, size_t *at, struct err *err);
/* "sha256" and its digits. E_INPUT for weak or malformed ones. */
MUST_CHECK bool requirement_line_add_hash(struct requirement_line *line, struct arena *a,
					  struct slice kind, struct slice hex, struct err *err);

/* Put the place of a line into an error; a single requirement has none. */
bool requirement_line_fail_at(const struct requirement_line *line, struct err *err);

#endif
