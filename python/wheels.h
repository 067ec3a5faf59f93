// SPDX-License-Identifier: Apache-2.0
#ifndef PYTHON_WHEELS_H
#define PYTHON_WHEELS_H

#include "base/event.h"
#include "layers/entry.h"
#include "layers/zip.h"
#include "python/target.h"

/*
 * From requirement lines to wheels to files. Wheels come from local directories (--find-links); no
 * index yet. Each name's best version that satisfies every requirement on it is taken (pip's rule
 * for pre-releases), Requires-Dist is followed with markers for the target; lines with --hash make
 * hashes necessary for all (pip's rule). No backtracking yet: a conflict is an error that names
 * both sides.
 */
struct wheel {
	char *path; /* of the file */
	char *name; /* normalised (PEP 503) */
	char *version;
	char *filename;
	unsigned char hash[SHA256_SIZE]; /* of the file */
	int64_t size;
	bool requested;  /* named by the user, not only by another wheel */
	char *summary;   /* METADATA Summary; stand-ins say so here */
	struct zip *zip; /* open; entries read from it */
};
struct wheel_list {
	struct wheel *items;
	size_t len, cap;
};
void wheel_list_free(struct wheel_list *l);

struct wheel_request {
	const struct python_target *target;
	const char *const *files; /* requirements files, -r */
	size_t file_count;
	const char *const *requirements; /* single requirements ("numpy>=1.20"), from templates */
	size_t requirement_count;
	const char *const *find_links; /* directories */
	size_t find_links_count;
	bool no_deps;
};
/*
 * Sorted by name. E_NOT_FOUND naming a package that has no file, E_INPUT with file:line:col for a
 * bad line; when files exist but none fits, E_NOT_FOUND lists each file with the reason (tag,
 * Requires-Python, hash, version, source archive). E_INTEGRITY for a wheel that is not what it
 * says.
 */
MUST_CHECK bool wheels_select(struct wheel_list *out, const struct wheel_request *req,
			      struct events *events, struct err *err);

/* Where wheel parts go, as canonical member paths. */
struct wheel_layout {
	const char
		*site; /* "usr/local/lib/python3.11/site-packages", or "python" in a Lambda layer */
	const char *scripts; /* "usr/local/bin"; NULL: scripts and entry points are left out */
	const char *data; /* "usr/local": the .data/data prefix; NULL: under `site` as pip --target
			     does */
	const char *interpreter; /* for shebangs: "/usr/local/bin/python3.11" */
};
/*
 * The files of a wheel (PEP 427 and the binary distribution format): RECORD verified both ways
 * while its files are read at the latest, .data mapped, console_scripts wrappers made, INSTALLER,
 * REQUESTED and RECORD written; .pyc left out. Modes 0644/0755, owner 0:0, 1980-01-01. Entries read
 * from w->zip, so the list must be written before the wheel is freed. Appends to `out`, unsorted.
 */
MUST_CHECK bool wheel_entries(struct entry_list *out, const struct wheel *w,
			      const struct wheel_layout *layout, struct err *err);

/* Two wheels that bring the same path with different bytes: E_INPUT naming both. Equal bytes are
 * merged. Sorts. */
MUST_CHECK bool wheels_merge(struct entry_list *out, const struct wheel_list *wheels,
			     const struct wheel_layout *layout, struct err *err);

#endif
