// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_SIMPLE_PAGE_H
#define PYTHON_SIMPLE_PAGE_H

#include "base/arena.h"
#include "base/hash.h"
#include "net/url.h"

/*
 * What a package index says of one project (packaging.python.org, "Simple repository API"): HTML as
 * of PEP 503 or JSON as of PEP 691, with the additions of PEPs 592 (yanked), 629 (versions), 658
 * and 714 (metadata beside the file), 700 (size and time), 792 (status of the project). A page of
 * --find-links is such a page of several projects.
 */

/* Those that were said, by enum hash_kind; weaker ones are left out. */
struct file_hashes {
	unsigned char values[3][HASH_SIZE_MAX];
	bool known[3];
};
bool file_hashes_any(const struct file_hashes *h);
/* `kind` "sha256" and its digits. False when they are malformed; other kinds are passed over. */
MUST_CHECK bool file_hashes_add(struct file_hashes *h, struct slice kind, struct slice hex);

struct simple_file {
	const char *filename; /* printable ASCII without "/" */
	const char *url;      /* absolute http or https, no fragment; its query may be a signature,
				 so it is shown without (url_shown) */
	struct file_hashes hashes;
	const char *requires_python; /* as written; NULL: not said */
	const char *yanked;          /* NULL: it is not; else the reason, "" when none is given */
	bool has_metadata;           /* url + ".metadata" is the wheel's METADATA */
	struct file_hashes metadata_hashes; /* of that */
	int64_t size;                       /* -1: not said */
	const char *upload_time;            /* "2026-01-31T12:00:00.000000Z"; NULL: not said */
	const char *refused; /* why the page's words on it cannot be taken; NULL: they can */
};

struct simple_page {
	struct simple_file *items; /* in the page's order; their texts are in the arena */
	size_t len, cap;
	const char
		*status; /* "archived", "deprecated", "quarantined": then the index offers nothing
			    of it and `items` is empty; NULL: nothing was said, or "active" */
	const char *status_reason; /* NULL: none */
	const char *newer; /* the version of its format, when rtbuild may not know all of it */
};
void simple_page_free(struct simple_page *p);

#define SIMPLE_ACCEPT                                                                      \
	"application/vnd.pypi.simple.v1+json, application/vnd.pypi.simple.v1+html;q=0.2, " \
	"text/html;q=0.01"

/*
 * `from` is where the page was found, after redirects; `content_type` decides how it is read. What
 * is not a link to a file is passed over, and so is a link that url_follow refuses. E_UNSUPPORTED
 * for a newer major version, E_INPUT for what is no such page, or one of more than
 * LIMIT_SIMPLE_FILES files.
 */
MUST_CHECK bool simple_page_parse(struct simple_page *out, struct arena *a, struct slice text,
				  const char *content_type, const struct url *from,
				  struct err *err);

#endif
